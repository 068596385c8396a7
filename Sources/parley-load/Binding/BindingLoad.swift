// A run of Binding requests: sends at a steady rate, and waits for the rest.

internal import Crypto
internal import EventLoop
internal import NetTypes
internal import Traffic

/// Everything happens on one loop, on the calling thread.
final class BindingLoad: DeadlineHandler {
  private enum Phase {
    case sending, draining, over
  }

  /// One client: its socket, and what came of its requests.
  private final class Asker: EventHandler {
    let socket: UDPSocket
    let index: Int
    var arrivals: SequenceTracker
    private unowned let load: BindingLoad
    private var registration: EventLoop.Registration?

    init(_ load: BindingLoad, index: Int, options: BindingOptions) throws(SystemError) {
      self.load = load
      self.index = index
      arrivals = SequenceTracker(capacity: options.burstsPerClient * options.burst)
      socket = try UDPSocket(
        bind: Commands.localAddress(towards: options.server), reusePort: false, packetInfo: false,
        bufferBytes: 4 << 20)
      try socket.connect(to: options.server)
      TrainBatch.accept(at: socket)
      registration = try load.loop.register(socket.descriptor, for: .readable, handler: self)
    }

    func ready(_ readiness: Readiness, now: Instant) { load.drain(self) }

    func close() {
      if let registration { load.loop.deregister(registration) }
      socket.close()
    }
  }

  /// Requests sent before the sockets are read again.
  private static let requestsPerTurn = 256
  private static let tick = Duration.milliseconds(50)
  /// Nothing arrived for so long: what is missing is lost.
  private static let drainWait = Duration.seconds(1)

  private let options: BindingOptions
  private let loop: EventLoop
  private let reader = TrainReader()
  private var askers: [Asker] = []
  private var burst: BindingBurst
  private var sender = TrainSender()
  private var phase = Phase.sending
  private var pacer: Pacer
  private var nextTick = Instant.zero
  private var phaseEnds: Instant
  private(set) var counts = PacketCounts()
  private var cost: ServerCost?
  private var progress: Progress
  private(set) var isInterrupted = false

  init(_ options: BindingOptions) throws(SystemError) {
    self.options = options
    ProcessLimits.raiseDescriptorLimit()
    loop = try EventLoop()
    var random = SecureRandom()
    burst = BindingBurst(of: options.burst, run: UInt32(truncatingIfNeeded: random.next()))
    progress = Progress(
      of: "answers", isShown: Progress.isShown(isAsked: options.showsProgress))
    pacer = Pacer(start: .zero, perSecond: 1, total: 0)
    phaseEnds = .distantFuture
    for index in 0..<options.clients {
      askers.append(try Asker(self, index: index, options: options))
    }
  }

  /// Runs to the end, or until SIGINT or SIGTERM, which end it early.
  func run() throws(SystemError) -> Report {
    let signals = try ProcessSignals([.stop], on: loop) { [unowned self] _ in
      isInterrupted = true
      finish()
    }
    let now = Clock.now()
    pacer = Pacer(
      start: now, perSecond: options.perSecond * askers.count, stride: options.burst,
      total: options.burstsPerClient * askers.count)
    phaseEnds = now + .seconds(options.secondsOfRun) + .milliseconds(100)
    cost = ServerCost(of: options.process)
    progress.begin(now: now)
    loop.add(self)
    loop.run()
    withExtendedLifetime(signals) {}
    for asker in askers {
      counts.tally(asker.arrivals)
      asker.close()
    }
    return report()
  }

  // MARK: Sending

  var nextDeadline: Instant? {
    guard phase == .sending else { return min(nextTick, phaseEnds) }
    return options.spins ? .zero : min(nextTick, pacer.due, phaseEnds)
  }

  func advance(to now: Instant) {
    if now >= nextTick {
      nextTick = now + Self.tick
      progress.tell(arrived: counts.received, missing: counts.lost, now: now)
    }
    switch phase {
    case .sending: send(now: now)
    case .draining: if now >= phaseEnds { finish() }
    case .over: break
    }
  }

  /// Sends what is due, one client after the other.
  private func send(now: Instant) {
    guard now < phaseEnds else { return stopSending(now: now) }
    var left = Self.requestsPerTurn
    while left > 0 {
      let time = Clock.now()
      guard !pacer.isOver else { return stopSending(now: time) }
      let due = pacer.due
      guard due <= time else { return }
      let (round, index) = pacer.next.quotientAndRemainder(dividingBy: askers.count)
      burst.stamp(UInt64(round * options.burst))
      let outcome = burst.send(from: askers[index].socket, by: &sender)
      counts.left(outcome, of: options.burst, at: time, due: due)
      pacer.advance()
      left -= options.burst
    }
  }

  private func stopSending(now: Instant) {
    phase = .draining
    counts.unsent = (pacer.total - pacer.next) * options.burst
    phaseEnds = now + Self.drainWait
    if counts.isComplete { finish() }
  }

  private func finish() {
    phase = .over
    cost?.stop()
    loop.stop()
  }

  // MARK: Receiving

  private func drain(_ asker: Asker) {
    reader.read(asker.socket) { bytes, range, now in
      switch burst.check(bytes, range, asker: asker.socket.address) {
      case .foreign: counts.foreign += 1
      case .corrupt: counts.corrupt += 1
      case .answer(let number): arrived(number, at: asker, now: now)
      }
    }
    guard phase == .draining else { return }
    if counts.isComplete { finish() } else { phaseEnds = loop.now + Self.drainWait }
  }

  /// An answer does not say when it was asked for; the schedule does.
  private func arrived(_ number: UInt64, at asker: Asker, now: Instant) {
    guard number < UInt64(asker.arrivals.capacity) else {
      counts.corrupt += 1
      return
    }
    let due = pacer.due(Int(number) / options.burst * askers.count + asker.index)
    if let took = counts.arrived(number, due: due, in: &asker.arrivals, at: now) {
      progress.record(took)
    }
  }

  // MARK: Report

  private func report() -> Report {
    let burst = options.burst > 1 ? " in bursts of \(options.burst)" : ""
    var report = Report(
      command: BindingOptions.command,
      title: "\(options.server.text) over UDP: Binding requests of \(options.clients) clients, "
        + "\(options.perSecond) a second each" + burst)
    report.add("clients", "clients", .count(options.clients))
    counts.add(to: &report, perSecond: options.perSecond * options.clients)
    cost?.add(to: &report, of: counts.received, each: "response")
    counts.addRest(to: &report, expectsNoLoss: false)
    if counts.received == 0 { report.fail("nothing was answered") }
    if isInterrupted { report.fail("interrupted") }
    return report
  }
}

extension BindingLoad {
  /// Runs what the command line asks for: one run, or a series of them.
  static func run(_ options: BindingOptions) throws(SystemError) -> Ending {
    guard options.findsMax else {
      return Ending(try BindingLoad(options).run(), json: options.json)
    }
    let search = RateSearch(
      from: options.perSecond, most: BindingOptions.perSecondMax / options.clients)
    let report = try MaxRate.find(search, senders: options.clients) { rate throws(SystemError) in
      let load = try BindingLoad(options.at(rate))
      let report = try load.run()
      return RateTry(counts: load.counts, report: report, isInterrupted: load.isInterrupted)
    }
    return Ending(report, json: options.json)
  }
}
