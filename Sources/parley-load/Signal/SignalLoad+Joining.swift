// The part of a signaling run that brings peers into their rooms.

internal import EventLoop
internal import JSON
internal import NetTypes

/// Who is to join next, and when.
struct JoinQueue {
  /// Rooms that are filled at the same time.
  static let roomsMax = 64

  /// Rooms whose next peer may start.
  private(set) var waiting: [Int] = []
  private var done = 0
  var roomsUnderWay = 0
  var nextRoom = 0
  /// Nil: as fast as it goes.
  private var pacer: Pacer?

  mutating func begin(perSecond: Int?, now: Instant) {
    pacer = perSecond.map { Pacer(start: now, perSecond: $0, total: .max / 1_000_000_000) }
  }

  mutating func add(_ room: Int) { waiting.append(room) }

  /// When the next may start, if any waits.
  var deadline: Instant {
    guard done < waiting.count else { return .distantFuture }
    return pacer?.due ?? .zero
  }

  mutating func next(now: Instant) -> Int? {
    guard deadline <= now else { return nil }
    pacer?.advance()
    let room = waiting[done]
    done += 1
    if done == waiting.count {
      waiting.removeAll(keepingCapacity: true)
      done = 0
    }
    return room
  }
}

extension SignalLoad {
  /// Begins with one peer: where it finds nobody, nobody else has to wait.
  func startJoins(now: Instant) {
    let most = results.joined == 0 ? 1 : JoinQueue.roomsMax
    while joining.roomsUnderWay < most, joining.nextRoom < rooms.count {
      joining.roomsUnderWay += 1
      joining.nextRoom += 1
      startNext(in: joining.nextRoom - 1)
    }
    while phase == .joining, let room = joining.next(now: now) { start(in: room) }
    guard phase == .joining, joining.roomsUnderWay == 0, joining.nextRoom == rooms.count,
      offender?.isReady != false
    else { return }
    startSending(now: Clock.now())
  }

  private func startNext(in room: Int) {
    guard rooms[room].started < options.peers, !rooms[room].isBroken, phase == .joining else {
      joining.roomsUnderWay -= 1
      return
    }
    joining.add(room)
  }

  private func start(in room: Int) {
    let peer = peer(room, rooms[room].started)
    rooms[room].started += 1
    living += 1
    results.started(now: Clock.now())
    do {
      try peer.connect(door, on: loop)
    } catch {
      peer.fail("\(error)")
    }
  }

  /// The WebSocket of a peer is there.
  func opened(_ peer: SignalPeer) {
    results.opening.record((Clock.now() - peer.stageSince).wholeNanoseconds)
  }

  /// A peer is in its room, for the first time.
  func ready(_ peer: SignalPeer) {
    results.joined(now: Clock.now())
    startNext(in: peer.room)
  }

  /// A `joined`, whose text is in the parser.
  func joined(_ peer: SignalPeer, now: Instant) {
    guard peer.stage == .joining, let id = parser.string("peer"),
      let session = parser.string("session"), let seq = parser.integer("seq"),
      let ack = parser.integer("ack"), let heartbeat = parser.integer("heartbeat"), heartbeat > 0
    else { return peer.fail("a `joined` that was not expected, or lacks something") }
    let isReturn = peer.hasSession
    let isResumed = parser.boolean("resumed") == true
    let gap = parser.string("gap")
    guard isReturn == isResumed else {
      results.lostSessions += 1
      return peer.fail("a session that was gone")
    }
    if isReturn {
      if let gap { results.problems["a gap told: \(gap)", default: 0] += 1 }
      if gap == nil && Int(seq) != peer.receivedSeq { results.sequenceBreaks += 1 }
      peer.jump(to: Int(seq))
    } else {
      results.joining.record((now - peer.stageSince).wholeNanoseconds)
      if !peer.takeNumber(Int(seq)) || ack != 1 { results.sequenceBreaks += 1 }
    }
    peer.joined(as: id, session: session, heartbeat: .milliseconds(heartbeat), now: now)
    isReturn ? returned(peer, ack: Int(ack), now: now) : ready(peer)
  }

  func failed(_ peer: SignalPeer, _ problem: String, in stage: SignalPeer.Stage) {
    results.problems[problem, default: 0] += 1
    rooms[peer.room].isBroken = true
    switch stage {
    case .joined, .leaving, .away: results.lostConnections += 1
    case .new, .opening, .joining, .ended:
      guard !peer.hasSession else {
        results.lostConnections += 1
        return returning.ended()
      }
      if results.joined == 0 { return refuse(problem) }
      startNext(in: peer.room)
    }
  }
}
