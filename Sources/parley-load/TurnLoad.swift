// A relay run: sets pairs of clients up, sends at a steady rate, waits for the rest, cleans up.

internal import Crypto
internal import EventLoop
internal import NetTypes
internal import TURNClient

/// Everything happens on one loop, on the calling thread.
final class TurnLoad: DeadlineHandler {
  private enum Phase {
    case opening, sending, draining, closing, over
  }

  /// Clients that are set up at the same time: a run measures packets, not a storm of newcomers.
  private static let openingMax = 64
  /// Sends before the sockets are read again.
  private static let sendsPerTurn = 64
  private static let batchesPerTurn = 4
  /// How often requests are looked after.
  private static let tick = Duration.milliseconds(50)
  /// Nothing arrived for so long: what is missing is lost.
  private static let drainWait = Duration.seconds(1)
  private static let closeWait = Duration.seconds(3)

  private let options: TurnOptions
  private let loop: EventLoop
  private let batch = DatagramBatch(capacity: 64)
  private var peers: [TurnPeer] = []
  private var phase = Phase.opening
  private var opened = 0
  private var nextTick = Instant.zero
  private var phaseEnds = Instant.distantFuture
  /// The clients of complete pairs, who take turns in sending.
  private var senders: [TurnPeer] = []
  private var pacer: Pacer
  private(set) var results = TurnResults()

  init(_ options: TurnOptions) throws(SystemError) {
    self.options = options
    ProcessLimits.raiseDescriptorLimit()
    loop = try EventLoop()
    pacer = Pacer(start: .zero, perSecond: 1, total: 0)
    var random = SecureRandom()
    let run = UInt32(truncatingIfNeeded: random.next())
    let now = loop.wallClock.unixSeconds(at: loop.now)
    for index in 0..<options.clients {
      let payload = NumberedPayload(run: run, sender: UInt32(index), size: options.size)
      peers.append(
        try TurnPeer(
          self, options: options, credentials: options.credentials(of: index, unixSeconds: now),
          payload: payload, on: loop))
    }
  }

  /// Runs to the end, or until SIGINT or SIGTERM, which end it early but in order.
  func run() throws(SystemError) -> Report {
    let signals = try ProcessSignals([.stop], on: loop) { [unowned self] _ in interrupted() }
    loop.add(self)
    loop.run()
    withExtendedLifetime(signals) {}
    for peer in peers {
      results.tally(peer.tracker)
      peer.close(on: loop)
    }
    return results.report(options, pairs: senders.count / 2)
  }

  private func interrupted() {
    results.interrupted = true
    switch phase {
    case .opening, .sending: stopSending(now: loop.now)
    case .draining: startClosing(now: loop.now)
    case .closing, .over: finish()
    }
  }

  private func partner(of peer: TurnPeer) -> TurnPeer { peers[Int(peer.payload.sender ^ 1)] }

  // MARK: Time

  var nextDeadline: Instant? {
    guard phase == .sending else { return min(nextTick, phaseEnds) }
    return options.spins ? .zero : min(nextTick, pacer.due, phaseEnds)
  }

  func advance(to now: Instant) {
    if now >= nextTick {
      nextTick = now + Self.tick
      look(now: now)
    }
    switch phase {
    case .opening: openMore(now: now)
    case .sending: send(now: now)
    case .draining: if now >= phaseEnds { startClosing(now: now) }
    case .closing: if now >= phaseEnds { finish() }
    case .over: break
    }
  }

  private func look(now: Instant) {
    for peer in peers where peer.stage != .ended {
      for event in peer.tick(partner: partner(of: peer).relay, now: now) {
        handle(event, of: peer, now: now)
      }
    }
  }

  // MARK: Setting up

  private func openMore(now: Instant) {
    var underWay = peers[..<opened].count { ![.ready, .failed].contains($0.stage) }
    while underWay < Self.openingMax, opened < peers.count {
      for peer in peers[opened..<opened + 2] { peer.allocate(now: now) }
      opened += 2
      underWay += 2
    }
    guard underWay == 0, opened == peers.count else { return }
    startSending(now: Clock.now())
  }

  private func handle(_ event: TURNClient.Event, of peer: TurnPeer, now: Instant) {
    switch event {
    case .allocated:
      results.allocation.record((Clock.now() - peer.askedAt).wholeNanoseconds)
      let other = partner(of: peer)
      guard let relay = peer.relay, let otherRelay = other.relay, other.stage == .allocated else {
        return
      }
      peer.open(to: otherRelay, now: now)
      other.open(to: relay, now: now)
    case .channelBound, .permitted: if phase == .opening { openMore(now: now) }
    case .refreshed: if phase == .closing { closeIfDone() }
    case .refused(let method, let code):
      failed(peer, TurnResults.explain("\(method)", code: code), now: now)
    case .timedOut(let method): failed(peer, "\(method) got no answer", now: now)
    case .data, .unreachable: break
    }
  }

  private func failed(_ peer: TurnPeer, _ problem: String, now: Instant) {
    results.problems[problem, default: 0] += 1
    switch phase {
    case .opening:
      // The partner is of no use alone; what it has is given back at the end.
      peer.giveUp(.failed)
      partner(of: peer).giveUp(.failed)
      openMore(now: now)
    case .closing:
      peer.giveUp(.ended)
      closeIfDone()
    case .sending, .draining, .over: break
    }
  }

  // MARK: Sending

  private func startSending(now: Instant) {
    senders = peers.filter { $0.stage == .ready }
    guard !senders.isEmpty else { return startClosing(now: now) }
    phase = .sending
    pacer = Pacer(
      start: now, perSecond: options.perSecond * senders.count,
      total: options.packetsPerClient * senders.count)
    phaseEnds = now + options.sendingMax
  }

  /// Sends what is due, one client after the other.
  private func send(now: Instant) {
    guard now < phaseEnds else { return stopSending(now: now) }
    var time = now
    for _ in 0..<Self.sendsPerTurn {
      guard !pacer.isOver else { return stopSending(now: time) }
      time = Clock.now()
      let due = pacer.due
      guard due <= time else { return }
      let (number, index) = pacer.next.quotientAndRemainder(dividingBy: senders.count)
      switch senders[index].send(number: UInt64(number), now: time) {
      case .sent: results.sent(at: time, due: due)
      // Kept for the next turn: the schedule does not wait, so this shows as lag.
      case .full: return
      case .failed(let code): results.sendFailed(code)
      }
      pacer.advance()
    }
  }

  private func stopSending(now: Instant) {
    phase = .draining
    results.unsent = pacer.total - pacer.next
    phaseEnds = now + Self.drainWait
    if results.isComplete { startClosing(now: now) }
  }

  // MARK: Receiving

  func drain(_ peer: TurnPeer) {
    let other = partner(of: peer)
    for _ in 0..<Self.batchesPerTurn {
      let count = batch.receive(from: peer.socket)
      guard count > 0 else { break }
      let time = Clock.now()
      for index in 0..<count { receive(index, on: peer, from: other, now: time) }
      if count < batch.capacity { break }
    }
    guard phase == .draining else { return }
    if results.isComplete {
      startClosing(now: loop.now)
    } else {
      phaseEnds = loop.now + Self.drainWait
    }
  }

  private func receive(
    _ index: Int, on peer: TurnPeer, from other: TurnPeer, now: Instant
  ) {
    guard let datagram = batch.datagram(index), datagram.source == options.server else {
      results.foreign += 1
      return
    }
    batch.withBytes(index) { bytes in
      let received = bytes.span.extracting(datagram.payload)
      guard let event = peer.received(received, now: now) else { return }
      guard case .data(let source, let range) = event else {
        return handle(event, of: peer, now: now)
      }
      guard source == other.relay else {
        results.foreign += 1
        return
      }
      switch other.payload.check(received.extracting(range)) {
      case .foreign: results.foreign += 1
      case .corrupt: results.corrupt += 1
      case .valid(let number, let sentAt):
        switch peer.tracker.record(number) {
        case .inOrder, .reordered: results.received(sentAt: sentAt, at: now)
        case .duplicate: break
        case .outOfRange: results.corrupt += 1
        }
      }
    }
  }

  // MARK: Ending

  private func startClosing(now: Instant) {
    phase = .closing
    phaseEnds = now + Self.closeWait
    for peer in peers { peer.end(now: now) }
    closeIfDone()
  }

  private func closeIfDone() {
    if peers.allSatisfy({ $0.stage != .closing }) { finish() }
  }

  private func finish() {
    phase = .over
    loop.stop()
  }
}
