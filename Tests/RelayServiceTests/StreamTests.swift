// The relay over TCP on loopback: frames through streams that are cut, slow, wrong or idle.

import Crypto
import EventLoop
import Gate
import Glibc
import NetTypes
import STUN
import TURN
import TURNClient
import Testing

@testable import RelayService

/// A TURN client over a TCP connection; calls wait for the answer, with a limit.
final class TCPClient {
  var core = TURNClient(username: "u", password: "p", random: SecureRandom())
  private let descriptor: Int32
  private var input: [UInt8] = []
  private(set) var hasEnded = false

  /// - Parameter receiveBytes: size of the kernel's receive buffer, for clients that read slowly.
  init(_ server: SocketAddress, receiveBytes: Int32? = nil) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    if var bytes = receiveBytes {
      _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, 4)
    }
    var patience = timeval(tv_sec: 0, tv_usec: 100_000)
    _ = unsafe setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = server.port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let result = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    try #require(result == 0)
  }

  deinit { end() }

  private var isOpen = true
  func end() {
    if isOpen { Glibc.close(descriptor) }
    isOpen = false
  }

  func write(_ bytes: [UInt8]) {
    var sent = 0
    while sent < bytes.count {
      let count = unsafe bytes.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return 0 }
        return unsafe send(descriptor, base + sent, buffer.count - sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      sent += count
    }
  }

  /// What the core wants to send, padded as streams want it.
  var pending: [UInt8] {
    defer { core.output.removeAll() }
    return core.output.flatMap { $0 + [UInt8](repeating: 0, count: -$0.count & 3) }
  }

  /// The next frame; `nil` when none comes in time or the connection ends.
  func frame() -> [UInt8]? {
    let end = Clock.now() + .seconds(10)
    while Clock.now() < end {
      if case .frame(let range) = StreamFramer.next(in: input.span, from: 0) {
        let frame = Array(input[range])
        input.removeFirst(frame.count)
        return frame
      }
      receive()
      if hasEnded { return nil }
    }
    return nil
  }

  /// The next bytes, whatever they are; fewer when no more come in time or the connection ends.
  func read(_ count: Int) -> [UInt8] {
    let end = Clock.now() + .seconds(10)
    while input.count < count, !hasEnded, Clock.now() < end { receive() }
    let bytes = Array(input.prefix(count))
    input.removeFirst(bytes.count)
    return bytes
  }

  private func receive() {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
    if count == 0 || (count < 0 && errno != EAGAIN) { hasEnded = true }
    input += buffer[..<max(0, count)]
  }

  /// Waits until the server closes; what came before it.
  func readToEnd() -> [UInt8] {
    while frame() != nil {}
    return input
  }

  func wait(_ wanted: (TURNClient.Event) -> Bool) -> Bool {
    write(pending)
    while let bytes = frame() {
      let event = core.received(bytes.span, now: Clock.now())
      write(pending)
      if let event, wanted(event) { return true }
    }
    return false
  }

  func allocate() throws -> SocketAddress {
    core.allocate(now: Clock.now())
    var relay: SocketAddress?
    try #require(
      wait { event in
        if case .allocated(let address, _) = event { relay = address }
        return relay != nil
      })
    return try #require(relay)
  }

  func bind(_ channel: UInt16, to peer: SocketAddress) throws {
    core.bind(channel, to: peer, now: Clock.now())
    try #require(wait { $0 == .channelBound(channel) })
  }
}

struct StreamTests {
  /// Two clients of one relay, bound to one another by channel 0x4000.
  private func pair(_ relay: Relay) throws -> (TCPClient, TCPClient) {
    let a = try TCPClient(relay.service.addresses[0])
    let b = try TCPClient(relay.service.addresses[0])
    let (relayA, relayB) = (try a.allocate(), try b.allocate())
    try a.bind(0x4000, to: relayB)
    try b.bind(0x4000, to: relayA)
    return (a, b)
  }

  private func request(_ method: Method = .binding) -> [UInt8] {
    var builder = MessageBuilder()
    builder.begin(MessageType(method, .request), TransactionID(high: 1, low: 2))
    builder.finish()
    return builder.bytes
  }

  @Test func `two clients talk over TCP, and the relay's counters agree to the byte`() async throws
  {
    let relay = try Relay(threads: 2, transport: .tcp)
    defer { relay.stop() }
    let (a, b) = try pair(relay)
    for number in 0..<500 {
      a.core.send([UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 1_001), on: 0x4000)
      a.write(a.pending)
      let frame = try #require(b.frame())
      #expect(frame.count == 1_008 && frame[4] == UInt8(truncatingIfNeeded: number))
    }
    let snapshot = await relay.snapshot()
    let counters = snapshot.allocations.map(\.counters)
    let sent = try #require(counters.first { $0.fromClient.packets > 0 })
    let received = try #require(counters.first { $0.toClient.packets > 0 })
    #expect(sent.fromClient == Traffic(packets: 500, bytes: 504_000))
    #expect(sent.toPeers == Traffic(packets: 500, bytes: 500_500))
    #expect(received.toClient == Traffic(packets: 500, bytes: 504_000))
    #expect(snapshot.streams.live == 2 && snapshot.streams.accepted == 2)
    #expect(snapshot.allocations.allSatisfy { $0.fiveTuple.transport == .tcp })
  }

  #if DEBUG
    private static let isOptimized = false
  #else
    private static let isOptimized = true
  #endif

  /// Sends payloads on a channel in bursts of 16, each of which arrives before the next is sent.
  private func exchange(_ a: TCPClient, _ b: TCPClient, bursts: Int) throws {
    for _ in 0..<bursts {
      for _ in 0..<16 { a.core.send([UInt8](repeating: 1, count: 1_000), on: 0x4000) }
      a.write(a.pending)
      for _ in 0..<16 { try #require(b.frame()?.count == 1_004) }
    }
  }

  @Test(
    .enabled(if: isOptimized, "needs: swift test -c release -Xswiftc -enable-testing"))
  func `a thousand packets between streams cost the loop's thread no heap allocation`() async throws
  {
    let relay = try Relay(transport: .tcp)
    defer { relay.stop() }
    let (a, b) = try pair(relay)
    try exchange(a, b, bursts: 20)
    let before = await relay.mallocs()
    try exchange(a, b, bursts: 64)
    let during = await relay.mallocs() - before
    // The two questions themselves take a few.
    #expect(during < 20, "\(during) allocations for 1,024 packets, each relayed twice")
  }

  @Test("Trap 26: requests and data cut at every byte, and many in one write, are all served")
  func cutAndJoined() async throws {
    let relay = try Relay(transport: .tcp)
    defer { relay.stop() }
    let (a, b) = try pair(relay)
    for size in [1, 2, 3, 4] { a.core.send([UInt8](repeating: 9, count: size), on: 0x4000) }
    for byte in a.pending { a.write([byte]) }
    for size in [1, 2, 3, 4] { a.core.send([UInt8](repeating: 9, count: size), on: 0x4000) }
    a.write(a.pending + request())
    for _ in 0..<8 { #expect(b.frame()?.count == 8) }
    #expect(a.frame()?.first == 1)
  }

  @Test func `the largest datagram goes through whole`() async throws {
    let relay = try Relay(transport: .tcp)
    defer { relay.stop() }
    let (a, b) = try pair(relay)
    for _ in 0..<3 {
      a.core.send([UInt8](repeating: 3, count: 65_001), on: 0x4000)
      a.write(a.pending)
      #expect(b.frame()?.count == 65_008)
    }
  }

  @Test("Trap 26: garbage closes the stream, and nothing else")
  func garbage() async throws {
    let relay = try Relay(transport: .tcp)
    defer { relay.stop() }
    let (a, b) = try pair(relay)
    let bad: [[UInt8]] = [
      [0, 1, 0, 3], [0, 1, 0, 0, 1, 2, 3, 4], request() + [0xC0], request() + [0x10],
    ]
    for bytes in bad {
      let client = try TCPClient(relay.service.addresses[0])
      client.write(bytes)
      _ = client.readToEnd()
      #expect(client.hasEnded)
    }
    a.core.send([1, 2, 3, 4], on: 0x4000)
    a.write(a.pending)
    #expect(b.frame()?.count == 8)
    let snapshot = await relay.snapshot()
    #expect(snapshot.streams.ended == ["garbage": UInt64(bad.count)])
    #expect(snapshot.streams.live == 2)
  }

  @Test("Trap 34: without an allocation no frame is longer than a request may be")
  func noLongFrames() async throws {
    let relay = try Relay(transport: .tcp)
    defer { relay.stop() }
    let client = try TCPClient(relay.service.addresses[0])
    var bytes = request()
    bytes[2] = 0x20
    client.write(bytes)
    _ = client.readToEnd()
    #expect(client.hasEnded)
    #expect(await relay.snapshot().streams.ended == ["garbage": 1])
  }

  @Test("Trap 34: a first message that does not come whole by the gate's deadline ends the stream")
  func partialFirstMessage() async throws {
    let relay = try Relay(transport: .tcp, gateDeadline: .seconds(1))
    defer { relay.stop() }
    let patient = try TCPClient(relay.service.addresses[0])
    patient.write(Array(request().prefix(8)))
    patient.write(Array(request().dropFirst(8)))
    #expect(patient.frame() != nil)
    let client = try TCPClient(relay.service.addresses[0])
    client.write(Array(request().prefix(8)))
    let start = Clock.now()
    _ = client.readToEnd()
    #expect(client.hasEnded && Clock.now() - start < .seconds(8))
    #expect(await relay.snapshot().streams.ended == ["mute": 1])
    #expect(relay.halfOpen.count == 1)
    // Who has sent one has the time of an Allocate, before and behind part of the next message too.
    patient.write(Array(request().prefix(8)))
    patient.write(Array(request().dropFirst(8)))
    #expect(patient.frame() != nil)
  }

  @Test func `a closed connection ends its allocation, and frees its relay's port`() async throws {
    let relay = try Relay(transport: .tcp)
    defer { relay.stop() }
    let client = try TCPClient(relay.service.addresses[0])
    let relayed = try client.allocate()
    client.end()
    let deadline = Clock.now() + .seconds(10)
    while await relay.snapshot().streams.live > 0, Clock.now() < deadline {}
    #expect(await relay.snapshot().allocations.isEmpty)
    let freed = try UDPSocket(
      bind: relayed, reusePort: false, packetInfo: false, bufferBytes: 4_096)
    freed.close()
  }

  @Test(
    "coturn #1289: a burst of 200 KB reaches a client that reads late; of more, the newest does")
  func slowClient() async throws {
    let relay = try Relay(transport: .tcp)
    defer { relay.stop() }
    let server = relay.service.addresses[0]
    let slow = try TCPClient(server, receiveBytes: 4_096)
    let relayed = try slow.allocate()
    let peer = try UDPSocket(
      bind: SocketAddress(.loopbackV4, port: 0), reusePort: false, packetInfo: false,
      bufferBytes: 4 << 20)
    defer { peer.close() }
    try slow.bind(0x4000, to: peer.address)
    var payload = [UInt8](repeating: 5, count: 1_001)
    let deadline = Clock.now() + .seconds(10)
    // In waves, so that the relay's own socket loses nothing.
    for wave in 1...20 {
      for place in 0..<100 {
        let number = (wave - 1) * 100 + place
        payload[0] = UInt8(number >> 8)
        payload[1] = UInt8(number & 0xFF)
        _ = peer.send(payload.span, 0..<payload.count, to: relayed)
      }
      while await relay.snapshot().receivedFromPeers < wave * 100, Clock.now() < deadline {}
    }
    slow.write(request())
    var numbers: [Int] = []
    var answers = 0
    while numbers.last != 1_999, let frame = slow.frame() {
      if frame[0] == 1 {
        answers += 1
      } else {
        try #require(frame.count == 1_008)
        numbers.append(Int(frame[4]) << 8 | Int(frame[5]))
      }
    }
    // What was sent before the client stopped reading, and the newest, as many as may wait.
    #expect(answers == 1 && numbers.prefix(10).elementsEqual(0..<10))
    #expect(numbers.suffix(250).elementsEqual(1_750..<2_000))
    #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 })
    let snapshot = await relay.snapshot()
    let counters = try #require(snapshot.allocations.first).counters
    let dropped = try #require(snapshot.drops["clientTooSlow"])
    let arrived = UInt64(numbers.count)
    #expect(counters.toClient == Traffic(packets: arrived, bytes: arrived * 1_008))
    #expect(arrived + dropped == 2_000 && counters.drops == dropped)
  }

  @Test func `media that still waits when its client leaves is taken back from the traffic`()
    async throws
  {
    let relay = try Relay(transport: .tcp)
    defer { relay.stop() }
    let slow = try TCPClient(relay.service.addresses[0], receiveBytes: 4_096)
    let relayed = try slow.allocate()
    let peer = try UDPSocket(
      bind: SocketAddress(.loopbackV4, port: 0), reusePort: false, packetInfo: false,
      bufferBytes: 4 << 20)
    defer { peer.close() }
    try slow.bind(0x4000, to: peer.address)
    let payload = [UInt8](repeating: 5, count: 1_000)
    let deadline = Clock.now() + .seconds(10)
    for wave in 1...20 {
      for _ in 0..<100 { _ = peer.send(payload.span, 0..<payload.count, to: relayed) }
      while await relay.snapshot().receivedFromPeers < wave * 100, Clock.now() < deadline {}
    }
    let before = try #require(await relay.snapshot().allocations.first).counters
    slow.end()
    while await relay.snapshot().streams.live > 0, Clock.now() < deadline {}
    let snapshot = await relay.snapshot()
    let dropped = try #require(snapshot.drops["clientTooSlow"])
    #expect(dropped - before.drops > 250)
    #expect(snapshot.ended.toClient.packets + dropped == 2_000)
    #expect(snapshot.ended.toClient.bytes == snapshot.ended.toClient.packets * 1_004)
  }

  @Test func `as many streams as there may be are served, and the next is closed`() async throws {
    let relay = try Relay(transport: .tcp, streamsMax: 2)
    defer { relay.stop() }
    let (a, b) = try pair(relay)
    defer { b.end() }
    let third = try TCPClient(relay.service.addresses[0])
    third.write(request())
    _ = third.readToEnd()
    #expect(third.hasEnded)
    a.end()
    let deadline = Clock.now() + .seconds(10)
    while await relay.snapshot().streams.live > 1, Clock.now() < deadline {}
    let fourth = try TCPClient(relay.service.addresses[0])
    _ = try fourth.allocate()
    #expect(await relay.snapshot().streams.ended == ["full": 1])
  }

  @Test func `without TURN a stream is answered Binding`() async throws {
    let relay = try Relay(turn: false, transport: .tcp)
    defer { relay.stop() }
    let client = try TCPClient(relay.service.addresses[0])
    client.write(request() + request(.allocate) + request())
    #expect(client.frame()?.first == 1)
    #expect(client.frame()?.first == 1)
    #expect(await relay.snapshot().drops == ["unknownMethod": 1])
  }
}
