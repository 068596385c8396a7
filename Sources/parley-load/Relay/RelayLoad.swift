// A relay run: sets clients up, sends at a steady rate, waits for the rest, cleans up.

internal import Crypto
internal import EventLoop
internal import NetTypes
internal import TURNClient
internal import Traffic

/// Everything happens on one loop, on the calling thread.
final class RelayLoad: DeadlineHandler {
  private enum Phase {
    case opening, sending, draining, closing, over
  }

  /// Packets sent before the sockets are read again.
  private static let packetsPerTurn = 256
  private static let batchesPerTurn = 4
  /// How often requests are looked after.
  private static let tick = Duration.milliseconds(50)
  /// Nothing arrived for so long: what is missing is lost.
  private static let drainWait = Duration.seconds(1)
  private static let closeWait = Duration.seconds(3)

  private let options: RelayOptions
  private let loop: EventLoop
  private let batch = TrainBatch()
  private let payload: NumberedPayload
  private let clients: RelayClients
  private var phase = Phase.opening
  private var nextTick = Instant.zero
  private var phaseEnds = Instant.distantFuture
  /// The clients with a path, who take turns in sending.
  private var senders: [RelayClient] = []
  private var pacer = Pacer(start: .zero, perSecond: 1, total: 0)
  private var sender = TrainSender()
  /// What clients and what peers send.
  private var up: Burst
  private var down: Burst
  private var counts = RelayCounts()
  private var cost: ServerCost?
  private var isInterrupted = false

  init(_ options: RelayOptions) throws(SystemError) {
    self.options = options
    ProcessLimits.raiseDescriptorLimit()
    loop = try EventLoop()
    var random = SecureRandom()
    payload = NumberedPayload(run: UInt32(truncatingIfNeeded: random.next()), size: options.size)
    clients = RelayClients(options, payload: payload)
    down = Burst(of: options.burst, header: [], payload: payload)
    up = down
    let now = loop.wallClock.unixSeconds(at: loop.now)
    for index in 0..<options.clients {
      clients.add(
        try RelayClient(
          self, index: index, options: options,
          credentials: options.credentials(of: index, unixSeconds: now), on: loop))
    }
  }

  /// Runs to the end, or until SIGINT or SIGTERM, which end it early but in order.
  func run() throws(SystemError) -> Report {
    let signals = try ProcessSignals([.stop], on: loop) { [unowned self] _ in interrupted() }
    loop.add(self)
    loop.run()
    withExtendedLifetime(signals) {}
    for client in clients.all {
      counts.tally(client.inbox.tracker)
      if let peer = client.peer { counts.tally(peer.inbox.tracker) }
    }
    clients.close(on: loop)
    var report = counts.report(
      options, ready: senders.count, allocation: clients.allocation, cost: cost,
      problems: clients.problems)
    if isInterrupted { report.fail("interrupted") }
    return report
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
    guard phase == .sending else { return min(nextTick, phaseEnds) }
    return options.spins ? .zero : min(nextTick, pacer.due, phaseEnds)
  }

  func advance(to now: Instant) {
    if now >= nextTick {
      nextTick = now + Self.tick
      clients.tick(now: now)
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
    up = Burst(of: options.burst, header: first.header, payload: payload)
    cost = ServerCost(of: options.process)
    let flows = senders.count * options.flowsPerClient
    pacer = Pacer(
      start: now, perSecond: options.perSecond * flows, stride: options.burst,
      total: options.burstsPerSender * flows)
    phaseEnds = now + options.sendingMax
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
      let outcome = sendNext(due: due)
      // Kept for the next turn: the schedule does not wait, so this shows as lag.
      if outcome.isFull && outcome.sent == 0 { return }
      counts.left(outcome, of: options.burst, at: time, due: due)
      pacer.advance()
      left -= options.burst
    }
  }

  /// Sends one burst: first those of all clients are due, then those of all peers.
  private func sendNext(due: Instant) -> TrainSender.Outcome {
    let flows = senders.count * options.flowsPerClient
    let (round, flow) = pacer.next.quotientAndRemainder(dividingBy: flows)
    let number = UInt64(round * options.burst)
    let isUp = flow < senders.count && (options.isPaired || options.direction.isUp)
    let client = senders[flow % senders.count]
    guard !isUp, let peer = client.peer else {
      return sendUp(from: client, number: number, due: due)
    }
    down.stamp(sender: Inbox.peer(of: client.index), number: number, due: due)
    return down.send(from: peer.socket, by: &sender)
  }

  private func sendUp(
    from client: RelayClient, number: UInt64, due: Instant
  ) -> TrainSender.Outcome {
    // Channels have the same number everywhere; indications name the peer.
    if options.framing == .indications { up.address(client.header) }
    up.stamp(sender: Inbox.client(client.index), number: number, due: due)
    return up.send(from: client.socket, by: &sender)
  }

  private func stopSending(now: Instant) {
    phase = .draining
    counts.unsent = (pacer.total - pacer.next) * options.burst
    phaseEnds = now + Self.drainWait
    if counts.isComplete { startClosing(now: now) }
  }

  // MARK: Receiving

  func drain(_ client: RelayClient) {
    receive(from: client.socket) { bytes, range, now in
      if let payload = client.channelPayload(bytes, range) {
        counts.received(bytes, payload, as: self.payload, in: &client.inbox, at: now)
      } else {
        receive(bytes.extracting(range), on: client, now: now)
      }
    }
  }

  func drain(_ peer: PlainPeer) {
    receive(from: peer.socket) { bytes, range, now in
      counts.received(bytes, range, as: payload, in: &peer.inbox, at: now)
    }
  }

  @inline(__always)
  private func receive(
    from socket: UDPSocket, _ body: (Span<UInt8>, Range<Int>, Instant) -> Void
  ) {
    for _ in 0..<Self.batchesPerTurn {
      let count = batch.receive(from: socket)
      guard count > 0 else { break }
      let now = Clock.now()
      for index in 0..<count {
        batch.forEach(in: index) { bytes, range in body(bytes, range, now) }
      }
      if count < TrainBatch.slots { break }
    }
    guard phase == .draining else { return }
    if counts.isComplete {
      startClosing(now: loop.now)
    } else {
      phaseEnds = loop.now + Self.drainWait
    }
  }

  /// An indication, or an answer to a request.
  private func receive(_ bytes: Span<UInt8>, on client: RelayClient, now: Instant) {
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
    counts.received(bytes, range, as: payload, in: &client.inbox, at: now)
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
}
