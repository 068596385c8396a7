// How often something may happen.

internal import NetTypes

/// A token bucket in whole nanoseconds, kept as the instant at which it would be full again. The
/// rate is the caller's, so that thousands of buckets of one rate are small.
struct TokenBucket: Sendable {
  enum Verdict: Equatable {
    case allowed
    /// Milliseconds until the tokens are there, at least 1.
    case limited(retryAfterMs: Int64)
  }

  private var fullAtNs: Int64

  /// A full one.
  init(now: Instant) { fullAtNs = now.nanoseconds }

  /// Takes `count` tokens if they are there; more than a full bucket has count as a full bucket.
  mutating func take(_ count: Int = 1, at rate: Rate, now: Instant) -> Verdict {
    let nanosecondsPerToken = 1_000_000_000 / Int64(rate.perSecond)
    let costNs = nanosecondsPerToken * Int64(min(count, rate.burst))
    let fullAt = max(fullAtNs, now.nanoseconds) + costNs
    let missingNs = fullAt - now.nanoseconds - nanosecondsPerToken * Int64(rate.burst)
    guard missingNs <= 0 else {
      return .limited(retryAfterMs: (missingNs + 999_999) / 1_000_000)
    }
    fullAtNs = fullAt
    return .allowed
  }
}
