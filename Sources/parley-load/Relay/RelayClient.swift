// One client of a run: its way to the server, its allocation, and whom it talks to.

internal import EventLoop
internal import NetTypes
internal import STUN
internal import TURNClient
internal import Traffic

/// Confined to the loop, as everything here.
final class RelayClient: EventHandler {
  /// What a client is waiting for.
  enum Stage: Equatable {
    case new, connecting, allocating, allocated, opening, ready, failed, closing, ended
  }

  /// The one channel of each client (RFC 8656 §12: 0x4000...0x4FFF).
  static let channel: UInt16 = 0x4000
  static let bufferBytes = 4 << 20
  /// Permissions last 300 s (RFC 8656 §9), channels and allocations 600 s.
  private static let renewal = Duration.seconds(200)
  private static let lifetimeSeconds: UInt32 = 600

  let index: Int
  /// `nil` in pairs.
  let peer: PlainPeer?
  unowned let host: any ClientHost
  private let framing: Framing
  private let loop: EventLoop
  private var registration: EventLoop.Registration?
  /// There from the beginning for datagrams, and from ``start(now:)`` for streams.
  private(set) var link: ClientLink?
  let streams: StreamMaker?
  private var core: TURNClient
  private var bare: BareHandshake?

  private(set) var stage = Stage.new
  /// Whether nothing more is done to set it up.
  private var isSettled = false
  private(set) var relay: SocketAddress?
  private(set) var askedAt = Instant.zero
  /// Whom it sends to and hears.
  private(set) var target: SocketAddress?
  /// What stands in front of the payloads that it sends.
  private(set) var header: [UInt8] = []
  /// Requests without an answer; while there are any, `tick` has to be called.
  private(set) var waiting = 0
  private var renewAt = Instant.distantFuture
  /// What came of the packets for it, and of those that it sent to its peer.
  var arrivals: SequenceTracker
  var peersArrivals: SequenceTracker

  /// - Parameters:
  ///   - seed: of its transaction IDs.
  ///   - streams: `nil` for datagrams.
  init(
    _ host: any ClientHost, index: Int, options: RelayOptions, peer: PlainPeer?,
    credentials: (name: String, password: String), seed: UInt64, streams: StreamMaker?,
    on loop: EventLoop
  ) throws(SystemError) {
    self.host = host
    self.index = index
    self.peer = peer
    self.streams = streams
    self.loop = loop
    framing = options.framing
    arrivals = SequenceTracker(capacity: options.packetsTowardsClient)
    peersArrivals = SequenceTracker(capacity: options.packetsTowardsPeer)
    // As browsers sign, so that servers that know more do not have to do more.
    core = TURNClient(
      username: credentials.name, password: credentials.password,
      family: options.server.ip.family, isLegacy: true, random: SplitMix64(seed: seed))
    if options.isBare, let peer { bare = BareHandshake(peer: peer.socket.address) }
    guard streams == nil else { return }
    let socket = try UDPSocket(
      bind: Commands.localAddress(towards: options.server), reusePort: false, packetInfo: false,
      bufferBytes: Self.bufferBytes)
    try socket.connect(to: options.server)
    TrainBatch.accept(at: socket)
    registration = try loop.register(socket.descriptor, for: .readable, handler: self)
    link = .datagrams(socket)
  }

  func ready(_ readiness: Readiness, now: Instant) { host.drain(self) }

  // MARK: Asking

  /// Connects, where that is needed, and asks for an allocation.
  func start(now: Instant) throws(SystemError) {
    askedAt = now
    guard let streams else { return allocate(now: now) }
    stage = .connecting
    let stream = try streams.connect(on: loop)
    stream.handler = self
    link = .stream(stream)
  }

  func allocate(now: Instant) {
    stage = .allocating
    guard bare == nil else {
      bare?.begin(now: now)
      waiting += 1
      if let request = bare?.request { link?.send(request) }
      return
    }
    ask { $0.allocate(now: now) }
  }

  /// Lets packets of `target` in, and ours be wrapped in the framing asked for.
  func open(to target: SocketAddress, payload: NumberedPayload, now: Instant) {
    self.target = target
    guard bare == nil else {
      stage = .ready
      return
    }
    stage = .opening
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

  /// Keeps the allocation.
  func refresh(now: Instant) {
    ask { $0.refresh(seconds: Self.lifetimeSeconds, now: now) }
  }

  /// Gives the allocation back.
  func end(now: Instant) {
    guard relay != nil, stage != .ended else { return }
    guard bare == nil else { return giveUp(.ended) }
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
      refresh(now: now)
      askForPath(to: target, now: now)
    }
    guard waiting > 0 else { return [] }
    guard bare == nil else { return tickBare(now: now) }
    let events = core.advance(to: now)
    flush()
    waiting -= events.count
    return events
  }

  private func tickBare(now: Instant) -> [TURNClient.Event] {
    guard let again = bare?.advance(to: now) else {
      waiting = 0
      return [.timedOut(.allocate)]
    }
    if again, let request = bare?.request { link?.send(request) }
    return []
  }

  private func ask(_ request: (inout TURNClient) -> Void) {
    waiting += 1
    request(&core)
    flush()
  }

  private func flush() {
    guard !core.output.isEmpty else { return }
    for bytes in core.output { link?.send(bytes) }
    core.output.removeAll(keepingCapacity: true)
  }

  // MARK: What comes

  /// Where the payload is in what came in ChannelData on our channel, or without any framing; `nil`
  /// for anything else. Packets go this way, so nothing is done but that.
  @inline(__always)
  func payload(in bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int>? {
    guard bare == nil else { return range.count == BareHandshake.length ? nil : range }
    guard range.count >= 4, bytes.uint16(at: range.lowerBound) == Self.channel else { return nil }
    let start = range.lowerBound + 4
    let end = start + Int(bytes.uint16(at: range.lowerBound + 2))
    return end <= range.upperBound ? start..<end : nil
  }

  /// Anything that is no such packet.
  func received(_ bytes: Span<UInt8>, now: Instant) -> TURNClient.Event? {
    let event = bare == nil ? core.received(bytes, now: now) : bare?.answered(bytes)
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
    if case .stream(let stream)? = link { stream.handler = nil }
    link?.close()
    link = nil
  }
}
