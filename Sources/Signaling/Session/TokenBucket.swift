// How many messages a connection may send.

internal import NetTypes

/// A token bucket in whole nanoseconds, kept as the instant at which it would be full again.
struct TokenBucket: Sendable {
  enum Verdict: Equatable {
    case allowed
    /// Milliseconds until a token is there, at least 1.
    case limited(retryAfterMs: Int64)
  }

  private let nanosecondsPerToken: Int64
  private let toleranceNs: Int64
  private var fullAtNs: Int64

  /// A full one.
  init(_ rate: Rate, now: Instant) {
    precondition((1...1_000_000_000).contains(rate.perSecond) && rate.burst >= 1)
    nanosecondsPerToken = 1_000_000_000 / Int64(rate.perSecond)
    toleranceNs = nanosecondsPerToken * Int64(rate.burst - 1)
    fullAtNs = now.nanoseconds
  }

  /// Takes one token if there is one.
  mutating func take(now: Instant) -> Verdict {
    let fullAt = max(fullAtNs, now.nanoseconds)
    let missingNs = fullAt - now.nanoseconds - toleranceNs
    guard missingNs <= 0 else {
      return .limited(retryAfterMs: (missingNs + 999_999) / 1_000_000)
    }
    fullAtNs = fullAt + nanosecondsPerToken
    return .allowed
  }
}
