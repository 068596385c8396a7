// A signaling run: fills the rooms, sends, waits for the rest, leaves.

internal import Crypto
internal import EventLoop
internal import JSON
internal import Logging
internal import NetTypes

/// Everything happens on one loop, on the calling thread.
final class SignalLoad: DeadlineHandler {
  enum Phase {
    case joining, sending, draining, leaving, over
  }

  /// One room: its peers join one after the other, so that each knows whom it has to see coming.
  struct Room {
    /// Peers who were started.
    var started = 0
    var isBroken = false
  }

  static let joinWait = Duration.seconds(10)
  private static let tick = Duration.milliseconds(50)
  /// Nothing arrived for so long: what is missing is lost.
  static let drainWait = Duration.seconds(2)
  private static let leaveWait = Duration.seconds(5)

  let door: SignalDoor
  let options: SignalOptions
  let schedule: SignalSchedule
  let order: SendOrder
  let loop: EventLoop
  let offender: Offender?
  private let runName: String
  /// How long the first peer may take; then there is no server, or none that answers.
  private let answerWait: Duration

  var parser = JSONObjectParser(sizeMax: 1 << 20)
  let peerForm: MessageForm
  let roomForm: MessageForm
  var peerTemplate: MessageTemplate
  var roomTemplate: MessageTemplate

  var rooms: [Room]
  /// Room by room.
  private(set) var peers: [SignalPeer] = []
  var joining = JoinQueue()
  var returning = ReturnQueue()
  var storm: Storm?
  var living = 0
  private(set) var phase = Phase.joining
  private var nextTick = Instant.zero
  var phaseEnds = Instant.distantFuture
  var pacer = Pacer(start: .zero, perSecond: 1, total: 0)
  var results = SignalResults()
  var progress: Progress
  var isDisturbed = false
  /// Why there was no run.
  private var refusal: NoAnswer?

  /// - Parameters:
  ///   - name: part of the rooms' names, different for each run.
  ///   - offender: begins when half of the messages are sent.
  ///   - answerWait: how long the first peer waits to be in its room.
  init(
    _ options: SignalOptions, _ url: SignalURL, name: String = newRunName(),
    disturbedBy offender: Offender? = nil, answerWait: Duration = .seconds(5)
  ) throws(SystemError) {
    self.options = options
    self.offender = offender
    self.answerWait = answerWait
    runName = name
    door = SignalDoor(url, subprotocols: options.isEcho ? [] : [SignalFrames.subprotocol])
    schedule = SignalSchedule(peers: options.peers, fanOut: options.fanOut)
    order = SendOrder(peers: options.connections)
    peerForm = MessageForm(.peer, size: options.size, isEcho: options.isEcho)
    roomForm = MessageForm(.room, size: options.size, isEcho: options.isEcho)
    peerTemplate = MessageTemplate(peerForm, maskKey: door.maskKey)
    roomTemplate = MessageTemplate(roomForm, maskKey: door.maskKey)
    progress = Progress(of: "messages", isShown: options.showsProgress)
    ProcessLimits.raiseDescriptorLimit()
    loop = try EventLoop(sleepsPrecisely: true)
    rooms = Array(repeating: Room(), count: options.rooms)
    for place in 0..<options.connections {
      let (room, index) = place.quotientAndRemainder(dividingBy: options.peers)
      peers.append(
        SignalPeer(self, room: room, index: index, place: place, peers: options.peers))
    }
  }

  var isEcho: Bool { options.isEcho }

  /// Different for each run, so that two runs at once do not meet.
  func roomName(_ room: Int) -> String { Self.roomName(room, of: runName) }

  static func roomName(_ room: Int, of run: String) -> String { "load-\(run)-\(room)" }

  static func newRunName() -> String {
    var random = SecureRandom()
    return String(random.next(), radix: 36)
  }

  /// Runs to the end, or until SIGINT or SIGTERM, which end it early but in order.
  func run() throws -> Report { try runToEnd().report(options) }

  func runToEnd() throws -> SignalResults {
    let signals = try ProcessSignals([.stop], on: loop) { [unowned self] _ in interrupted() }
    loop.add(self)
    offender?.prepareSoon()
    results.usage.begun(options.process)
    joining.begin(perSecond: options.joinsPerSecond, now: Clock.now())
    loop.run()
    withExtendedLifetime(signals) {}
    if let refusal { throw refusal }
    return results
  }

  private func interrupted() {
    results.interrupted = true
    switch phase {
    case .joining, .draining: startLeaving(now: loop.now)
    case .sending: stopSending(now: loop.now)
    case .leaving, .over: finish()
    }
  }

  func peer(_ room: Int, _ index: Int) -> SignalPeer { peers[room * options.peers + index] }

  // MARK: Time

  var nextDeadline: Instant? {
    let next = min(nextTick, phaseEnds)
    switch phase {
    case .joining: return min(next, joining.deadline)
    case .sending: return min(next, pacer.isOver ? .distantFuture : pacer.due)
    case .draining, .leaving, .over: return next
    }
  }

  func advance(to now: Instant) {
    if now >= nextTick {
      nextTick = now + Self.tick
      look(now: now)
    }
    startReturns()
    switch phase {
    case .joining: startJoins(now: now)
    case .sending: send(now: now)
    case .draining: if now >= phaseEnds || isQuiet { startLeaving(now: now) }
    case .leaving: if now >= phaseEnds { finish() }
    case .over: break
    }
  }

  private func look(now: Instant) {
    tellProgress(now: now)
    for peer in peers {
      switch peer.stage {
      case .joined:
        if !isEcho { peer.pingIfDue(now: now) }
        // Whose connection took no more when it was due.
        if options.inFlight == nil && peer.next < peer.due { sendOwed(by: peer, now: now) }
      case .opening, .joining:
        let wait = results.joined == 0 ? answerWait : Self.joinWait
        if now - peer.stageSince > wait { gaveUp(peer) }
      case .away: if now >= peer.returnAt { returning.add(peer) }
      case .new, .leaving, .ended: break
      }
    }
    if phase == .sending { advanceStorm(now: now) }
  }

  private func gaveUp(_ peer: SignalPeer) {
    let problem = peer.stage == .opening ? "no answer while opening" : "no answer while joining"
    peer.hasSession ? returnFailed(peer, problem) : peer.fail(problem)
  }

  private func tellProgress(now: Instant) {
    guard now >= progress.deadline else { return }
    if phase == .joining {
      progress.begin(now: now)
      Console.note("\(results.joined) of \(peers.count) peers joined")
    } else {
      progress.tell(arrived: results.delivered, missing: results.missing, now: now)
    }
  }

  // MARK: Phases

  func startSending(now: Instant) {
    guard living > 0 else { return startLeaving(now: now) }
    phase = .sending
    results.usage.sending(options.process, now: now)
    progress.begin(now: now)
    if let ask = options.storm { storm = Storm(ask, at: now + options.duration / 2) }
    if let most = options.inFlight {
      phaseEnds = now + options.duration
      for peer in peers where peer.stage == .joined { peer.due = most }
      for peer in peers { sendOwed(by: peer, now: now) }
    } else {
      let rate = options.totalPerSecond
      pacer = Pacer(
        start: now, perSecond: max(1, rate), total: options.messagesEach * peers.count)
      phaseEnds = now + (rate == 0 ? options.duration : options.sendingMax)
    }
  }

  func stopSending(now: Instant) {
    phase = .draining
    offender?.endSoon()
    results.unsent += pacer.total - pacer.next
    results.usage.sent(options.process, delivered: results.delivered, now: now)
    phaseEnds = now + Self.drainWait
  }

  /// Whether nothing more is to come.
  var isQuiet: Bool { results.isComplete && returning.isIdle && storm?.isOver != false }

  func startLeaving(now: Instant) {
    guard phase != .leaving, phase != .over else { return }
    phase = .leaving
    phaseEnds = now + Self.leaveWait
    checkArrivals()
    for peer in peers where peer.due > peer.sent { results.unsent += peer.due - peer.sent }
    for peer in peers where peer.stage != .new { peer.leave() }
    if living == 0 { finish() }
  }

  /// Everybody has seen those come who joined later.
  private func checkArrivals() {
    guard !isEcho else { return }
    for peer in peers where peer.stage == .joined && !rooms[peer.room].isBroken {
      // Offenders come and go there.
      if offender != nil && peer.room == 0 { continue }
      let missing = rooms[peer.room].started - 1 - peer.index - peer.seenJoining
      if missing != 0 { results.problems["arrivals missing or too many", default: 0] += 1 }
    }
  }

  /// There is nobody to measure.
  func refuse(_ problem: String) {
    refusal = NoAnswer(address: door.url.address.text, problem: problem)
    finish()
  }

  func ended(_ peer: SignalPeer) {
    living -= 1
    if living == 0, phase == .leaving { finish() }
  }

  private func finish() {
    phase = .over
    loop.stop()
  }
}

/// Why no run began.
struct NoAnswer: Error, CustomStringConvertible, Equatable {
  let address: String
  /// What the first peer met.
  let problem: String

  var description: String { "no signaling at \(address): \(problem)" }
}
