// One TURN client of a run: its socket, its allocation, and its half of a pair's packets.

internal import Crypto
internal import EventLoop
internal import NetTypes
internal import TURNClient

/// Confined to the loop, as everything here.
final class TurnPeer: EventHandler {
  /// What a client is waiting for.
  enum Stage: Equatable {
    case new, allocating, allocated, opening, ready, failed, closing, ended
  }

  /// The one channel of each client (RFC 8656 §12: 0x4000...0x4FFF).
  private static let channel: UInt16 = 0x4000
  private static let bufferBytes = 4 << 20
  /// Permissions last 300 s (RFC 8656 §9), channels and allocations 600 s.
  private static let renewal = Duration.seconds(200)
  private static let lifetimeSeconds: UInt32 = 600

  let socket: UDPSocket
  let payload: NumberedPayload
  private let server: SocketAddress
  private let framing: Framing
  private unowned let load: TurnLoad
  private var registration: EventLoop.Registration?
  private var core: TURNClient

  private(set) var stage = Stage.new
  private(set) var relay: SocketAddress?
  private(set) var askedAt = Instant.zero
  /// Requests without an answer; while there are any, `tick` has to be called.
  private(set) var waiting = 0
  private var renewAt = Instant.distantFuture
  /// A whole datagram, which only has to be stamped before it is sent.
  private var datagram: [UInt8] = []
  private var payloadStart = 0
  /// What arrived of the partner's packets.
  var tracker: SequenceTracker

  init(
    _ load: TurnLoad, options: TurnOptions, credentials: (name: String, password: String),
    payload: NumberedPayload, on loop: EventLoop
  ) throws(SystemError) {
    self.load = load
    self.payload = payload
    server = options.server
    framing = options.framing
    tracker = SequenceTracker(capacity: options.packetsPerClient)
    core = TURNClient(
      username: credentials.name, password: credentials.password,
      family: options.server.ip.family, random: SecureRandom())
    socket = try UDPSocket(
      bind: Self.localAddress(toward: options.server), reusePort: false, packetInfo: false,
      bufferBytes: Self.bufferBytes)
    registration = try loop.register(socket.descriptor, for: .readable, handler: self)
  }

  private static func localAddress(toward server: SocketAddress) -> SocketAddress {
    let isV4 = server.ip.family == .v4
    if Commands.isLoopback(server.ip) {
      return SocketAddress(isV4 ? .loopbackV4 : .loopbackV6, port: 0)
    }
    return SocketAddress(isV4 ? IPAddress(0, 0, 0, 0) : IPAddress(v6High: 0, low: 0), port: 0)
  }

  func ready(_ readiness: Readiness, now: Instant) { load.drain(self) }

  // MARK: Control

  func allocate(now: Instant) {
    stage = .allocating
    askedAt = now
    ask { $0.allocate(now: now) }
  }

  /// Lets the partner's packets in, and ours be wrapped in the framing asked for.
  func open(to partner: SocketAddress, now: Instant) {
    stage = .opening
    prepareDatagram(to: partner)
    renewAt = now + Self.renewal
    askForPath(to: partner, now: now)
  }

  private func askForPath(to partner: SocketAddress, now: Instant) {
    switch framing {
    case .channels: ask { $0.bind(Self.channel, to: partner, now: now) }
    case .indications: ask { $0.permit([partner], now: now) }
    }
  }

  /// The core frames one packet; all later ones differ in the payload only.
  private func prepareDatagram(to partner: SocketAddress) {
    let template = payload.template()
    switch framing {
    case .channels: core.send(template, on: Self.channel)
    case .indications: core.send(template, to: partner)
    }
    datagram = core.output.removeLast()
    payloadStart = datagram.firstRange(of: template)?.lowerBound ?? 0
  }

  /// Gives the allocation back.
  func end(now: Instant) {
    guard relay != nil, stage != .ended else { return }
    stage = .closing
    ask { $0.refresh(seconds: 0, now: now) }
  }

  /// Asks for nothing any more.
  func giveUp(_ stage: Stage) {
    self.stage = stage
  }

  /// Sends again what got no answer, and renews what would run out.
  func tick(partner: SocketAddress?, now: Instant) -> [TURNClient.Event] {
    if now >= renewAt, stage == .ready, let partner {
      renewAt = now + Self.renewal
      ask { $0.refresh(seconds: Self.lifetimeSeconds, now: now) }
      askForPath(to: partner, now: now)
    }
    guard waiting > 0 else { return [] }
    let events = core.advance(to: now)
    flush()
    waiting -= events.count
    return events
  }

  private func ask(_ request: (inout TURNClient) -> Void) {
    waiting += 1
    request(&core)
    flush()
  }

  private func flush() {
    guard !core.output.isEmpty else { return }
    for bytes in core.output { _ = socket.send(bytes.span, 0..<bytes.count, to: server) }
    core.output.removeAll(keepingCapacity: true)
  }

  // MARK: Packets

  @inline(__always)
  func send(number: UInt64, now: Instant) -> SendResult {
    payload.stamp(&datagram, at: payloadStart, number: number, time: now)
    let bytes = datagram
    return socket.send(bytes.span, 0..<bytes.count, to: server)
  }

  @inline(__always)
  func received(_ bytes: Span<UInt8>, now: Instant) -> TURNClient.Event? {
    let event = core.received(bytes, now: now)
    flush()
    switch event {
    case .data, .unreachable, nil: break
    case .allocated(let address, _):
      waiting -= 1
      relay = address
      if stage == .allocating { stage = .allocated }
    case .channelBound, .permitted:
      waiting -= 1
      if stage == .opening { stage = .ready }
    case .refreshed:
      waiting -= 1
      if stage == .closing { stage = .ended }
    case .refused, .timedOut:
      waiting -= 1
    }
    return event
  }

  func close(on loop: EventLoop) {
    if let registration { loop.deregister(registration) }
    registration = nil
    socket.close()
  }
}
