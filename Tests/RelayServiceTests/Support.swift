// A relay and its clients on loopback, over real sockets.

import CMallocCounter
import Crypto
import EventLoop
import Glibc
import NetTypes
import STUN
import TURN
import TURNClient
import Testing

@testable import RelayService

/// A relay on loopback with its threads, stopped by ``stop()``.
final class Relay {
  let group: LoopGroup
  let service: RelayService
  private let threads: [LoopThread]

  init(
    threads count: Int = 1, listeners: [String] = ["127.0.0.1:0"], turn: Bool = true,
    transport: NetTypes.Transport = .udp, streamsMax: Int = 100
  ) throws {
    let addresses = try listeners.map {
      RelayListener(transport, try #require(SocketAddress($0)))
    }
    let relayIPs = [IPAddress.loopbackV4, .loopbackV6]
    group = try LoopGroup(count: count)
    let configuration = TURNConfiguration(
      realm: "test", credentials: CredentialStore(realm: "test", users: ["u": "p"], secrets: []),
      nonces: NonceMint(key: Array(repeating: 3, count: 32), lifetime: .seconds(600)),
      peers: PeerFilter(
        allow: ["127.0.0.0/8", "::1/128"].compactMap { CIDR($0) }, relayAddresses: relayIPs),
      relayAddresses: relayIPs)
    var settings = RelayService.Settings(
      listeners: addresses, turn: turn ? configuration : nil)
    settings.streamsMax = streamsMax
    service = try RelayService(on: group, settings)
    threads = try group.start()
  }

  func snapshot() async -> RelaySnapshot {
    await withCheckedContinuation { continuation in
      service.inspect(on: group.loops[0]) { continuation.resume(returning: $0) }
    }
  }

  /// Mallocs that the first loop's thread has made so far.
  func mallocs() async -> UInt64 {
    await withCheckedContinuation { continuation in
      group.loops[0].submit { continuation.resume(returning: parley_malloc_count()) }
    }
  }

  func stop() {
    service.stop()
    for thread in threads { thread.stopAndJoin() }
  }
}

/// A TURN client over a real socket; calls wait for the answer, with a limit.
final class Client {
  var core: TURNClient
  let socket: UDPSocket
  let server: SocketAddress
  private let batch = DatagramBatch(capacity: 32)

  init(_ server: SocketAddress, family: IPAddress.Family = .v4) throws {
    core = TURNClient(username: "u", password: "p", family: family, random: SecureRandom())
    let local = server.ip.family == .v4 ? IPAddress.loopbackV4 : .loopbackV6
    socket = try UDPSocket(
      bind: SocketAddress(local, port: 0), reusePort: false, packetInfo: false,
      bufferBytes: 4 << 20)
    self.server = server
  }

  deinit { socket.close() }

  func flush() {
    for bytes in core.output { _ = socket.send(bytes.span, 0..<bytes.count, to: server) }
    core.output.removeAll()
  }

  /// Handles what arrives until `wanted` accepts an event; `nil` after ten seconds without.
  func wait(_ wanted: (TURNClient.Event, [UInt8]) -> Bool) -> TURNClient.Event? {
    let end = Clock.now() + .seconds(10)
    while Clock.now() < end {
      flush()
      var descriptor = pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
      _ = unsafe poll(&descriptor, 1, 100)
      for event in core.advance(to: Clock.now()) where wanted(event, []) { return event }
      let count = batch.receive(from: socket)
      var found: TURNClient.Event?
      for index in 0..<max(0, count) {
        guard let datagram = batch.datagram(index) else { continue }
        let bytes = batch.withBytes(index) { $0.span.bytes(in: datagram.payload) }
        if let event = core.received(bytes.span, now: Clock.now()), wanted(event, bytes) {
          found = event
        }
      }
      if let found { return found }
    }
    return nil
  }

  func allocate() throws -> SocketAddress {
    core.allocate(now: Clock.now())
    let event = wait { event, _ in if case .allocated = event { true } else { false } }
    guard case .allocated(let relay, _)? = event else {
      Issue.record("no allocation")
      throw CancellationError()
    }
    return relay
  }

  func bind(_ channel: UInt16, to peer: SocketAddress) throws {
    core.bind(channel, to: peer, now: Clock.now())
    try #require(wait { event, _ in event == .channelBound(channel) } != nil)
  }
}
