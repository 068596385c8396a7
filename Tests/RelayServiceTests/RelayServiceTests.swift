// The relay over real sockets on loopback: two clients, real datagrams, every byte counted.

import CMallocCounter
import Crypto
import EventLoop
import Glibc
import NetTypes
import STUN
import Synchronization
import TURN
import TURNClient
import Testing

@testable import RelayService

struct RelayServiceTests {
  @Test func `datagrams leave without DF, so that a router may cut what is too long for it`() throws
  {
    let socket = try UDPSocket(
      bind: SocketAddress(.loopbackV4, port: 0), reusePort: false, packetInfo: false,
      bufferBytes: 4_096)
    defer { socket.close() }
    var value: Int32 = -1
    var length = socklen_t(MemoryLayout<Int32>.size)
    let result = unsafe getsockopt(
      socket.descriptor, Int32(IPPROTO_IP), IP_MTU_DISCOVER, &value, &length)
    #expect(result == 0 && value == IP_PMTUDISC_DONT)
  }

  @Test(
    "Trap 30: two clients talk by the address they know, and the counters agree to the byte",
    arguments: ["127.0.0.1:0", "[::1]:0", "0.0.0.0:0", "[::]:0"])
  func talk(listener: String) async throws {
    let relay = try Relay(threads: 2, listeners: [listener])
    defer { relay.stop() }
    let bound = relay.service.addresses[0]
    let server = SocketAddress(
      bound.ip.family == .v4 ? .loopbackV4 : .loopbackV6, port: bound.port)
    let a = try Client(server, family: bound.ip.family)
    let b = try Client(server, family: bound.ip.family)
    let (relayA, relayB) = try meet(a, b)
    #expect(relayA.ip.family == bound.ip.family)
    #expect(try exchange(a, b, count: 1_000, size: 1_001) == 1_000)
    let records = await relay.snapshot().allocations
    let sender = try #require(records.first { $0.relayAddresses == [relayA] }).counters
    let receiver = try #require(records.first { $0.relayAddresses == [relayB] }).counters
    #expect(sender.fromClient == Traffic(packets: 1_000, bytes: 1_005_000))
    #expect(sender.toPeers == Traffic(packets: 1_000, bytes: 1_001_000))
    #expect(receiver.fromPeers == Traffic(packets: 1_000, bytes: 1_001_000))
    #expect(receiver.toClient == Traffic(packets: 1_000, bytes: 1_005_000))
    #expect(sender.drops == 0 && receiver.drops == 0)
  }

  #if DEBUG
    private static let isOptimized = false
  #else
    private static let isOptimized = true
  #endif

  @Test(
    .enabled(if: isOptimized, "needs: swift test -c release -Xswiftc -enable-testing"))
  func `a thousand relayed packets cost the loop's thread no heap allocation`() async throws {
    let relay = try Relay()
    defer { relay.stop() }
    let a = try Client(relay.service.addresses[0])
    let b = try Client(relay.service.addresses[0])
    try meet(a, b)
    #expect(try exchange(a, b, count: 64, size: 500) == 64)
    let before = await relay.mallocs()
    #expect(try exchange(a, b, count: 1_000, size: 500) == 1_000)
    let during = await relay.mallocs() - before
    // The two questions themselves take a few.
    #expect(during < 20, "\(during) allocations for 2,000 datagrams")
  }

  @Test("Trap 27: the largest datagram goes through whole")
  func largest() async throws {
    let relay = try Relay()
    defer { relay.stop() }
    let a = try Client(relay.service.addresses[0])
    let b = try Client(relay.service.addresses[0])
    try meet(a, b)
    #expect(try exchange(a, b, count: 3, size: 65_000) == 3)
  }

  @Test("coturn ENETUNREACH: an error in sending to one peer ends nothing")
  func sendError() async throws {
    let relay = try Relay()
    defer { relay.stop() }
    let a = try Client(relay.service.addresses[0])
    let b = try Client(relay.service.addresses[0])
    let (relayA, relayB) = (try a.allocate(), try b.allocate())
    // Nobody is at that port; and port 0 the kernel refuses at once.
    let nobody = SocketAddress(.loopbackV4, port: 1)
    let nowhere = SocketAddress(.loopbackV4, port: 0)
    a.core.permit([nobody], now: Clock.now())
    try #require(a.wait { event, _ in event == .permitted } != nil)
    for _ in 0..<5 {
      a.core.send([1], to: nobody)
      a.core.send([1], to: nowhere)
    }
    try a.bind(0x4000, to: relayB)
    try b.bind(0x4000, to: relayA)
    #expect(try exchange(a, b, count: 10, size: 10) == 10)
    let snapshot = await relay.snapshot()
    #expect(snapshot.sendFailures == 5)
    let record = try #require(snapshot.allocations.first { $0.relayAddresses == [relayA] })
    #expect(record.counters.drops == 5)
    #expect(record.counters.toPeers.packets == 15)
  }

  @Test func `an end closes the relay's socket, and stopping ends what is left`() async throws {
    let relay = try Relay()
    let a = try Client(relay.service.addresses[0])
    let relayed = try a.allocate()
    #expect(throws: SystemError.self) {
      try UDPSocket(bind: relayed, reusePort: false, packetInfo: false, bufferBytes: 4_096)
    }
    a.core.refresh(seconds: 0, now: Clock.now())
    #expect(a.wait { event, _ in event == .refreshed(lifetime: .zero) } != nil)
    #expect(await relay.snapshot().allocations.isEmpty)
    let again = try UDPSocket(
      bind: relayed, reusePort: false, packetInfo: false, bufferBytes: 4_096)
    again.close()
    let left = try a.allocate()
    relay.stop()
    let freed = try UDPSocket(bind: left, reusePort: false, packetInfo: false, bufferBytes: 4_096)
    freed.close()
  }

  @Test func `random datagrams change nothing but the counters, and all are counted`() async throws
  {
    let relay = try Relay()
    defer { relay.stop() }
    let a = try Client(relay.service.addresses[0])
    var random = SplitMix64(seed: 5)
    for number in 1...20_000 {
      // Bytes whose first two bits make them neither STUN nor ChannelData, mixed with all others.
      let datagram = (0..<Int.random(in: 1...100, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      _ = a.socket.send(datagram.span, 0..<datagram.count, to: a.server)
      if number % 500 == 0 { _ = await relay.snapshot() }
    }
    let b = try Client(relay.service.addresses[0])
    _ = try b.allocate()
    let snapshot = await relay.snapshot()
    #expect(snapshot.allocations.count == 1)
    let dropped = snapshot.drops.values.reduce(0, +)
    let answered = snapshot.bindingRequests + snapshot.requests
    #expect(dropped + answered == snapshot.receivedFromClients)
    #expect(dropped > 19_000)
  }

  @Test func `a second server on the same port refuses to start, and the first goes on`()
    async throws
  {
    let relay = try Relay()
    defer { relay.stop() }
    let taken = relay.service.addresses[0].text
    #expect(throws: SystemError.self) { try Relay(listeners: [taken]) }
    _ = try Client(relay.service.addresses[0]).allocate()
  }

  @Test("Trap 35: what is served on all addresses is our own on each that an interface has")
  func ownAddresses() throws {
    let local = try LocalAddresses.all()
    #expect(local.contains(.loopbackV4))
    let wildcard = SocketAddress(IPAddress(v4: 0), port: 3_478)
    let named = SocketAddress(IPAddress(192, 0, 2, 7), port: 80)
    let services = RelayService.Settings.everywhere([wildcard, named])
    #expect(services.contains(wildcard) && services.contains(named))
    for ip in local {
      #expect(services.contains(SocketAddress(ip, port: 3_478)) == (ip.family == .v4))
      #expect(!services.contains(SocketAddress(ip, port: 80)))
    }
  }

  @Test func `the quota of all users is no more than there are descriptors for`() {
    var settings = RelayService.Settings(listeners: [], turn: nil, totalQuota: 100)
    settings.fit(descriptors: 1_000)
    #expect(settings.totalQuota == 100)
    settings.fit(descriptors: 10)
    #expect(settings.totalQuota == 10)
    // A third for allocations, one for clients' streams, one for connections with peers.
    settings.listeners = [RelayListener(.tcp, SocketAddress(.loopbackV4, port: 1))]
    settings.fit(descriptors: 12)
    #expect(settings.totalQuota == 4 && settings.streamsMax == 4)
    #expect(settings.peerConnectionsMax == 2)
  }

  @Test func `a relay address that is not this host's stops the start`() throws {
    let elsewhere = IPAddress(192, 0, 2, 77)
    let configuration = TURNConfiguration(
      realm: "test", credentials: CredentialStore(realm: "test", users: [:], secrets: []),
      nonces: NonceMint(key: Array(repeating: 3, count: 32), lifetime: .seconds(600)),
      peers: PeerFilter(), relayAddresses: [elsewhere])
    #expect(throws: SystemError.self) {
      try RelayService(on: try LoopGroup(count: 1), .init(listeners: [], turn: configuration))
    }
  }

  @Test func `without TURN the service answers Binding only`() async throws {
    let relay = try Relay(turn: false)
    defer { relay.stop() }
    let a = try Client(relay.service.addresses[0])
    var builder = MessageBuilder()
    builder.begin(MessageType(.binding, .request), TransactionID(high: 1, low: 2))
    builder.finish()
    _ = a.socket.send(builder.bytes.span, 0..<builder.bytes.count, to: a.server)
    a.core.allocate(now: Clock.now())
    a.flush()
    #expect(await relay.eventually { $0.receivedFromClients == 2 })
    let snapshot = await relay.snapshot()
    #expect(snapshot.bindingRequests == 1)
    #expect(snapshot.drops == ["unknownMethod": 1])
  }
}
