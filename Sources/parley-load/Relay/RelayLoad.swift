// A relay run: sets clients up, sends at a steady rate, waits for the rest, cleans up.

internal import Crypto
internal import EventLoop
internal import NetTypes
internal import TURNClient
internal import Traffic

/// Everything happens on one loop, on the calling thread.
final class RelayLoad: DeadlineHandler, ClientHost {
  private enum Phase {
    case opening, sending, draining, closing, over
  }

  /// Packets sent before the sockets are read again.
  private static let packetsPerTurn = 256
  /// How often requests are looked after.
  private static let tick = Duration.milliseconds(50)
  /// Nothing arrived for so long: what is missing is lost.
  private static let drainWait = Duration.seconds(1)
  private static let closeWait = Duration.seconds(3)

  private let options: RelayOptions
  private let loop: EventLoop
  private let reader = TrainReader()
  private let payload: NumberedPayload
  private let clients: RelayClients
  private var phase = Phase.opening
  private var nextTick = Instant.zero
  private var phaseEnds = Instant.distantFuture
  /// The clients with a path, who take turns in sending.
  private var senders: [RelayClient] = []
  private var pacer = Pacer(start: .zero, perSecond: 1, total: 0)
  private var sender = TrainSender()
  /// What clients send, and what peers send.
  private var up: Burst
  private var down: Burst
  private(set) var counts = PacketCounts()
  private var cost: ServerCost?
  private var progress: Progress
  private(set) var isInterrupted = false

  init(_ options: RelayOptions, _ streams: StreamMaker?) throws(SystemError) {
    self.options = options
    ProcessLimits.raiseDescriptorLimit()
    loop = try EventLoop()
    var random = SecureRandom()
    payload = NumberedPayload(run: UInt32(truncatingIfNeeded: random.next()), size: options.size)
    clients = RelayClients(options, payload: payload)
    down = Burst(of: options.burst, header: [], payload: payload)
    up = down
    progress = Progress(
      of: "packets", isShown: Progress.isShown(isAsked: options.showsProgress))
    try clients.fill(self, streams: streams, on: loop)
  }

  /// Runs to the end, or until SIGINT or SIGTERM, which end it early but in order.
  func run() throws(SystemError) -> Report {
    let signals = try ProcessSignals([.stop], on: loop) { [unowned self] _ in interrupted() }
    loop.add(self)
    loop.run()
    withExtendedLifetime(signals) {}
    for client in clients.all {
      counts.tally(client.arrivals)
      counts.tally(client.peersArrivals)
    }
    clients.close(on: loop)
    return report()
  }

  private func interrupted() {
    isInterrupted = true
    switch phase {
    case .opening, .sending: stopSending(now: loop.now)
    case .draining: startClosing(now: loop.now)
    case .closing, .over: finish()
    }
  }

  // MARK: Time

  var nextDeadline: Instant? {
    switch phase {
    case .opening: min(nextTick, clients.nextOpening)
    case .sending:
      options.spins ? .zero : min(nextTick, pacer.due, phaseEnds)
    case .draining, .closing, .over: min(nextTick, phaseEnds)
    }
  }

  func advance(to now: Instant) {
    if now >= nextTick {
      nextTick = now + Self.tick
      clients.tick(now: now)
      progress.tell(arrived: counts.received, missing: counts.lost, now: now)
      if phase == .closing && clients.isClosed { return finish() }
    }
    switch phase {
    case .opening: openMore(now: now)
    case .sending: send(now: now)
    case .draining: if now >= phaseEnds { startClosing(now: now) }
    case .closing: if now >= phaseEnds { finish() }
    case .over: break
    }
  }

  private func openMore(now: Instant) {
    clients.openMore(now: now)
    if clients.isOpen { startSending(now: Clock.now()) }
  }

  // MARK: Sending

  private func startSending(now: Instant) {
    senders = clients.ready
    guard let first = senders.first else { return startClosing(now: now) }
    phase = .sending
    up = Burst(
      of: options.burst, header: first.header, payload: payload, alignment: options.alignment)
    cost = ServerCost(of: options.process)
    let flows = senders.count * options.flowsPerClient
    pacer = Pacer(
      start: now, perSecond: options.perSecond * flows, stride: options.burst,
      total: options.burstsPerSender * flows)
    phaseEnds = now + options.sendingMax
    progress.begin(now: now)
  }

  /// Sends what is due, one sender after the other.
  private func send(now: Instant) {
    guard now < phaseEnds else { return stopSending(now: now) }
    var time = now
    var left = Self.packetsPerTurn
    while left > 0 {
      guard !pacer.isOver else { return stopSending(now: time) }
      time = Clock.now()
      let due = pacer.due
      guard due <= time else { return }
      counts.left(sendNext(due: due), of: options.burst, at: time, due: due)
      pacer.advance()
      left -= options.burst
    }
  }

  /// Sends one burst: first those of all clients are due, then those of all peers.
  private func sendNext(due: Instant) -> TrainSender.Outcome {
    let flows = senders.count * options.flowsPerClient
    let (round, flow) = pacer.next.quotientAndRemainder(dividingBy: flows)
    let number = UInt64(round * options.burst)
    let client = senders[flow % senders.count]
    let isUp = flow < senders.count && (options.isPaired || options.direction.isUp)
    guard !isUp, let peer = client.peer else {
      // Channels have the same number everywhere; indications name the peer.
      if options.framing == .indications { up.address(client.header) }
      up.stamp(sender: Sender.client(client.index), number: number, due: due)
      return client.link.map { up.send(on: $0, by: &sender) } ?? TrainSender.Outcome()
    }
    down.stamp(sender: Sender.peer(of: client.index), number: number, due: due)
    return down.send(from: peer.socket, to: client.relay, by: &sender)
  }

  private func stopSending(now: Instant) {
    phase = .draining
    counts.unsent = (pacer.total - pacer.next) * options.burst
    phaseEnds = now + Self.drainWait
    if counts.isComplete { startClosing(now: now) }
  }

  // MARK: Receiving

  func drain(_ client: RelayClient) {
    guard case .datagrams(let socket)? = client.link else { return }
    reader.read(socket) { bytes, range, now in
      received(bytes, range, on: client, now: now)
    }
    heard()
  }

  @inline(__always)
  func received(_ bytes: Span<UInt8>, _ range: Range<Int>, on client: RelayClient, now: Instant) {
    if let payload = client.payload(in: bytes, range) {
      judge(bytes, payload, on: client, now: now)
    } else {
      answered(bytes.extracting(range), on: client, now: now)
    }
  }

  func drain(_ peer: PlainPeer) {
    reader.read(peer.socket) { bytes, range, now in
      let index = Sender.index(of: payload.sender(of: bytes, range))
      guard index < clients.all.count else {
        counts.foreign += 1
        return
      }
      judge(bytes, range, from: Sender.client(index), in: &clients.all[index].peersArrivals, now)
    }
    heard()
  }

  private func judge(
    _ bytes: Span<UInt8>, _ range: Range<Int>, on client: RelayClient, now: Instant
  ) {
    let sender =
      options.isPaired ? Sender.client(client.index ^ 1) : Sender.peer(of: client.index)
    judge(bytes, range, from: sender, in: &client.arrivals, now)
  }

  @inline(__always)
  private func judge(
    _ bytes: Span<UInt8>, _ range: Range<Int>, from sender: UInt32,
    in tracker: inout SequenceTracker, _ now: Instant
  ) {
    switch payload.check(bytes, range, from: sender) {
    case .foreign: counts.foreign += 1
    case .corrupt: counts.corrupt += 1
    case .valid(let number, let due):
      if let took = counts.arrived(number, due: due, in: &tracker, at: now) {
        progress.record(took)
      }
    }
  }

  /// An indication, or an answer to a request.
  private func answered(_ bytes: Span<UInt8>, on client: RelayClient, now: Instant) {
    guard let event = client.received(bytes, now: now) else { return }
    guard case .data(let source, let range) = event else {
      clients.handle(event, of: client, now: now)
      if phase == .opening { openMore(now: now) }
      return
    }
    guard source == client.target else {
      counts.foreign += 1
      return
    }
    judge(bytes, range, on: client, now: now)
  }

  /// Something has arrived: what is still missing may, too.
  private func heard() {
    guard phase == .draining else { return }
    if counts.isComplete {
      startClosing(now: loop.now)
    } else {
      phaseEnds = loop.now + Self.drainWait
    }
  }

  func disconnected(_ client: RelayClient, now: Instant) {
    clients.failed(client, "the server closed a connection")
    if phase == .opening { openMore(now: now) }
  }

  // MARK: Ending

  private func startClosing(now: Instant) {
    phase = .closing
    cost?.stop()
    phaseEnds = now + Self.closeWait
    clients.startClosing(now: now)
    if clients.isClosed { finish() }
  }

  private func finish() {
    phase = .over
    loop.stop()
  }

  private func report() -> Report {
    let ready = senders.count
    var report = Report(
      command: RelayOptions.command, title: options.title(of: ready))
    report.add("clients", "clients", .count(options.clients))
    report.add("clients_ready", "clients with a path", .count(ready))
    counts.add(to: &report, perSecond: options.perSecond * options.flowsPerClient * ready)
    report.add(
      "payload_mbit_per_second", "payload received",
      .decimal(counts.receivedPerSecond * Double(options.size) * 8 / 1e6, unit: "Mbit/s"))
    let relayed = options.isPaired ? 2 * counts.received : counts.received
    cost?.add(to: &report, of: relayed, each: "packet")
    counts.addRest(to: &report, expectsNoLoss: options.expectsNoLoss)
    report.add("allocation", "allocation", clients.allocation)
    report.add(problems: clients.problems)
    report.require(options.clients - ready, "clients without a path")
    if isInterrupted { report.fail("interrupted") }
    return report
  }
}
