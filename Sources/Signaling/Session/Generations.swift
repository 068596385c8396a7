// Which of a session's successive secrets are good.

/// Every resume makes a new secret. The newest one is good; until the client has shown by a word
/// that it got it, the one that it came with is good too, because the answer may have been lost.
struct Generations: Sendable {
  /// The newest one.
  private(set) var current: UInt32 = 0
  /// The newest one that the client is known to have.
  private var confirmed: UInt32 = 0

  /// Something was received on the newest connection.
  mutating func confirm() { confirmed = current }

  func accepts(_ generation: UInt32) -> Bool {
    generation == current || generation == confirmed
  }

  /// The client came with `generation`, and is given the next.
  mutating func renew(from generation: UInt32) {
    confirmed = generation
    current += 1
  }

  /// Begins anew: none but the next one is good.
  mutating func restart() {
    current += 1
    confirmed = current
  }
}
