// Whose turn it is, so that the peers of each room send at all times of a round.

/// In each round every peer sends once. Were it room by room, then those of one room would always
/// send at the same few moments, and what happens at the same rate as the rounds would meet one
/// room at every time and the others never.
struct SendOrder: Sendable {
  let peers: Int
  /// Has no divisor in common with `peers`, so that each has its turn.
  private let step: Int
  /// Times ``step`` it is 1, modulo ``peers``.
  private let inverse: Int

  /// - Parameter peers: of all rooms, at least 1.
  init(peers: Int) {
    precondition(peers > 0)
    self.peers = peers
    // By the golden ratio the turns of neighbours are far apart, whatever the sizes of rooms.
    let first = max(1, peers * 618 / 1_000)
    let step = (first...).first { Self.greatestCommonDivisor($0, peers) == 1 } ?? 1
    self.step = step
    inverse = (0..<peers).first { $0 * step % peers == 1 % peers } ?? 0
  }

  /// - Parameter turn: 0 or more; a round has as many as there are peers.
  func peer(at turn: Int) -> Int { turn % peers * inverse % peers }

  /// Its place in each round.
  func turn(of peer: Int) -> Int { peer * step % peers }

  private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a
  }
}
