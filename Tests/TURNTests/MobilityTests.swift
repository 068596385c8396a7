// RFC 8016: an allocation goes along when its client gets another address.

import NetTypes
import STUN
import Testing

@testable import TURN

struct MobilityTests {
  let bench = Bench { $0.isMobile = true }
  /// Where the client is next, and after that.
  private let second = SocketAddress(IPAddress(203, 0, 113, 5), port: 5_000)
  private let third = SocketAddress(IPAddress(203, 0, 113, 6), port: 6_000)

  /// Allocates with mobility, a permission and a channel, and gives the ticket.
  private func start() throws -> [UInt8] {
    let answer = try bench.allocate { $0.add(.mobilityTicket, bytes: []) }
    try #require(answer.isSuccess)
    try #require(try bench.bind(0x4000, bench.peer).isSuccess)
    return try #require(answer.ticket)
  }

  private func announce(
    _ ticket: [UInt8], from client: SocketAddress, username: String = "ann",
    id: TransactionID? = nil, lifetime: UInt32 = 600
  ) throws -> Answer {
    try bench.ask(.refresh, username: username, from: client, id: id) {
      $0.add(.lifetime, uint32: lifetime)
      $0.add(.mobilityTicket, bytes: ticket)
    }
  }

  /// Whether data of the client at `client` goes to the peer.
  private func isHeard(_ client: SocketAddress) -> Bool {
    if case .toPeer = bench.receive(bench.channelData(0x4000, [1]), from: client) {
      true
    } else {
      false
    }
  }

  /// Where data of the peer goes.
  private func reached() throws -> SocketAddress? {
    let relay = try bench.lastRelay()
    let (verdict, _) = bench.receive([7], fromPeer: bench.peer, at: relay)
    guard case .toClient(_, let tuple, _, _) = verdict else { return nil }
    return tuple.client
  }

  // MARK: Tickets

  @Test func `a client that asks for mobility gets a ticket, the same when it asks again`() throws {
    let id = TransactionID(high: 5, low: 6)
    let first = try bench.allocate(id: id) { $0.add(.mobilityTicket, bytes: []) }
    let again = try bench.allocate(id: id) { $0.add(.mobilityTicket, bytes: []) }
    #expect(first.ticket?.count == 32 && again.ticket == first.ticket)
    let other = try bench.allocate(from: second)
    #expect(other.isSuccess && other.ticket == nil)
  }

  @Test func `a ticket in an Allocate must be empty, and with mobility off it is forbidden`() throws
  {
    #expect(try bench.allocate { $0.add(.mobilityTicket, bytes: [1]) }.code == 400)
    let off = Bench()
    #expect(try off.allocate { $0.add(.mobilityTicket, bytes: []) }.code == 405)
    try off.allocate()
    let refresh = try off.ask(.refresh, from: second) { $0.add(.mobilityTicket, bytes: [1]) }
    #expect(refresh.code == 405)
    #expect(off.quota.total == 1 && bench.quota.total == 0)
  }

  @Test func `a ticket is printable, because clients keep it as a text`() throws {
    let ticket = try #require(
      try bench.allocate { $0.add(.mobilityTicket, bytes: []) }.ticket)
    #expect(ticket.allSatisfy { Array("0123456789abcdef".utf8).contains($0) })
    let read = MobilityTicket(ticket.span, 0..<32)
    #expect(read?.bytes == ticket)
    var wrong = ticket
    wrong[31] = UInt8(ascii: "g")
    let none = MobilityTicket(wrong.span, 0..<32)
    #expect(none == nil)
  }

  @Test("Trap 39: a ticket has 128 random bits, is good once, and for its user only")
  func tokens() throws {
    let ticket = try start()
    let other = try bench.allocate(from: third) { $0.add(.mobilityTicket, bytes: []) }
    #expect(other.ticket != ticket)
    let next = try #require(try announce(ticket, from: second).ticket)
    #expect(isHeard(second))
    #expect(next != ticket && next.count == 32)
    let fourth = SocketAddress(IPAddress(203, 0, 113, 7), port: 1)
    #expect(try announce(ticket, from: fourth).code == 437)
    #expect(try announce(next, from: fourth, username: "bob").code == 441)
    #expect(try announce(next, from: fourth).isSuccess)
  }

  @Test("Trap 39: a RESERVATION-TOKEN has 64 random bits, is good once, and for its user only")
  func reservationTokens() throws {
    let token = try #require(try bench.allocate { $0.add(.evenPort, bytes: [0x80]) }.token)
    let another = try #require(
      try bench.allocate(from: third) { $0.add(.evenPort, bytes: [0x80]) }.token)
    #expect(token.count == 8 && zip(token, another).count { $0 != $1 } > 4)
    let stolen = try bench.allocate(username: "bob", from: second) {
      $0.add(.reservationToken, bytes: token)
    }
    #expect(stolen.code == 508)
    #expect(
      try bench.allocate(from: second) { $0.add(.reservationToken, bytes: token) }.isSuccess)
    let fourth = SocketAddress(IPAddress(203, 0, 113, 7), port: 1)
    #expect(
      try bench.allocate(from: fourth) { $0.add(.reservationToken, bytes: token) }.code == 508)
  }

  @Test("Trap 9: who shows a ticket must be the user who made the allocation")
  func owner() throws {
    let ticket = try start()
    #expect(try announce(ticket, from: second, username: "bob").code == 441)
    #expect(!isHeard(second) && isHeard(bench.client))
    #expect(try announce(Array(repeating: 0x39, count: 32), from: second).code == 437)
    #expect(try announce([1, 2, 3], from: second).code == 437)
    #expect(try announce([], from: second).code == 400)
  }

  @Test func `a ticket from the 5-tuple of the allocation itself is a bad request`() throws {
    let ticket = try start()
    #expect(try announce(ticket, from: bench.client).code == 400)
  }

  // MARK: Moving

  @Test func `until the client is heard from its new address, the old one works both ways`() throws
  {
    let ticket = try start()
    #expect(try announce(ticket, from: second).lifetime == 600)
    #expect(isHeard(bench.client))
    #expect(try reached() == bench.client)
    #expect(try bench.ask(.refresh).isSuccess)
    #expect(isHeard(second))
    #expect(try reached() == second)
    #expect(!isHeard(bench.client))
    #expect(try bench.ask(.refresh).code == 437)
    #expect(bench.records.map(\.fiveTuple.client) == [second])
    #expect(bench.records.map(\.permissions) == [1] && bench.records.map(\.channels) == [1])
    #expect(bench.quota.total == 1 && bench.openRelays.count == 1)
  }

  @Test func `a request from the new address moves the allocation as data does`() throws {
    let ticket = try start()
    _ = try announce(ticket, from: second)
    let peer = bench.peer
    let permitted = try bench.ask(.createPermission, from: second) {
      $0.add(.xorPeerAddress, address: peer)
    }
    #expect(permitted.isSuccess)
    #expect(try reached() == second)
  }

  @Test func `a stranger's request from the new address moves nothing`() throws {
    let ticket = try start()
    _ = try announce(ticket, from: second)
    bench.receive(bench.request(.refresh, password: "guessed", from: second), from: second)
    bench.receive(bench.request(.refresh, username: nil, from: second), from: second)
    #expect(try reached() == bench.client)
  }

  @Test func `a Refresh that is sent again gets the same answer and moves nothing`() throws {
    let ticket = try start()
    let id = TransactionID(high: 1, low: 2)
    let first = try announce(ticket, from: second, id: id)
    let again = try announce(ticket, from: second, id: id)
    #expect(first.ticket != nil && again.ticket == first.ticket)
    #expect(try reached() == bench.client)
  }

  @Test func `when the answer is lost, the old ticket is still good, from wherever`() throws {
    let ticket = try start()
    _ = try announce(ticket, from: second)
    let next = try announce(ticket, from: third).ticket
    #expect(!isHeard(second))
    #expect(isHeard(third))
    #expect(try reached() == third)
    #expect(try announce(try #require(next), from: second).isSuccess)
  }

  @Test func `who moves again before a word takes the new ticket along, and the old one is void`()
    throws
  {
    let ticket = try start()
    let next = try #require(try announce(ticket, from: second).ticket)
    let last = try #require(try announce(next, from: third).ticket)
    #expect(try announce(ticket, from: second).code == 437)
    #expect(isHeard(third) && !isHeard(bench.client))
    #expect(Set([ticket, next, last]).count == 3)
    #expect(bench.turn.tickets.count == 1 && bench.turn.arrivals.isEmpty)
  }

  @Test func `a client that is not heard for a minute has to announce itself again`() throws {
    let ticket = try start()
    let next = try #require(try announce(ticket, from: second).ticket)
    bench.advance(by: .seconds(61))
    #expect(!isHeard(second))
    #expect(isHeard(bench.client))
    #expect(try announce(next, from: second).isSuccess)
    #expect(isHeard(second))
  }

  @Test func `an address that has an allocation cannot take another`() throws {
    let ticket = try start()
    try bench.allocate(from: second)
    #expect(try announce(ticket, from: second).code == 400)
    #expect(bench.records.count == 2)
  }

  @Test func `a ticket ends its allocation too`() throws {
    let ticket = try start()
    let answer = try announce(ticket, from: second, lifetime: 0)
    #expect(answer.isSuccess && answer.lifetime == 0 && answer.ticket == nil)
    #expect(bench.records.isEmpty && bench.quota.total == 0 && bench.openRelays.isEmpty)
    #expect(bench.turn.tickets.isEmpty)
  }

  @Test func `credentials whose time is over still bring the allocation along`() throws {
    let name = "\(Bench.unixStart + 60):ann"
    let password = RESTCredential.password(username: name, secret: Array(Bench.secret.utf8))
    let ticket = try #require(
      try bench.allocate(username: name, password: password) {
        $0.add(.mobilityTicket, bytes: [])
      }.ticket)
    bench.advance(by: .seconds(120))
    let answer = try bench.ask(.refresh, username: name, password: password, from: second) {
      $0.add(.mobilityTicket, bytes: ticket)
    }
    #expect(answer.isSuccess)
    let peer = bench.peer
    let permitted = try bench.ask(
      .createPermission, username: name, password: password, from: second
    ) { $0.add(.xorPeerAddress, address: peer) }
    #expect(permitted.isSuccess)
  }

  // MARK: Bounds

  @Test("coturn a97f1924: one move is under way for each allocation, however many are announced")
  func pendingMovesAreBounded() throws {
    let ticket = try start()
    for number in 0..<1_000 {
      let client = SocketAddress(IPAddress(203, 0, 113, 9), port: UInt16(1_000 + number))
      #expect(try announce(ticket, from: client).isSuccess)
    }
    #expect(bench.turn.arrivals.count == 1 && bench.turn.tickets.count == 2)
    #expect(bench.quota.total == 1 && bench.openRelays.count == 1)
    #expect(isHeard(SocketAddress(IPAddress(203, 0, 113, 9), port: 1_999)))
  }

  @Test("coturn a97f1924: questions to other loops are bounded, and over that the answer is 508")
  func questionsAreBounded() throws {
    bench.turn.hasSiblings = true
    for number in 0..<TURNLimits.askedMovesMax + 1 {
      let client = SocketAddress(IPAddress(203, 0, 113, 9), port: UInt16(1_000 + number))
      let request = bench.request(.refresh, from: client) {
        $0.add(.mobilityTicket, bytes: Array(repeating: 0x31, count: 32))
      }
      let verdict = bench.receive(request, from: client)
      #expect(verdict == (number < TURNLimits.askedMovesMax ? .pending : .reply))
    }
    #expect(try Answer(bench.turn.reply.bytes).code == 508)
  }

  @Test("coturn 3c5b2615: the quota is held through every move, and released once at the end")
  func quotaThroughMoves() throws {
    var ticket = try start()
    for number in 0..<20 {
      let client = SocketAddress(IPAddress(203, 0, 113, 9), port: UInt16(1_000 + number))
      ticket = try #require(try announce(ticket, from: client).ticket)
      #expect(bench.quota.total == 1)
      #expect(isHeard(client))
      #expect(bench.quota.total == 1 && bench.records.count == 1)
    }
    bench.advance(by: .seconds(601))
    #expect(bench.quota.total == 0 && bench.records.isEmpty)
    #expect(bench.turn.tickets.isEmpty && bench.turn.arrivals.isEmpty)
  }

  @Test func `what was announced on a connection ends with it, for its addresses may be another's`()
    throws
  {
    let ticket = try start()
    try #require(try announce(ticket, from: second).isSuccess)
    bench.turn.disconnected(bench.tuple(second), now: bench.now, effects: &bench.effects)
    #expect(!isHeard(second) && isHeard(bench.client))
    #expect(try announce(ticket, from: third).isSuccess && isHeard(third))
  }
}

struct DisconnectionTests {
  private func disconnect(_ bench: Bench) {
    bench.turn.disconnected(bench.tuple(), now: bench.now, effects: &bench.effects)
    bench.advance(by: .zero)
  }

  @Test("Trap 37: the end of a connection ends its allocation, and the quota is released once")
  func disconnectionEnds() throws {
    let bench = Bench()
    try bench.allocate()
    disconnect(bench)
    #expect(bench.records.isEmpty && bench.quota.total == 0 && bench.openRelays.isEmpty)
    disconnect(bench)
    bench.advance(by: .seconds(700))
    #expect(bench.quota.total == 0)
    #expect(bench.done.count { if case .ended = $0 { true } else { false } } == 1)
  }

  @Test("Trap 37: with a ticket the allocation outlives its connection, and so does the quota")
  func mobileOutlives() throws {
    let bench = Bench { $0.isMobile = true }
    let ticket = try #require(
      try bench.allocate { $0.add(.mobilityTicket, bytes: []) }.ticket)
    try #require(try bench.permit(bench.peer).isSuccess)
    disconnect(bench)
    #expect(bench.records.count == 1 && bench.quota.total == 1)
    // Nobody is there: not even a new connection with the same addresses.
    let relay = try bench.lastRelay()
    #expect(bench.receive([1], fromPeer: bench.peer, at: relay).0 == .drop(.clientAway))
    #expect(bench.receive(bench.sendIndication([1], to: bench.peer)) == .drop(.noAllocation))
    #expect(try bench.ask(.refresh).code == 437)
    let second = SocketAddress(IPAddress(203, 0, 113, 5), port: 5_000)
    let answer = try bench.ask(.refresh, from: second) { $0.add(.mobilityTicket, bytes: ticket) }
    #expect(answer.isSuccess)
    bench.receive(bench.sendIndication([1], to: bench.peer), from: second)
    guard case .toClient = bench.receive([1], fromPeer: bench.peer, at: relay).0 else {
      Issue.record("the client is not reached")
      return
    }
    bench.advance(by: .seconds(601))
    #expect(bench.records.isEmpty && bench.quota.total == 0 && bench.openRelays.isEmpty)
  }

  @Test("Trap 37: an allocation that nobody comes back for ends in time")
  func mobileEndsInTime() throws {
    let bench = Bench { $0.isMobile = true }
    try bench.allocate { $0.add(.mobilityTicket, bytes: []) }
    disconnect(bench)
    bench.advance(by: .seconds(601))
    #expect(bench.records.isEmpty && bench.quota.total == 0 && bench.openRelays.isEmpty)
    #expect(bench.turn.tickets.isEmpty)
  }
}
