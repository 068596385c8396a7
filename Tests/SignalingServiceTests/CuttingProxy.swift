// A proxy that breaks the connections it carries: at a byte, by a reset, an end, or silence.

import NetTypes
import SignalingTesting

/// Stands between clients and a server on loopback. It has no thread: `step` moves what there is.
final class CuttingProxy {
  /// How a connection goes on when as many bytes went through it as it was given.
  enum Fault: CaseIterable {
    /// Both sides see a reset.
    case reset
    /// Both sides see an end.
    case end
    /// Nothing more goes this way, and nobody is told.
    case silence
    /// Nothing goes this way for a while, then all of it.
    case pause
  }

  private struct Lane {
    var waiting: [UInt8] = []
    /// Bytes that go through before the fault.
    var allowance = Int.max
    var fault = Fault.end
    var pausedUntil = Instant.zero
    var isSilent = false
  }

  private final class Pair {
    let client: LoopbackSocket
    let server: LoopbackSocket
    var up = Lane()
    var down = Lane()

    init(_ client: LoopbackSocket, _ server: LoopbackSocket) {
      (self.client, self.server) = (client, server)
    }
  }

  private static let buffered = 65_536

  let port: UInt16
  /// Where connections lead; nil while there is no server, when they are reset.
  var target: UInt16?
  /// Whether new connections are given faults.
  var isCutting = true
  private(set) var faults: [Fault: Int] = [:]
  private let listener: LoopbackSocket
  private var pairs: [Pair] = []
  private var random: SeededRandom

  init(to target: UInt16, seed: UInt64) throws {
    (listener, port) = try LoopbackSocket.listening()
    self.target = target
    random = SeededRandom(seed: seed)
  }

  /// What may have something to read.
  var sockets: [LoopbackSocket] {
    pairs.reduce(into: [listener]) { sockets, pair in
      if pair.up.waiting.count < Self.buffered { sockets.append(pair.client) }
      if pair.down.waiting.count < Self.buffered { sockets.append(pair.server) }
    }
  }

  func step(now: Instant) {
    while let client = listener.accepted() { take(client) }
    pairs.removeAll { pair in
      let goesOn =
        carry(pair.client, pair.server, &pair.up, now)
        && carry(pair.server, pair.client, &pair.down, now)
      if !goesOn {
        // A side that closed is told nothing; the other sees how the fault has it.
        let byReset = pair.up.fault == .reset || pair.down.fault == .reset
        pair.client.end(byReset: byReset)
        pair.server.end(byReset: byReset)
      }
      return !goesOn
    }
  }

  private func take(_ client: LoopbackSocket) {
    guard let target, let server = try? LoopbackSocket.connected(to: target) else {
      return client.end(byReset: true)
    }
    let pair = Pair(client, server)
    if isCutting {
      if random.chance(60) { bound(&pair.up) }
      if random.chance(60) { bound(&pair.down) }
    }
    pairs.append(pair)
  }

  private func bound(_ lane: inout Lane) {
    lane.allowance = random.below(random.chance(50) ? 1_500 : 8_000)
    lane.fault = Fault.allCases[random.below(4)]
  }

  /// Moves bytes one way; false when the connection has come to its end.
  private func carry(
    _ source: LoopbackSocket, _ target: LoopbackSocket, _ lane: inout Lane, _ now: Instant
  ) -> Bool {
    var hasEnded = false
    reading: while lane.waiting.count < Self.buffered {
      switch source.read(atMost: Self.buffered) {
      case .bytes(let bytes): lane.waiting += bytes
      case .nothingYet: break reading
      case .end:
        hasEnded = true
        break reading
      }
    }
    if lane.isSilent {
      lane.waiting.removeAll()
      return !hasEnded
    }
    if lane.pausedUntil > now { return true }
    let count = min(lane.waiting.count, lane.allowance)
    guard let written = target.write(lane.waiting.prefix(count)) else { return false }
    lane.waiting.removeFirst(written)
    lane.allowance -= lane.allowance < .max ? written : 0
    if lane.allowance == 0 && !lane.waiting.isEmpty { return breaks(&lane, now) }
    return !(hasEnded && lane.waiting.isEmpty)
  }

  /// False when the fault ends the connection.
  private func breaks(_ lane: inout Lane, _ now: Instant) -> Bool {
    faults[lane.fault, default: 0] += 1
    lane.allowance = .max
    switch lane.fault {
    case .reset, .end: return false
    case .silence: lane.isSilent = true
    case .pause: lane.pausedUntil = now + .milliseconds(random.within(50...900))
    }
    return true
  }
}
