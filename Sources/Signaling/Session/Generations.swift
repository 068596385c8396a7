// Which of a session's successive secrets are good.

/// Every resume makes a new secret. The newest one is good; until the client has shown which one it
/// got, by a word or by coming with it, all since the last that it is known to have are good too:
/// answers may have been lost, or a join that it had given up has come in between.
struct Generations: Sendable {
  /// The newest one.
  private(set) var current: UInt32 = 0
  /// The newest one that the client is known to have.
  private var confirmed: UInt32 = 0

  /// Something was received on the newest connection.
  mutating func confirm() { confirmed = current }

  func accepts(_ generation: UInt32) -> Bool {
    (confirmed...current).contains(generation)
  }

  /// The client came with `generation`, and is given the next.
  mutating func renew(from generation: UInt32) {
    confirmed = max(confirmed, generation)
    current += 1
  }

  /// Begins anew: none but the next one is good.
  mutating func restart() {
    current += 1
    confirmed = current
  }
}
