// A relay and its clients on loopback, over real sockets.

import CMallocCounter
import Crypto
import EventLoop
import Gate
import Glibc
import NetTypes
import STUN
import TLS
import TURN
import TURNClient
import Testing

@testable import RelayService

/// A relay on loopback with its threads, stopped by ``stop()``.
final class Relay {
  let group: LoopGroup
  let service: RelayService
  /// Connections that have proved nothing yet.
  let halfOpen: HalfOpen
  private let threads: [LoopThread]

  init(
    threads count: Int = 1, listeners: [String] = ["127.0.0.1:0"], turn: Bool = true,
    transport: NetTypes.Transport = .udp, streamsMax: Int = 100,
    certificates: CertificateStore? = nil, alsoUDP: Bool = false,
    gateDeadline: Duration = .seconds(10),
    _ adjust: (inout TURNConfiguration) -> Void = { _ in }
  ) throws {
    var addresses = try listeners.map {
      RelayListener(transport, try #require(SocketAddress($0)))
    }
    if alsoUDP { addresses += addresses.map { RelayListener(.udp, $0.address) } }
    let relayIPs = [IPAddress.loopbackV4, .loopbackV6]
    group = try LoopGroup(count: count)
    var configuration = TURNConfiguration(
      realm: "test", credentials: CredentialStore(realm: "test", users: ["u": "p"], secrets: []),
      nonces: NonceMint(key: Array(repeating: 3, count: 32), lifetime: .seconds(600)),
      peers: PeerFilter(
        allow: ["127.0.0.0/8", "::1/128"].compactMap { CIDR($0) }, relayAddresses: relayIPs),
      relayAddresses: relayIPs)
    adjust(&configuration)
    var settings = RelayService.Settings(
      listeners: addresses, turn: turn ? configuration : nil)
    settings.streamsMax = streamsMax
    settings.gate.certificates = certificates
    settings.gate.deadline = gateDeadline
    halfOpen = settings.gate.halfOpen
    service = try RelayService(on: group, settings)
    threads = try group.start()
  }

  func snapshot() async -> RelaySnapshot {
    await withCheckedContinuation { continuation in
      service.inspect(on: group.loops[0]) { continuation.resume(returning: $0) }
    }
  }

  /// Asks until `wanted` says yes, ten seconds at most.
  func eventually(_ wanted: (RelaySnapshot) -> Bool) async -> Bool {
    let limit = ContinuousClock.now + .seconds(10)
    var isLast = false
    repeat {
      // Where threads are short the answer alone can take longer than the limit: what counts is
      // when it was asked for.
      isLast = ContinuousClock.now >= limit
      if wanted(await snapshot()) { return true }
    } while !isLast
    return false
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

/// Allocates for both, and binds channel 0x4000 of each to the other's relay; returns the relays.
@discardableResult
func meet(_ a: Client, _ b: Client) throws -> (SocketAddress, SocketAddress) {
  let (relayA, relayB) = (try a.allocate(), try b.allocate())
  try a.bind(0x4000, to: relayB)
  try b.bind(0x4000, to: relayA)
  return (relayA, relayB)
}

/// A TURN client over a real socket; calls wait for the answer, with a limit.
final class Client {
  var core: TURNClient
  let socket: UDPSocket
  let server: SocketAddress
  /// Everything goes through this, where there is one.
  let session: DTLSEngine?
  private let batch = DatagramBatch(capacity: 32)

  init(
    _ server: SocketAddress, family: IPAddress.Family = .v4, session: DTLSEngine? = nil
  ) throws {
    self.session = session
    core = TURNClient(username: "u", password: "p", family: family, random: SecureRandom())
    let local = server.ip.family == .v4 ? IPAddress.loopbackV4 : .loopbackV6
    socket = try UDPSocket(
      bind: SocketAddress(local, port: 0), reusePort: false, packetInfo: false,
      bufferBytes: 4 << 20)
    self.server = server
  }

  deinit { socket.close() }

  func flush() {
    guard let session else {
      for bytes in core.output { _ = socket.send(bytes.span, 0..<bytes.count, to: server) }
      return core.output.removeAll()
    }
    if session.progress == .established {
      for bytes in core.output { _ = session.seal(bytes.span, 0..<bytes.count) }
      core.output.removeAll()
    }
    session.takeOutput { bytes, range in _ = socket.send(bytes, range, to: server) }
  }

  /// What the datagram holds for the core: itself, or what the session makes of it.
  private func messages(_ bytes: inout MutableSpan<UInt8>, _ payload: Range<Int>) -> [[UInt8]] {
    guard let session else { return [bytes.span.bytes(in: payload)] }
    var messages: [[UInt8]] = []
    var next = session.open(&bytes, at: payload)
    while let range = next {
      messages.append(bytes.span.bytes(in: range))
      next = session.next(&bytes, in: range.upperBound..<payload.upperBound)
    }
    return messages
  }

  /// Handles what arrives until `wanted` accepts an event; `nil` after ten seconds without.
  func wait(_ wanted: (TURNClient.Event, [UInt8]) -> Bool) -> TURNClient.Event? {
    let end = Clock.now() + .seconds(10)
    while Clock.now() < end {
      for event in core.advance(to: Clock.now()) where wanted(event, []) { return event }
      if let found = step(wanted) { return found }
    }
    return nil
  }

  /// Sends what waits, and handles what arrives within 100 ms; the last event that is wanted.
  @discardableResult
  func step(_ wanted: (TURNClient.Event, [UInt8]) -> Bool = { _, _ in false }) -> TURNClient.Event?
  {
    flush()
    var descriptor = pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
    _ = unsafe poll(&descriptor, 1, 100)
    let count = batch.receive(from: socket)
    var found: TURNClient.Event?
    for index in 0..<max(0, count) {
      guard let datagram = batch.datagram(index) else { continue }
      for bytes in batch.withMutableBytes(index, { messages(&$0, datagram.payload) }) {
        if let event = core.received(bytes.span, now: Clock.now()), wanted(event, bytes) {
          found = event
        }
      }
    }
    return found
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

/// Sends numbered payloads on a channel; how many arrive.
func exchange(_ a: Client, _ b: Client, count: Int, size: Int) throws -> Int {
  var received = 0
  for number in 0..<count {
    var payload = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: size)
    payload[0] = 1
    a.core.send(payload, on: 0x4000)
    // A window of 32, so that no socket buffer is ever the reason of a loss.
    if number % 32 == 31 || number == count - 1 {
      let goal = number + 1
      _ = b.wait { event, bytes in
        if case .data(_, let range) = event, range.count == size, bytes[range.lowerBound] == 1 {
          received += 1
        }
        a.flush()
        return received == goal
      }
    }
    a.flush()
  }
  return received
}
