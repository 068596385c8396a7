// RFC 6062: allocations of TCP, connections to and from peers, and clients that join them.

import NetTypes
import STUN
import Testing

@testable import TURN

struct ConnectionTests {
  let bench: Bench
  /// Where the client's data connections come from.
  let data = SocketAddress(IPAddress(198, 51, 100, 7), port: 4_001)

  init() {
    bench = Bench()
    bench.transport = .tcp
  }

  private func allocate(_ bench: Bench, _ body: (inout MessageBuilder) -> Void = { _ in }) throws
    -> Answer
  {
    try bench.ask(.allocate) {
      $0.add(.requestedTransport, uint32: 6 << 24)
      body(&$0)
    }
  }

  /// A Connect that goes out; what it is answered comes with the connection.
  private func connect(_ bench: Bench, _ peer: SocketAddress) throws -> SlabHandle {
    let request = bench.request(.connect) { $0.add(.xorPeerAddress, address: peer) }
    try #require(bench.receive(request) == .pending)
    return try #require(bench.connections.last)
  }

  private func refused(_ bench: Bench, _ peer: SocketAddress) throws -> Int? {
    try bench.ask(.connect) { $0.add(.xorPeerAddress, address: peer) }.code
  }

  private func lastSent(_ bench: Bench) throws -> Answer {
    while !bench.effects.isEmpty { bench.advance(by: .zero) }
    return try Answer(try #require(bench.sent.last).1)
  }

  private func connected(_ bench: Bench, _ peer: SocketAddress) throws -> UInt32 {
    let connection = try connect(bench, peer)
    bench.turn.peerConnected(connection, ok: true, now: bench.now, effects: &bench.effects)
    let answer = try lastSent(bench)
    try #require(answer.isSuccess && answer.isSigned(by: Bench.key))
    return try #require(answer.connectionID)
  }

  private func bindRequest(
    _ bench: Bench, _ id: UInt32, from client: SocketAddress? = nil, as name: String? = "ann"
  ) -> [UInt8] {
    bench.request(.connectionBind, username: name, from: client ?? data) {
      $0.add(.connectionID, uint32: id)
    }
  }

  // MARK: Allocate

  @Test(
    "Trap 12: TCP relaying is for clients that came by TCP or TLS, others get 400",
    arguments: [Transport.udp, .dtls, .tcp, .tls])
  func transports(transport: Transport) throws {
    bench.transport = transport
    let answer = try allocate(bench)
    if transport.isStream {
      #expect(answer.isSuccess)
      let relay = try #require(answer.relay)
      guard case .listenRelay(_, relay)? = bench.done.first else {
        Issue.record("no listening socket")
        return
      }
    } else {
      #expect(answer.code == 400)
    }
  }

  @Test func `what makes sense for datagrams only is refused with TCP`() throws {
    #expect(try allocate(bench) { $0.add(.evenPort, bytes: [0]) }.code == 400)
    #expect(try allocate(bench) { $0.add(.dontFragment, bytes: []) }.code == 400)
    let token = [UInt8](repeating: 1, count: 8)
    #expect(try allocate(bench) { $0.add(.reservationToken, bytes: token) }.code == 400)
    let without = Bench { $0.relaysTCP = false }
    without.transport = .tcp
    #expect(try allocate(without).code == 442)
    #expect(bench.quota.total == 0 && bench.openRelays.isEmpty)
  }

  @Test func `an allocation of TCP has no channels and no indications, one of UDP no connections`()
    throws
  {
    try #require(try allocate(bench).isSuccess)
    #expect(try bench.bind(0x4000, bench.peer).code == 400)
    #expect(try bench.permit(bench.peer).isSuccess)
    #expect(bench.receive(bench.sendIndication([1], to: bench.peer)) == .drop(.badIndication))
    let other = Bench()
    other.transport = .tcp
    try #require(try other.allocate().isSuccess)
    #expect(try refused(other, other.peer) == 400)
  }

  // MARK: Connect

  @Test("Trap 32: a connection gets an id, and the stream that binds it carries its bytes")
  func joined() throws {
    try #require(try allocate(bench).isSuccess)
    let connection = try connect(bench, bench.peer)
    guard case .connect(connection, _, let from, bench.peer)? = bench.done.last else {
      Issue.record("not connected")
      return
    }
    #expect(bench.openRelays.values.contains(from))
    #expect(bench.sent.isEmpty, "answered before it is there")
    bench.turn.peerConnected(connection, ok: true, now: bench.now, effects: &bench.effects)
    let answer = try lastSent(bench)
    #expect(bench.sent.last?.0 == bench.tuple())
    let id = try #require(answer.connectionID)
    #expect(bench.receive(bindRequest(bench, id), from: data) == .bindStream(connection))
    let success = try Answer(bench.turn.reply.bytes)
    #expect(success.isSuccess && success.isSigned(by: Bench.key))
    // Once only.
    #expect(try bench.ask(bindRequest(bench, id), from: data).code == 400)
    #expect(bench.passes(100, .fromClient, on: connection))
    #expect(bench.passes(30, .toClient, on: connection))
    let counters = try #require(bench.records.first).counters
    #expect(counters.fromClient == counters.toPeers && counters.toPeers.bytes == 100)
    #expect(counters.fromPeers == counters.toClient && counters.toClient.bytes == 30)
    // Without a limit of time, as long as the allocation lives.
    bench.advance(by: .seconds(500))
    #expect(bench.passes(1, .toClient, on: connection))
    bench.turn.connectionEnded(connection)
    #expect(!bench.passes(1, .toClient, on: connection))
  }

  @Test("Trap 19: 446 is for a peer that has a connection, 447 for one that cannot be reached")
  func codes() throws {
    try #require(try allocate(bench).isSuccess)
    let connection = try connect(bench, bench.peer)
    #expect(try refused(bench, bench.peer) == 446)
    bench.turn.peerConnected(connection, ok: false, now: bench.now, effects: &bench.effects)
    #expect(try lastSent(bench).code == 447)
    #expect(bench.connections.isEmpty)
    _ = try connected(bench, bench.peer)
    #expect(try refused(bench, bench.peer) == 446)
    let slow = SocketAddress(IPAddress(9, 9, 9, 9), port: 1)
    _ = try connect(bench, slow)
    bench.advance(by: .seconds(31))
    #expect(try lastSent(bench).code == 447)
    #expect(bench.connections.isEmpty)
  }

  @Test("pion #570: the peer filter decides about connections in both directions")
  func filter() throws {
    try #require(try allocate(bench).isSuccess)
    #expect(try refused(bench, SocketAddress(.loopbackV4, port: 22)) == 403)
    #expect(try refused(bench, bench.server) == 403)
    #expect(try refused(bench, SocketAddress(IPAddress(169, 254, 169, 254), port: 80)) == 403)
    let mapped = try #require(SocketAddress("[::ffff:127.0.0.1]:22"))
    #expect(try refused(bench, mapped) == 443)
    #expect(try bench.ask(.connect).code == 400)
    let relay = try bench.lastListener()
    #expect(bench.accept(bench.peer, at: relay) == nil)
    #expect(bench.drops(.noPermission) == 1)
    try #require(try bench.permit(bench.peer).isSuccess)
    #expect(bench.accept(bench.peer, at: relay) != nil)
    bench.turn.revokePermissions(
      refusedBy: PeerFilter(deny: [try #require(CIDR("8.8.8.8"))]))
    bench.advance(by: .milliseconds(500))
    #expect(bench.accept(bench.peer, at: relay) == nil)
    #expect(bench.done.contains { if case .closeConnection = $0 { true } else { false } })
  }

  @Test("pion 2026-01: Connect and ConnectionBind are authenticated, by the allocation's user")
  func authenticated() throws {
    try #require(try allocate(bench).isSuccess)
    let unsigned = bench.request(.connect, username: nil) {
      $0.add(.xorPeerAddress, address: bench.peer)
    }
    #expect(try bench.ask(unsigned).code == 401)
    #expect(
      try bench.ask(.connect, username: "bob") { $0.add(.xorPeerAddress, address: bench.peer) }
        .code == 441)
    let id = try connected(bench, bench.peer)
    #expect(try bench.ask(bindRequest(bench, id, as: nil), from: data).code == 401)
    #expect(try bench.ask(bindRequest(bench, id, as: "bob"), from: data).code == 441)
    guard case .bindStream = bench.receive(bindRequest(bench, id), from: data) else {
      Issue.record("not bound")
      return
    }
  }

  @Test("Trap 32: what nobody binds within thirty seconds is closed")
  func unbound() throws {
    try #require(try allocate(bench).isSuccess)
    let id = try connected(bench, bench.peer)
    bench.advance(by: .seconds(29))
    #expect(bench.connections.count == 1)
    bench.advance(by: .seconds(2))
    #expect(bench.connections.isEmpty)
    #expect(try bench.ask(bindRequest(bench, id), from: data).code == 400)
  }

  @Test func `a stream with an allocation binds nothing, nor does one without an id`() throws {
    try #require(try allocate(bench).isSuccess)
    let id = try connected(bench, bench.peer)
    #expect(try bench.ask(bindRequest(bench, id, from: bench.client)).code == 400)
    #expect(try bench.ask(.connectionBind, from: data).code == 400)
    #expect(try bench.ask(bindRequest(bench, id ^ 0x100), from: data).code == 400)
    bench.transport = .udp
    #expect(try bench.ask(bindRequest(bench, id), from: data).code == 400)
  }

  @Test func `an id names the loop that has the connection, and the stream moves there`() throws {
    let second = Bench(loop: LoopPlace(index: 1, count: 2))
    second.transport = .tcp
    try #require(try allocate(second).isSuccess)
    let id = try connected(second, second.peer)
    #expect(id & 0xff == 1)
    let first = Bench(loop: LoopPlace(index: 0, count: 2))
    first.transport = .tcp
    // Only for who has proved who he is.
    #expect(try first.ask(bindRequest(first, id, as: nil), from: data).code == 401)
    #expect(first.receive(bindRequest(first, id), from: data) == .moveStream(loop: 1))
    #expect(try first.ask(bindRequest(first, id | 0x7f), from: data).code == 400)
    guard case .bindStream = second.receive(bindRequest(second, id), from: data) else {
      Issue.record("not bound")
      return
    }
  }

  // MARK: From peers

  @Test("Trap 32: a peer that connects is announced with an id, and closed when nobody comes")
  func attempt() throws {
    try #require(try allocate(bench).isSuccess)
    try #require(try bench.permit(bench.peer).isSuccess)
    let relay = try bench.lastListener()
    let connection = try #require(bench.accept(bench.peer, at: relay))
    let indication = try lastSent(bench)
    #expect(indication.message.type == MessageType(.connectionAttempt, .indication))
    #expect(indication.peer == bench.peer)
    let id = try #require(indication.connectionID)
    #expect(bench.receive(bindRequest(bench, id), from: data) == .bindStream(connection))
    let other = SocketAddress(bench.peer.ip, port: 1)
    let late = try #require(bench.accept(other, at: relay))
    bench.advance(by: .seconds(31))
    #expect(bench.done.contains(.closeConnection(late)))
    #expect(!bench.done.contains(.closeConnection(connection)))
  }

  @Test func `connections are bounded, and all end with their allocation`() throws {
    let bench = Bench {
      $0.limits.connectionsPerAllocationMax = 2
    }
    bench.transport = .tcp
    try #require(try allocate(bench).isSuccess)
    try #require(try bench.permit(bench.peer).isSuccess)
    _ = try connected(bench, bench.peer)
    let waiting = try connect(bench, SocketAddress(bench.peer.ip, port: 1))
    #expect(try refused(bench, SocketAddress(bench.peer.ip, port: 2)) == 508)
    let third = SocketAddress(bench.peer.ip, port: 3)
    let relay = try bench.lastListener()
    #expect(bench.accept(third, at: relay) == nil)
    #expect(bench.drops(.connectionLimit) == 1)
    #expect(try bench.ask(.refresh) { $0.add(.lifetime, uint32: 0) }.isSuccess)
    #expect(bench.connections.isEmpty && bench.openRelays.isEmpty)
    // The Connect that was under way has its answer.
    #expect(try lastSent(bench).code == 447)
    bench.turn.peerConnected(waiting, ok: true, now: bench.now, effects: &bench.effects)
    #expect(bench.effects.isEmpty && bench.quota.total == 0)
  }

  @Test func `a limit of bandwidth holds a connection up and drops nothing`() throws {
    let bench = Bench {
      $0.limits.allocationBandwidth = Bandwidth(bytesPerSecond: 100_000)
    }
    bench.transport = .tcp
    try #require(try allocate(bench).isSuccess)
    let connection = try connect(bench, bench.peer)
    let passed = (0..<20).count { _ in
      bench.passes(10_000, .fromClient, on: connection)
    }
    #expect(passed == 10)
    bench.advance(by: .seconds(1))
    #expect(bench.passes(10_000, .fromClient, on: connection))
    #expect(bench.records.first?.counters.drops == 0)
  }
}

extension Answer {
  fileprivate var connectionID: UInt32? { message.uint32(.connectionID, bytes.span) }
  fileprivate var peer: SocketAddress? { message.xorAddress(.xorPeerAddress, bytes.span) }
}

extension Bench {
  fileprivate func passes(_ bytes: Int, _ direction: Direction, on connection: SlabHandle) -> Bool {
    turn.relayed(bytes, direction, on: connection, now: now)
  }

  fileprivate func accept(_ peer: SocketAddress, at relay: SlabHandle) -> SlabHandle? {
    turn.peerAccepted(peer, at: relay, now: now, effects: &effects)
  }

  fileprivate func lastListener() throws -> SlabHandle {
    try #require(
      done.reversed().lazy.compactMap { effect -> SlabHandle? in
        guard case .listenRelay(let handle, _) = effect else { return nil }
        return handle
      }.first)
  }
}
