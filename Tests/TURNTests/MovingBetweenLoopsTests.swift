// RFC 8016 between two servers of one process, as two event loops have them.

import NetTypes
import STUN
import Testing

@testable import TURN

struct MovingBetweenLoopsTests {
  /// Where the allocation is made, and where its client is heard next.
  let home = Bench { $0.isMobile = true }
  let away = Bench { $0.isMobile = true }
  private let client = SocketAddress(IPAddress(203, 0, 113, 5), port: 5_000)

  init() { away.turn.hasSiblings = true }

  private func start() throws -> [UInt8] {
    let answer = try home.allocate { $0.add(.mobilityTicket, bytes: []) }
    try #require(try home.bind(0x4000, home.peer).isSuccess)
    return try #require(answer.ticket)
  }

  /// A Refresh that comes to `away`, which asks `home`.
  private func announce(_ ticket: [UInt8], username: String = "ann") throws -> Answer {
    let request = away.request(.refresh, username: username, from: client) {
      $0.add(.mobilityTicket, bytes: ticket)
    }
    try #require(away.receive(request, from: client) == .pending)
    guard case .askLoops(let asked, let move)? = away.done.last else {
      Issue.record("nobody is asked")
      throw CancellationError()
    }
    let answer = home.turn.announce(move, now: home.now, effects: &home.effects)
    home.advance(by: .zero)
    let verdict = away.turn.loopsAnswered(asked, answer, onLoop: 3)
    #expect(verdict == .reply)
    return try Answer(away.turn.reply.bytes)
  }

  /// The move that the last datagram to `away` asked for.
  private func move() throws -> Bool {
    guard case .fetch(let tuple, onLoop: 3)? = away.done.last else { return false }
    guard let moving = home.turn.depart(tuple, now: home.now) else {
      away.turn.notFetched(tuple)
      return false
    }
    let sockets = moving.relays.map { home.openRelays.removeValue(forKey: $0) }
    guard let handles = away.turn.adopt(moving, now: away.now, effects: &away.effects) else {
      away.advance(by: .zero)
      return false
    }
    for (handle, socket) in zip(handles, sockets) { away.openRelays[handle] = socket }
    return true
  }

  @Test func `the first data on another loop brings the allocation there, with all that it has`()
    throws
  {
    let ticket = try start()
    home.receive(home.channelData(0x4000, [1, 2, 3]))
    let answer = try announce(ticket)
    #expect(answer.isSuccess && answer.lifetime == 600 && answer.ticket != ticket)
    // Nothing has moved yet.
    guard case .toPeer = home.receive(home.channelData(0x4000, [1])) else {
      Issue.record("the old 5-tuple is not heard")
      return
    }
    let data = away.channelData(0x4000, [9])
    #expect(away.receive(data, from: client) == .pending)
    #expect(try move())
    guard case .toPeer(let relay, home.peer, _, _, _) = away.receive(data, from: client) else {
      Issue.record("the new 5-tuple is not heard")
      return
    }
    #expect(away.receive([7], fromPeer: home.peer, at: relay).1 == [0x40, 0, 0, 1, 7])
    let record = try #require(away.records.first)
    #expect(record.counters.toPeers.packets == 3 && record.channels == 1)
    #expect(
      home.records.isEmpty && home.receive(home.channelData(0x4000, [1])) == .drop(.noAllocation))
    #expect(home.openRelays.isEmpty && away.openRelays.count == 1)
    #expect(home.turn.tickets.isEmpty && home.turn.arrivals.isEmpty && away.turn.arrivals.isEmpty)
  }

  @Test("coturn 3c5b2615: an allocation that moves to another loop keeps its place in the quota")
  func quota() throws {
    let ticket = try start()
    _ = try announce(ticket)
    away.receive(away.channelData(0x4000, [9]), from: client)
    #expect(try move())
    #expect(home.quota.total == 1)
    #expect(!home.done.contains { if case .ended = $0 { true } else { false } })
    // The quota of a process is one; here each bench has its own, which goes below zero.
    away.advance(by: .seconds(601))
    #expect(away.records.isEmpty && away.openRelays.isEmpty && away.quota.total == -1)
    home.advance(by: .seconds(601))
    #expect(home.quota.total == 1)
  }

  @Test func `where there is no room the allocation ends, and is accounted for`() throws {
    let full = Bench {
      $0.isMobile = true
      $0.limits.allocationsMax = 1
    }
    try full.allocate()
    let ticket = try start()
    let shown = MobilityTicket(ticket.span, 0..<32)
    let move = MoveRequest(
      ticket: try #require(shown), tuple: full.tuple(client),
      username: "ann", transaction: TransactionID(high: 1, low: 1), lifetime: .seconds(600))
    guard case .granted = home.turn.announce(move, now: home.now, effects: &home.effects) else {
      Issue.record("not granted")
      return
    }
    let departed = home.turn.depart(full.tuple(client), now: home.now)
    let handles = full.turn.adopt(
      try #require(departed), now: full.now, effects: &full.effects)
    #expect(handles == nil)
    full.advance(by: .zero)
    #expect(full.done.contains { if case .ended = $0 { true } else { false } })
    #expect(full.quota.total == 0 && full.records.count == 1)
  }

  @Test func `a ticket that no loop knows is a mismatch, and another user's is forbidden`() throws {
    let ticket = try start()
    #expect(try announce(Array(repeating: 0x31, count: 32)).code == 437)
    #expect(try announce(ticket, username: "bob").code == 441)
    #expect(away.turn.arrivals.isEmpty && away.turn.asked.count == 0)
  }

  @Test func `an allocation that ended meanwhile is not found, and the client is told so`() throws {
    let ticket = try start()
    _ = try announce(ticket)
    try #require(try home.ask(.refresh) { $0.add(.lifetime, uint32: 0) }.isSuccess)
    let request = away.request(.createPermission, from: client) {
      $0.add(.xorPeerAddress, address: home.peer)
    }
    #expect(away.receive(request, from: client) == .pending)
    #expect(try !move())
    #expect(try away.ask(request, from: client).code == 437)
  }
}
