// One TURN client of a run: its socket, its allocation, and the way to its peer.

internal import Crypto
internal import EventLoop
internal import NetTypes
internal import TURNClient
internal import Traffic

/// Confined to the loop, as everything here.
final class RelayClient: EventHandler {
  /// What a client is waiting for.
  enum Stage: Equatable {
    case new, allocating, allocated, opening, ready, failed, closing, ended
  }

  /// The one channel of each client (RFC 8656 §12: 0x4000...0x4FFF).
  static let channel: UInt16 = 0x4000
  static let bufferBytes = 4 << 20
  /// Permissions last 300 s (RFC 8656 §9), channels and allocations 600 s.
  private static let renewal = Duration.seconds(200)
  private static let lifetimeSeconds: UInt32 = 600

  let index: Int
  let socket: UDPSocket
  /// `nil` in pairs.
  let peer: PlainPeer?
  var inbox: Inbox
  /// What stands in front of the payloads that it sends.
  private(set) var header: [UInt8] = []
  private let framing: Framing
  private unowned let load: RelayLoad
  private var registration: EventLoop.Registration?
  private var core: TURNClient

  private(set) var stage = Stage.new
  /// Whether nothing more is done to set it up.
  private var isSettled = false
  private(set) var relay: SocketAddress?
  private(set) var askedAt = Instant.zero
  /// Whom it sends to and hears.
  private(set) var target: SocketAddress?
  /// Requests without an answer; while there are any, `tick` has to be called.
  private(set) var waiting = 0
  private var renewAt = Instant.distantFuture

  init(
    _ load: RelayLoad, index: Int, options: RelayOptions,
    credentials: (name: String, password: String), on loop: EventLoop
  ) throws(SystemError) {
    self.load = load
    self.index = index
    framing = options.framing
    peer =
      options.isPaired ? nil : try PlainPeer(load, of: index, options: options, on: loop)
    inbox = Inbox(
      from: options.isPaired ? Inbox.client(index ^ 1) : Inbox.peer(of: index),
      packets: options.packetsPerSender)
    core = TURNClient(
      username: credentials.name, password: credentials.password,
      family: options.server.ip.family, random: SecureRandom())
    socket = try UDPSocket(
      bind: options.localAddress, reusePort: false, packetInfo: false,
      bufferBytes: Self.bufferBytes)
    try socket.connect(to: options.server)
    TrainBatch.accept(at: socket)
    registration = try loop.register(socket.descriptor, for: .readable, handler: self)
  }

  func ready(_ readiness: Readiness, now: Instant) { load.drain(self) }

  // MARK: Control

  func allocate(now: Instant) {
    stage = .allocating
    askedAt = now
    ask { $0.allocate(now: now) }
  }

  /// Lets packets of `target` in, and ours be wrapped in the framing asked for.
  func open(to target: SocketAddress, payload: NumberedPayload, now: Instant) {
    stage = .opening
    self.target = target
    header = makeHeader(to: target, payload)
    renewAt = now + Self.renewal
    askForPath(to: target, now: now)
  }

  private func askForPath(to target: SocketAddress, now: Instant) {
    switch framing {
    case .channels: ask { $0.bind(Self.channel, to: target, now: now) }
    case .indications: ask { $0.permit([target], now: now) }
    }
  }

  /// The core frames one packet; all others differ in the payload only.
  private func makeHeader(to target: SocketAddress, _ payload: NumberedPayload) -> [UInt8] {
    let template = payload.template
    switch framing {
    case .channels: core.send(template, on: Self.channel)
    case .indications: core.send(template, to: target)
    }
    let datagram = core.output.removeLast()
    return Array(datagram[..<(datagram.firstRange(of: template)?.lowerBound ?? 0)])
  }

  /// Gives the allocation back.
  func end(now: Instant) {
    guard relay != nil, stage != .ended else { return }
    stage = .closing
    ask { $0.refresh(seconds: 0, now: now) }
  }

  /// `true` the first time: it is set up, or will not be.
  func settle() -> Bool {
    defer { isSettled = true }
    return !isSettled
  }

  /// Asks for nothing any more.
  func giveUp(_ stage: Stage) { self.stage = stage }

  /// Sends again what got no answer, and renews what would run out.
  func tick(now: Instant) -> [TURNClient.Event] {
    if now >= renewAt, stage == .ready, let target {
      renewAt = now + Self.renewal
      ask { $0.refresh(seconds: Self.lifetimeSeconds, now: now) }
      askForPath(to: target, now: now)
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
    for bytes in core.output {
      var sender = TrainSender()
      _ = sender.send(bytes.span, segment: bytes.count, from: socket)
    }
    core.output.removeAll(keepingCapacity: true)
  }

  // MARK: What comes

  /// Where the payload of ChannelData on our channel is, or `nil` for anything else. Packets go
  /// this way, so nothing is done but that.
  @inline(__always)
  func channelPayload(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int>? {
    guard range.count >= 4, bytes.uint16(at: range.lowerBound) == Self.channel else { return nil }
    let start = range.lowerBound + 4
    let end = start + Int(bytes.uint16(at: range.lowerBound + 2))
    return end <= range.upperBound ? start..<end : nil
  }

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
    peer?.close(on: loop)
  }
}
