// A run without packets: how fast allocations are made and refreshed, and what one costs.

internal import EventLoop
internal import NetTypes
internal import TURNClient
internal import Traffic

/// Everything happens on one loop, on the calling thread.
final class AllocationLoad: DeadlineHandler, ClientHost {
  private enum Phase {
    case opening, holding, refreshing, closing, over
  }

  private static let tick = Duration.milliseconds(50)
  private static let closeWait = Duration.seconds(3)
  /// Refreshes without an answer at the same time.
  private static let refreshingMax = 64
  private static let refreshWait = Duration.seconds(30)

  private let options: RelayOptions
  private let loop: EventLoop
  private let reader = TrainReader()
  private let clients: RelayClients
  private var phase = Phase.opening
  private var nextTick = Instant.zero
  private var phaseEnds = Instant.distantFuture
  private var holders: [RelayClient] = []
  private var making: ServerCost?
  private var began = Instant.zero
  private var made = Duration.zero
  private var refreshing: ServerCost?
  private var refreshesBegan = Instant.zero
  private var refreshes = Duration.zero
  private var asked = 0
  private var refreshed = 0
  private var isInterrupted = false

  init(_ options: RelayOptions, _ streams: StreamMaker?) throws(SystemError) {
    self.options = options
    ProcessLimits.raiseDescriptorLimit()
    loop = try EventLoop()
    let payload = NumberedPayload(run: 0, size: NumberedPayload.sizeMin)
    clients = RelayClients(options, payload: payload)
    try clients.fill(self, streams: streams, on: loop)
  }

  /// Runs to the end, or until SIGINT or SIGTERM, which end it early but in order.
  func run() throws(SystemError) -> Report {
    let signals = try ProcessSignals([.stop], on: loop) { [unowned self] _ in interrupted() }
    loop.add(self)
    began = Clock.now()
    making = ServerCost(of: options.process)
    loop.run()
    withExtendedLifetime(signals) {}
    clients.close(on: loop)
    return report()
  }

  private func interrupted() {
    isInterrupted = true
    phase == .closing ? finish() : startClosing(now: loop.now)
  }

  // MARK: Time

  var nextDeadline: Instant? {
    phase == .opening ? min(nextTick, clients.nextOpening) : min(nextTick, phaseEnds)
  }

  func advance(to now: Instant) {
    if now >= nextTick {
      nextTick = now + Self.tick
      clients.tick(now: now)
      if phase == .closing && clients.isClosed { return finish() }
    }
    switch phase {
    case .opening: openMore(now: now)
    case .holding: if now >= phaseEnds { startRefreshing(now: now) }
    case .refreshing: if now >= phaseEnds { startClosing(now: now) }
    case .closing: if now >= phaseEnds { finish() }
    case .over: break
    }
  }

  private func openMore(now: Instant) {
    clients.openMore(now: now)
    guard clients.isOpen else { return }
    made = Clock.now() - began
    holders = clients.ready
    phase = .holding
    phaseEnds = now + .seconds(options.holdSeconds)
    making?.stop()
  }

  private func startRefreshing(now: Instant) {
    phase = .refreshing
    phaseEnds = now + Self.refreshWait
    refreshing = ServerCost(of: options.process)
    refreshesBegan = Clock.now()
    refreshMore(now: now)
  }

  private func refreshMore(now: Instant) {
    while asked < holders.count, asked - refreshed < Self.refreshingMax {
      holders[asked].refresh(now: now)
      asked += 1
    }
    guard refreshed == holders.count else { return }
    refreshes = Clock.now() - refreshesBegan
    refreshing?.stop()
    startClosing(now: now)
  }

  private func startClosing(now: Instant) {
    phase = .closing
    phaseEnds = now + Self.closeWait
    clients.startClosing(now: now)
    if clients.isClosed { finish() }
  }

  private func finish() {
    phase = .over
    loop.stop()
  }

  // MARK: Receiving

  func drain(_ client: RelayClient) {
    guard case .datagrams(let socket)? = client.link else { return }
    reader.read(socket) { bytes, range, now in received(bytes, range, on: client, now: now) }
  }

  /// There are none in such a run.
  func drain(_ peer: PlainPeer) {}

  func received(_ bytes: Span<UInt8>, _ range: Range<Int>, on client: RelayClient, now: Instant) {
    guard let event = client.received(bytes.extracting(range), now: now) else { return }
    clients.handle(event, of: client, now: now)
    switch phase {
    case .opening: openMore(now: now)
    case .refreshing:
      guard case .refreshed = event else { return }
      refreshed += 1
      refreshMore(now: now)
    case .holding, .closing, .over: break
    }
  }

  func disconnected(_ client: RelayClient, now: Instant) {
    clients.failed(client, "the server closed a connection")
    if phase == .opening { openMore(now: now) }
  }

  // MARK: Report

  private func report() -> Report {
    let count = holders.count
    let over = options.transport.text.uppercased()
    var report = Report(
      command: RelayOptions.command, title: "\(options.server.text) over \(over): allocations")
    report.add("clients", "clients", .count(options.clients))
    report.add("clients_ready", "allocations", .count(count))
    report.add("allocations_per_second", "made", .decimal(rate(count, made), unit: "a second"))
    report.add(
      "refreshes_per_second", "refreshed", .decimal(rate(refreshed, refreshes), unit: "a second"))
    if let making {
      making.add(to: &report, of: count, each: "allocation")
      let grown = count > 0 ? making.grownBytes / count : 0
      report.add("bytes_per_allocation", "memory of each", .count(grown, note: "bytes"))
    }
    if let refreshing, refreshed > 0 {
      report.add(
        "server_cpu_us_per_refresh", "for each refresh",
        .decimal(refreshing.per(refreshed), unit: "µs", digits: 3))
    }
    report.add("allocation", "allocation", clients.allocation)
    report.add(problems: clients.problems)
    report.require(options.clients - count, "clients without an allocation")
    report.require(count - refreshed, "allocations not refreshed")
    if isInterrupted { report.fail("interrupted") }
    return report
  }

  private func rate(_ count: Int, _ time: Duration) -> Double {
    time > .zero ? Double(count) * 1e9 / Double(time.wholeNanoseconds) : 0
  }
}
