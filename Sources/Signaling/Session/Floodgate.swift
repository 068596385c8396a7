// How much one client may send.

internal import NetTypes

/// The allowances of one client, by the kinds of messages that are counted apart.
struct Floodgate: Sendable {
  private var candidate: TokenBucket
  private var description: TokenBucket
  private var message: TokenBucket
  private var other: TokenBucket
  /// Messages refused, less those allowed since.
  private(set) var refused = 0

  /// Full ones, but for the `join` that came `now`.
  init(rates: ClientRates, now: Instant) {
    candidate = TokenBucket(now: now)
    description = candidate
    message = candidate
    other = candidate
    _ = other.take(at: rates.other, now: now)
  }

  /// Takes an allowance for a message.
  mutating func take(
    _ kind: ClientMessage.Kind, rates: ClientRates, now: Instant
  ) -> TokenBucket.Verdict {
    let verdict =
      switch kind {
      case .candidate, .endOfCandidates: candidate.take(at: rates.candidate, now: now)
      case .offer, .answer: description.take(at: rates.description, now: now)
      case .message: message.take(at: rates.message, now: now)
      default: other.take(at: rates.other, now: now)
      }
    // Were it set to zero by each message that is allowed, nobody below 50,000 a second would ever
    // be a flooder: 50 a second are allowed to everybody.
    refused = verdict == .allowed ? max(0, refused - 1) : refused + 1
    return verdict
  }
}
