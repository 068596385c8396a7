// Trains through the relay: what came in one piece is relayed as if each had come alone.

import EventLoop
import Glibc
import NetTypes
import STUN
import TURN
import TURNClient
import Testing

@testable import RelayService

/// A peer without TURN.
private final class PlainPeer {
  let socket: UDPSocket
  private let batch = DatagramBatch()

  init() throws {
    socket = try UDPSocket(
      bind: SocketAddress(.loopbackV4, port: 0), reusePort: false, packetInfo: false,
      bufferBytes: 4 << 20)
  }

  deinit { socket.close() }

  /// Waits for as many payloads, ten seconds at most.
  func received(_ count: Int) -> [[UInt8]] {
    var payloads: [[UInt8]] = []
    let end = Clock.now() + .seconds(10)
    while payloads.count < count, Clock.now() < end {
      var descriptor = pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
      _ = unsafe poll(&descriptor, 1, 100)
      _ = batch.receive(from: socket)
      for index in 0..<batch.count {
        guard let datagram = batch.datagram(index) else { continue }
        payloads.append(batch.withBytes(index) { $0.bytes(in: datagram.payload) })
      }
    }
    return payloads
  }
}

/// Sends all of them in as few pieces as there can be.
private func sendTogether(
  _ datagrams: [[UInt8]], from socket: UDPSocket, to target: SocketAddress
) {
  let sender = DatagramSender()
  let owner = SlabHandle(index: 0, generation: 0)
  let route = DatagramSender.Route(socket.descriptor, to: target, owner: owner, kind: 0)
  for bytes in datagrams {
    #expect(sender.add(bytes.span, bytes.count, bytes.span, 0..<0, on: route) == 1)
  }
  sender.flush { Issue.record("not sent: \($0)") }
}

private func payload(_ number: Int, _ length: Int) -> [UInt8] {
  (0..<length).map { UInt8(truncatingIfNeeded: number &* 13 &+ $0) }
}

private func channelData(_ number: UInt16, _ payload: [UInt8], padding: Int = 0) -> [UInt8] {
  var bytes: [UInt8] = []
  bytes.append(bigEndian: number)
  bytes.append(bigEndian: UInt16(payload.count))
  return bytes + payload + [UInt8](repeating: 0, count: padding)
}

/// A Binding request as long as the others, so that it travels with them.
private func bindingRequest(_ length: Int) -> [UInt8] {
  var builder = MessageBuilder()
  builder.begin(MessageType(.binding, .request), TransactionID(high: 1, low: 2))
  builder.add(.software, bytes: [UInt8](repeating: 0x61, count: length - 24))
  builder.finish()
  return builder.bytes
}

struct TrainTests {
  private let relay: Relay
  private let client: Client
  private let relayed: SocketAddress
  private let peers: [PlainPeer]

  init() throws {
    relay = try Relay()
    client = try Client(relay.service.addresses[0])
    relayed = try client.allocate()
    peers = [try PlainPeer(), try PlainPeer()]
    for (index, peer) in peers.enumerated() {
      try client.bind(0x4000 + UInt16(index), to: peer.socket.address)
    }
  }

  /// What the client gets as data, and from whom, until there are so many.
  private func received(_ count: Int) -> [(SocketAddress, [UInt8])] {
    var data: [(SocketAddress, [UInt8])] = []
    _ = client.wait { event, bytes in
      if case .data(let source, let range) = event { data.append((source, Array(bytes[range]))) }
      return data.count == count
    }
    return data
  }

  private func counters() async throws -> AllocationCounters {
    try #require(await relay.snapshot().allocations.first).counters
  }

  @Test func `a client's train is walked: channels, padding, a request, and a shorter last one`()
    async throws
  {
    defer { relay.stop() }
    let before = try await counters()
    let train = [
      channelData(0x4000, payload(0, 100)), channelData(0x4001, payload(1, 100)),
      channelData(0x4000, payload(2, 97), padding: 3), bindingRequest(104),
      // Nobody has this channel.
      channelData(0x4002, payload(3, 100)), channelData(0x4001, payload(4, 100)),
      channelData(0x4000, []),
    ]
    sendTogether(train, from: client.socket, to: client.server)
    #expect(peers[0].received(3) == [payload(0, 100), payload(2, 97), []])
    #expect(peers[1].received(2) == [payload(1, 100), payload(4, 100)])
    let snapshot = await relay.snapshot()
    #expect(snapshot.bindingRequests == 1 && snapshot.drops == ["noChannel": 1])
    let after = try await counters()
    // All but the Binding request are the allocation's.
    #expect(after.fromClient.packets - before.fromClient.packets == 6)
    #expect(after.fromClient.bytes - before.fromClient.bytes == 5 * 104 + 4)
    #expect(after.toPeers == Traffic(packets: 5, bytes: 397))
    #expect(after.drops == 1)
  }

  @Test func `a peer's train goes to the client in frames, the shorter last one too`() async throws
  {
    defer { relay.stop() }
    let payloads = (0..<40).map { payload($0, $0 < 39 ? 1_199 : 77) }
    sendTogether(payloads, from: peers[0].socket, to: relayed)
    let data = received(40)
    #expect(data.map(\.1) == payloads)
    #expect(data.allSatisfy { $0.0 == peers[0].socket.address })
    let counted = try await counters()
    #expect(counted.fromPeers == Traffic(packets: 40, bytes: 39 * 1_199 + 77))
    #expect(counted.toClient == Traffic(packets: 40, bytes: 39 * 1_203 + 81))
  }

  @Test func `without a channel each of a peer's train is a Data indication`() async throws {
    defer { relay.stop() }
    let stranger = try PlainPeer()
    client.core.permit([stranger.socket.address], now: Clock.now())
    try #require(client.wait { event, _ in event == .permitted } != nil)
    let payloads = (0..<50).map { payload($0, $0 < 49 ? 1_201 : 2) }
    sendTogether(payloads, from: stranger.socket, to: relayed)
    let data = received(50)
    #expect(data.map(\.1) == payloads)
    #expect(data.allSatisfy { $0.0 == stranger.socket.address })
    let counted = try await counters()
    #expect(counted.toClient == Traffic(packets: 50, bytes: 49 * (36 + 1_204) + 40))
  }

  @Test func `what the kernel does not take of a train is no traffic`() async throws {
    defer { relay.stop() }
    // To port 0 nothing can be sent.
    client.core.bind(0x4005, to: SocketAddress(.loopbackV4, port: 0), now: Clock.now())
    let answer = client.wait { event, _ in event == .channelBound(0x4005) }
    try #require(answer != nil)
    let train = (0..<8).map { channelData($0 == 3 ? 0x4000 : 0x4005, payload($0, 60)) }
    sendTogether(train, from: client.socket, to: client.server)
    #expect(peers[0].received(1) == [payload(3, 60)])
    let snapshot = await relay.snapshot()
    #expect(snapshot.sendFailures == 7)
    let counted = try await counters()
    #expect(counted.toPeers == Traffic(packets: 1, bytes: 60) && counted.drops == 7)
  }
}
