// RFC 6062 over real sockets: peers that are connected to, and peers that connect.

import Dispatch
import EventLoop
import Foundation
import NetTypes
import STUN
import TURN
import Testing

@testable import RelayService

/// A client with one control connection, and what it knows for the others.
private final class Caller {
  let control: TCPClient
  private let server: SocketAddress
  private var serial: UInt64 = 0

  init(_ server: SocketAddress) throws {
    self.server = server
    control = try TCPClient(server)
  }

  /// The answer to a request on a connection, after as many challenges as it takes.
  func ask(
    _ method: Method, on connection: TCPClient, _ body: (inout MessageBuilder) -> Void
  ) throws -> (message: Message, bytes: [UInt8]) {
    var nonce: String?
    for _ in 0..<3 {
      var builder = MessageBuilder()
      serial += 1
      builder.begin(MessageType(method, .request), TransactionID(high: 7, low: serial))
      body(&builder)
      if let nonce {
        builder.add(.username, text: "u")
        builder.add(.realm, text: "test")
        builder.add(.nonce, text: nonce)
        builder.finish(
          integrityKey: LongTermCredential.key(username: "u", realm: "test", password: "p"))
      } else {
        builder.finish()
      }
      connection.write(builder.bytes)
      let bytes = try #require(connection.frame())
      let message = try Message(bytes.span, in: 0..<bytes.count)
      let code = message.errorCode(bytes.span)
      guard code == 401 || code == 438 else { return (message, bytes) }
      nonce = message.text(.nonce, bytes.span, max: 763)
    }
    throw CancellationError()
  }

  func allocate() throws -> SocketAddress {
    let (message, bytes) = try ask(.allocate, on: control) {
      $0.add(.requestedTransport, uint32: 6 << 24)
    }
    let relay = message.xorAddress(.xorRelayedAddress, bytes.span)
    return try #require(relay)
  }

  func permit(_ ip: IPAddress) throws {
    let (message, _) = try ask(.createPermission, on: control) {
      $0.add(.xorPeerAddress, address: SocketAddress(ip, port: 0))
    }
    try #require(message.type.messageClass == .success)
  }

  func connect(to peer: SocketAddress) throws -> (id: UInt32?, code: Int?) {
    let (message, bytes) = try ask(.connect, on: control) {
      $0.add(.xorPeerAddress, address: peer)
    }
    return (message.uint32(.connectionID, bytes.span), message.errorCode(bytes.span))
  }

  /// The id of a peer's connection that is announced next.
  func attempt() throws -> UInt32 {
    let bytes = try #require(control.frame())
    let message = try Message(bytes.span, in: 0..<bytes.count)
    try #require(message.type == MessageType(.connectionAttempt, .indication))
    let id = message.uint32(.connectionID, bytes.span)
    return try #require(id)
  }

  /// A new connection, joined to that with the peer.
  func bind(_ id: UInt32) throws -> TCPClient {
    let data = try TCPClient(server)
    let (message, _) = try ask(.connectionBind, on: data) { $0.add(.connectionID, uint32: id) }
    try #require(message.type.messageClass == .success)
    return data
  }
}

struct ConnectionServiceTests {
  private static let payload = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }

  /// A client's connections to another client's relay, both joined.
  private func pair(_ relay: Relay) throws -> (Caller, TCPClient, Caller, TCPClient) {
    let server = relay.service.addresses[0]
    let (a, b) = (try Caller(server), try Caller(server))
    _ = try a.allocate()
    let relayB = try b.allocate()
    try b.permit(.loopbackV4)
    let made = try a.connect(to: relayB)
    let id = try #require(made.id)
    let dataB = try b.bind(try b.attempt())
    return (a, try a.bind(id), b, dataB)
  }

  @Test(
    "Trap 32: two clients of TCP talk through connections of their relays, on any loops",
    arguments: [1, 4])
  func talk(threads: Int) async throws {
    let relay = try Relay(threads: threads, transport: .tcp)
    defer { relay.stop() }
    var callers: [Caller] = []
    for _ in 0..<8 {
      let (a, dataA, b, dataB) = try pair(relay)
      dataA.write(Self.payload)
      #expect(dataB.read(Self.payload.count) == Self.payload)
      dataB.write([1, 2, 3])
      #expect(dataA.read(3) == [1, 2, 3])
      // What is on its way when one side ends still arrives, and then the other ends.
      dataB.write(Self.payload)
      dataB.end()
      #expect(dataA.read(Self.payload.count + 1) == Self.payload && dataA.hasEnded)
      callers += [a, b]
    }
    let counters = await relay.snapshot().allocations.map(\.counters)
    let bytes = UInt64(Self.payload.count)
    #expect(counters.allSatisfy { $0.drops == 0 })
    #expect(counters.reduce(0) { $0 + $1.toPeers.bytes } == 8 * (2 * bytes + 3))
    #expect(counters.reduce(0) { $0 + $1.toClient.bytes } == 8 * (2 * bytes + 3))
    withExtendedLifetime(callers) {}
  }

  @Test("Trap 32: a side that does not read holds the other up, and nothing is lost")
  func pressure() async throws {
    let relay = try Relay(transport: .tcp)
    defer { relay.stop() }
    let (a, dataA, b, dataB) = try pair(relay)
    let total = 300 * Self.payload.count
    nonisolated(unsafe) let writing = dataA
    let written = DispatchGroup()
    written.enter()
    // A thread of its own: those of the pool are the other tests'.
    Thread.detachNewThread {
      for _ in 0..<300 { unsafe writing.write(Self.payload) }
      written.leave()
    }
    // Until the writer is stuck: nothing more is taken for a quarter of a second. The kernel's
    // buffers take some, the relay's only a little; whoever held nobody up would take it all.
    let limit = ContinuousClock.now + .seconds(60)
    var (taken, since) = (0, ContinuousClock.now)
    while (taken == 0 && .now < limit) || ContinuousClock.now - since < .milliseconds(250) {
      let now = await relay.snapshot().allocations.map(\.counters.fromClient.bytes).max() ?? 0
      if Int(now) != taken { (taken, since) = (Int(now), .now) }
    }
    #expect(0 < taken && taken < total)
    var received = 0
    while received < total, dataB.read(Self.payload.count) == Self.payload {
      received += Self.payload.count
    }
    #expect(received == total)
    await withCheckedContinuation { done in written.notify(queue: .global()) { done.resume() } }
    withExtendedLifetime((a, b)) {}
  }

  @Test("Trap 19: 447 for a port where nobody listens, 446 for one that is connected already")
  func refusals() throws {
    let relay = try Relay(transport: .tcp)
    defer { relay.stop() }
    let server = relay.service.addresses[0]
    let (a, b) = (try Caller(server), try Caller(server))
    _ = try a.allocate()
    let relayB = try b.allocate()
    try b.permit(.loopbackV4)
    #expect(try a.connect(to: SocketAddress(.loopbackV4, port: 1)).code == 447)
    #expect(try a.connect(to: relayB).id != nil)
    #expect(try a.connect(to: relayB).code == 446)
  }

  @Test("pion #570: who connects to a relay without a permission is closed at once")
  func stranger() throws {
    let relay = try Relay(transport: .tcp)
    defer { relay.stop() }
    let caller = try Caller(relay.service.addresses[0])
    let peer = try TCPClient(try caller.allocate())
    #expect(peer.readToEnd().isEmpty && peer.hasEnded)
  }

  @Test("Trap 32: the end of an allocation closes its relay and both halves of its connections")
  func teardown() throws {
    let relay = try Relay(transport: .tcp)
    defer { relay.stop() }
    let (a, dataA, b, dataB) = try pair(relay)
    b.control.end()
    #expect(dataB.readToEnd().isEmpty && dataB.hasEnded)
    #expect(dataA.readToEnd().isEmpty && dataA.hasEnded)
    withExtendedLifetime(a) {}
  }
}
