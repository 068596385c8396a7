// Allocations and reserved ports that are wanted on another loop than they were made on.

import EventLoop
import Glibc
import NetTypes
import STUN
import TURN
import Testing

@testable import RelayService

/// A client that writes its own requests, over a socket of its own.
private final class RawClient {
  let socket: UDPSocket
  let server: SocketAddress
  private let batch = DatagramBatch(capacity: 1)
  private var nonce: String?
  private var serial: UInt64 = 0
  private static let key = LongTermCredential.key(username: "u", realm: "test", password: "p")

  init(_ server: SocketAddress) throws {
    self.server = server
    socket = try UDPSocket(
      bind: SocketAddress(.loopbackV4, port: 0), reusePort: false, packetInfo: false,
      bufferBytes: 65_536)
  }

  deinit { socket.close() }

  func send(_ bytes: [UInt8], to target: SocketAddress? = nil) {
    _ = socket.send(bytes.span, 0..<bytes.count, to: target ?? server)
  }

  /// What arrives within five seconds.
  func receive() throws -> (bytes: [UInt8], source: SocketAddress) {
    var descriptor = pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
    _ = unsafe poll(&descriptor, 1, 5_000)
    try #require(batch.receive(from: socket) == 1)
    let datagram = try #require(batch.datagram(0))
    return (batch.withBytes(0) { $0.bytes(in: datagram.payload) }, datagram.source)
  }

  func ask(_ method: STUN.Method, _ body: (inout MessageBuilder) -> Void) throws -> [UInt8] {
    if nonce == nil {
      let challenge = try exchange(method) { _ in }
      let message = try Message(challenge.span, in: 0..<challenge.count)
      nonce = message.text(.nonce, challenge.span, max: 763)
    }
    let nonce = try #require(self.nonce)
    return try exchange(method) { builder in
      body(&builder)
      builder.add(.username, text: "u")
      builder.add(.realm, text: "test")
      builder.add(.nonce, text: nonce)
      builder.finish(integrityKey: Self.key)
    }
  }

  private func exchange(_ method: STUN.Method, _ body: (inout MessageBuilder) -> Void) throws
    -> [UInt8]
  {
    serial += 1
    var builder = MessageBuilder()
    builder.begin(MessageType(method, .request), TransactionID(high: 1, low: serial))
    body(&builder)
    if nonce == nil { builder.finish() }
    send(builder.bytes)
    return try receive().bytes
  }
}

/// What a test reads of an answer.
private struct Reply {
  let bytes: [UInt8]
  let message: Message

  init(_ bytes: [UInt8]) throws {
    self.bytes = bytes
    message = try Message(bytes.span, in: 0..<bytes.count)
  }

  var code: Int? { message.errorCode(bytes.span) }
  var relay: SocketAddress? { message.xorAddress(.xorRelayedAddress, bytes.span) }
  func value(_ attribute: Attribute) -> [UInt8]? {
    message.value(of: attribute).map { bytes.span.bytes(in: $0) }
  }
}

struct MobilityServiceTests {
  private let udp: UInt32 = 17 << 24

  private func channelData(_ payload: [UInt8]) -> [UInt8] {
    [0x40, 0, 0, UInt8(payload.count)] + payload
  }

  @Test func `an allocation follows its client from loop to loop, with socket, channel and quota`()
    async throws
  {
    let relay = try Relay(threads: 4) { $0.isMobile = true }
    defer { relay.stop() }
    let server = relay.service.addresses[0]
    let peer = try RawClient(server)
    var client = try RawClient(server)
    let made = try Reply(
      try client.ask(.allocate) {
        $0.add(.requestedTransport, uint32: udp)
        $0.add(.mobilityTicket, bytes: [])
      })
    let relayed = try #require(made.relay)
    var ticket = try #require(made.value(.mobilityTicket))
    let bound = try Reply(
      try client.ask(.channelBind) {
        $0.add(.channelNumber, uint32: 0x4000_0000)
        $0.add(.xorPeerAddress, address: peer.socket.address)
      })
    #expect(bound.code == nil)
    for number in 0..<24 as Range<UInt8> {
      // The port of each new client decides which loop hears it.
      let next = try RawClient(server)
      let moved = try Reply(try next.ask(.refresh) { $0.add(.mobilityTicket, bytes: ticket) })
      #expect(moved.code == nil)
      ticket = try #require(moved.value(.mobilityTicket))
      // Until the next is heard, the old one is served.
      client.send(channelData([number, 1]))
      #expect(try peer.receive().bytes == [number, 1])
      peer.send([number, 2], to: relayed)
      #expect(try client.receive().bytes == channelData([number, 2]))
      next.send(channelData([number, 3]))
      next.send(channelData([number, 4]))
      for word in [3, 4] as [UInt8] {
        let (bytes, source) = try peer.receive()
        #expect(bytes == [number, word] && source == relayed)
      }
      peer.send([number, 5], to: relayed)
      #expect(try next.receive().bytes == channelData([number, 5]))
      client = next
    }
    let snapshot = await relay.snapshot()
    #expect(snapshot.allocations.count == 1 && snapshot.allocationsCreated == 1)
    let counters = try #require(snapshot.allocations.first).counters
    #expect(counters.toPeers.packets == 72 && counters.toClient.packets == 48)
    let ended = try Reply(try client.ask(.refresh) { $0.add(.lifetime, uint32: 0) })
    #expect(ended.code == nil)
    #expect(await relay.snapshot().allocations.isEmpty)
  }

  @Test func `a ticket that is wrong is refused after every loop was asked`() throws {
    let relay = try Relay(threads: 3) { $0.isMobile = true }
    defer { relay.stop() }
    for _ in 0..<6 {
      let client = try RawClient(relay.service.addresses[0])
      let answer = try Reply(
        try client.ask(.refresh) {
          $0.add(.mobilityTicket, bytes: Array(repeating: 0x31, count: 32))
        })
      #expect(answer.code == 437)
    }
  }

  @Test("Trap 15: a reserved port is had with its token on whatever loop it is shown")
  func reservation() throws {
    let relay = try Relay(threads: 4)
    defer { relay.stop() }
    let server = relay.service.addresses[0]
    for _ in 0..<12 {
      let first = try RawClient(server)
      let even = try Reply(
        try first.ask(.allocate) {
          $0.add(.requestedTransport, uint32: udp)
          $0.add(.evenPort, bytes: [0x80])
        })
      let token = try #require(even.value(.reservationToken))
      let second = try RawClient(server)
      let odd = try Reply(
        try second.ask(.allocate) {
          $0.add(.requestedTransport, uint32: udp)
          $0.add(.reservationToken, bytes: token)
        })
      #expect(try #require(odd.relay).port == #require(even.relay).port + 1)
    }
  }

  @Test("Trap 15: nobody else on the host gets a reserved port, and none is kept for longer")
  func reservedSocket() throws {
    let relay = try Relay { $0.limits.reservationLifetime = .milliseconds(200) }
    defer { relay.stop() }
    let client = try RawClient(relay.service.addresses[0])
    let even = try #require(
      try Reply(
        try client.ask(.allocate) {
          $0.add(.requestedTransport, uint32: udp)
          $0.add(.evenPort, bytes: [0x80])
        }
      ).relay)
    let reserved = SocketAddress(even.ip, port: even.port + 1)
    #expect(throws: SystemError.self) { try UDPSocket.requireFree(reserved) }
    let limit = ContinuousClock.now + .seconds(10)
    var isFree = false
    while !isFree, ContinuousClock.now < limit {
      isFree = (try? UDPSocket.requireFree(reserved)) != nil
    }
    #expect(isFree)
  }
}
