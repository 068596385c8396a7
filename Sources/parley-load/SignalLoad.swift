// A signaling run: fills the rooms, sends at a steady rate, waits for the rest, leaves.

internal import Crypto
internal import EventLoop
internal import JSON
internal import Logging
internal import NetTypes

/// Everything happens on one loop, on the calling thread.
final class SignalLoad: DeadlineHandler {
  private enum Phase {
    case joining, sending, draining, leaving, over
  }

  /// One room: its peers join one after the other, so that each knows whom it has to see coming.
  private struct Room {
    var places: [String: Int] = [:]
    /// Peers who were started.
    var started = 0
    var isBroken = false
  }

  /// Rooms that are filled at the same time.
  private static let joiningMax = 64
  private static let joinWait = Duration.seconds(10)
  private static let sendsPerTurn = 64
  private static let tick = Duration.milliseconds(50)
  /// Nothing arrived for so long: what is missing is lost.
  private static let drainWait = Duration.seconds(2)
  private static let leaveWait = Duration.seconds(5)
  private static let notePause = Duration.seconds(5)
  /// Peers that could not join before anybody could: there is no server, or none that answers.
  private static let failuresMax = 64

  let url: SignalURL
  private let options: SignalOptions
  private let schedule: SignalSchedule
  private let loop: EventLoop
  private var parser = JSONObjectParser(sizeMax: 1 << 20)
  private let runName: String
  private var rooms: [Room]
  /// Room by room.
  private var peers: [SignalPeer] = []
  private var nextRoom = 0
  private var roomsUnderWay = 0
  private var living = 0
  private var phase = Phase.joining
  private var nextTick = Instant.zero
  private var phaseEnds = Instant.distantFuture
  private var pacer = Pacer(start: .zero, perSecond: 1, total: 0)
  private var results = SignalResults()
  private let offender: Offender?
  private var isDisturbed = false
  /// Peers that did not get as far as being in their room.
  private var failures = 0
  private var nextNote: Instant

  /// - Parameters:
  ///   - name: part of the rooms' names, different for each run.
  ///   - offender: begins when half of the messages are sent.
  init(
    _ options: SignalOptions, _ url: SignalURL, name: String = newRunName(),
    disturbedBy offender: Offender? = nil
  ) throws(SystemError) {
    self.options = options
    self.url = url
    self.offender = offender
    runName = name
    nextNote = Clock.now() + Self.notePause
    schedule = SignalSchedule(peers: options.peers)
    ProcessLimits.raiseDescriptorLimit()
    loop = try EventLoop()
    rooms = Array(repeating: Room(), count: options.rooms)
    for room in 0..<options.rooms {
      for index in 0..<options.peers {
        peers.append(SignalPeer(self, room: room, index: index, options: options))
      }
    }
  }

  /// Different for each run, so that two runs at once do not meet.
  func roomName(_ room: Int) -> String { Self.roomName(room, of: runName) }

  static func roomName(_ room: Int, of run: String) -> String { "load-\(run)-\(room)" }

  static func newRunName() -> String {
    var random = SecureRandom()
    return String(random.next(), radix: 36)
  }

  /// Runs to the end, or until SIGINT or SIGTERM, which end it early but in order.
  func run() throws(SystemError) -> Report { try runToEnd().report(options) }

  func runToEnd() throws(SystemError) -> SignalResults {
    let signals = try ProcessSignals([.stop], on: loop) { [unowned self] _ in interrupted() }
    loop.add(self)
    offender?.prepareSoon()
    loop.run()
    withExtendedLifetime(signals) {}
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

  private func peer(_ room: Int, _ index: Int) -> SignalPeer {
    peers[room * options.peers + index]
  }

  // MARK: Time

  var nextDeadline: Instant? {
    let next = min(nextTick, phaseEnds)
    return phase == .sending ? min(next, pacer.due) : next
  }

  func advance(to now: Instant) {
    if now >= nextTick {
      nextTick = now + Self.tick
      look(now: now)
    }
    switch phase {
    case .joining: fillRooms(now: now)
    case .sending: send(now: now)
    case .draining: if now >= phaseEnds { startLeaving(now: now) }
    case .leaving: if now >= phaseEnds { finish() }
    case .over: break
    }
  }

  /// Whoever waits is told how far it is.
  private func note(now: Instant) {
    guard now >= nextNote else { return }
    nextNote = now + Self.notePause
    let sent = phase == .joining ? "" : ", \(pacer.next) of \(pacer.total) messages sent"
    Console.note("\(results.joined) of \(peers.count) peers joined\(sent)")
  }

  private func look(now: Instant) {
    note(now: now)
    for peer in peers {
      switch peer.stage {
      case .joined: if now >= peer.nextPing { peer.ping(now: now) }
      case .connecting, .upgrading, .joining:
        if now - peer.stageSince > Self.joinWait { peer.fail("no answer while joining") }
      case .new, .leaving, .ended: break
      }
    }
  }

  // MARK: Joining

  private func fillRooms(now: Instant) {
    while roomsUnderWay < Self.joiningMax, nextRoom < rooms.count {
      roomsUnderWay += 1
      nextRoom += 1
      startNext(in: nextRoom - 1)
    }
    guard phase == .joining, roomsUnderWay == 0, nextRoom == rooms.count,
      offender?.isReady != false
    else { return }
    startSending(now: Clock.now())
  }

  private func startNext(in room: Int) {
    let index = rooms[room].started
    guard index < options.peers, !rooms[room].isBroken, phase == .joining else {
      roomsUnderWay -= 1
      return
    }
    rooms[room].started += 1
    living += 1
    let peer = peer(room, index)
    do {
      try peer.connect(url, on: loop)
    } catch {
      peer.fail("\(error)")
    }
  }

  /// The WebSocket of a peer is there.
  func opened(_ peer: SignalPeer) {
    results.opening.record((Clock.now() - peer.stageSince).wholeNanoseconds)
  }

  private func joined(_ peer: SignalPeer, now: Instant) {
    guard peer.stage == .joining, let id = parser.string("peer"),
      let heartbeat = parser.integer("heartbeat"), heartbeat > 0
    else { return peer.fail("a `joined` that was not expected, or lacks something") }
    results.joining.record((now - peer.stageSince).wholeNanoseconds)
    results.joined += 1
    if parser.integer("ack") != 1 { results.sequenceBreaks += 1 }
    peer.joined(as: id, heartbeat: .milliseconds(heartbeat), now: now)
    rooms[peer.room].places[id] = peer.index
    startNext(in: peer.room)
  }

  // MARK: Sending

  private func startSending(now: Instant) {
    guard living > 0 else { return startLeaving(now: now) }
    phase = .sending
    pacer = Pacer(
      start: now, perSecond: options.perSecond * peers.count,
      total: options.messages * peers.count)
    phaseEnds = now + options.sendingMax
  }

  /// Sends what is due, one peer after the other.
  private func send(now: Instant) {
    guard now < phaseEnds else { return stopSending(now: now) }
    for _ in 0..<Self.sendsPerTurn {
      guard !pacer.isOver else { return stopSending(now: now) }
      let time = Clock.now()
      guard pacer.due <= time else { return }
      let (number, index) = pacer.next.quotientAndRemainder(dividingBy: peers.count)
      if offender != nil && !isDisturbed && options.isLate(number) {
        isDisturbed = true
        offender?.beginSoon()
      }
      let peer = peers[index]
      if rooms[peer.room].isBroken || peer.stage != .joined {
        results.unsent += 1
      } else {
        // Kept for the next turn: the schedule does not wait, so this shows as lag.
        guard peer.isWritable else { return }
        let target = schedule.target(of: number, from: peer.index)
        results.sent(
          receivers: schedule.receivers(of: number), at: time, due: pacer.due,
          in: options.part(of: number, room: peer.room))
        // When it was due, so that waiting for its turn here is not left out.
        peer.sendMessage(number, to: target.flatMap { self.peer(peer.room, $0).id }, due: pacer.due)
      }
      pacer.advance()
    }
  }

  private func stopSending(now: Instant) {
    phase = .draining
    offender?.endSoon()
    results.unsent += pacer.total - pacer.next
    phaseEnds = now + Self.drainWait
    if results.isComplete { startLeaving(now: now) }
  }

  // MARK: Receiving

  func received(_ text: Span<UInt8>, by peer: SignalPeer) {
    let now = Clock.now()
    do throws(JSONError) {
      try parser.parse(text)
    } catch {
      return peer.fail("a message that is no JSON object: \(error)")
    }
    let type = parser.string("type")
    if type == "pong" {
      results.pongs += 1
      if !peer.isRightPong(seq: parser.integer("seq"), ack: parser.integer("ack")) {
        results.sequenceBreaks += 1
      }
      return
    }
    if !peer.takeNumber(parser.integer("seq")) { results.sequenceBreaks += 1 }
    switch type {
    case "message": message(to: peer, now: now)
    case "joined": joined(peer, now: now)
    case "presence": peer.seenJoining += SignalFrames.arrivals(in: text)
    case "error": refused(peer)
    default: results.problems["a message of the type \(type ?? "none")", default: 0] += 1
    }
    guard phase == .draining else { return }
    if results.isComplete {
      startLeaving(now: now)
    } else {
      phaseEnds = now + Self.drainWait
    }
  }

  private func message(to peer: SignalPeer, now: Instant) {
    let from = parser.string("from") ?? ""
    if offender != nil && rooms[peer.room].places[from] == nil { return }
    guard let sender = rooms[peer.room].places[from],
      let number = parser.integer("n", in: "data"), let time = parser.integer("t", in: "data"),
      (0..<Int64(options.messages)).contains(number),
      parser.string("p", in: "data") == self.peer(peer.room, sender).padding
    else {
      results.corrupt += 1
      return
    }
    guard schedule.isDue(Int(number), from: sender, at: peer.index) else {
      results.misdelivered += 1
      return
    }
    guard peer.lanes[sender].record(Int(number)) else {
      results.outOfOrder += 1
      return
    }
    results.delivered(
      sentAt: Instant(nanoseconds: time), at: now,
      in: options.part(of: Int(number), room: peer.room))
  }

  private func refused(_ peer: SignalPeer) {
    let code = parser.string("code") ?? "without a code"
    results.problems["error \(code)", default: 0] += 1
    guard let seq = parser.integer("re") else { return }
    let number = SignalPeer.message(ofSeq: Int(seq))
    guard (0..<options.messages).contains(number) else { return }
    results.refused(
      receivers: schedule.receivers(of: number), in: options.part(of: number, room: peer.room))
  }

  // MARK: Ending

  func failed(_ peer: SignalPeer, _ problem: String, in stage: SignalPeer.Stage) {
    results.problems[problem, default: 0] += 1
    rooms[peer.room].isBroken = true
    switch stage {
    case .joined, .leaving: results.lostConnections += 1
    default:
      failures += 1
      if results.joined == 0 && failures == Self.failuresMax { return startLeaving(now: loop.now) }
      startNext(in: peer.room)
    }
  }

  func ended(_ peer: SignalPeer) {
    living -= 1
    if living == 0, phase == .leaving { finish() }
  }

  private func startLeaving(now: Instant) {
    guard phase != .leaving, phase != .over else { return }
    phase = .leaving
    phaseEnds = now + Self.leaveWait
    checkArrivals()
    for peer in peers where peer.stage != .new { peer.leave() }
    if living == 0 { finish() }
  }

  /// Everybody has seen those come who joined later.
  private func checkArrivals() {
    for peer in peers where peer.stage == .joined && !rooms[peer.room].isBroken {
      // Offenders come and go there.
      if offender != nil && peer.room == 0 { continue }
      let missing = rooms[peer.room].started - 1 - peer.index - peer.seenJoining
      if missing != 0 { results.problems["arrivals missing or too many", default: 0] += 1 }
    }
  }

  private func finish() {
    phase = .over
    loop.stop()
  }
}
