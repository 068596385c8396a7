// One peer of a signaling run: its place in the protocol, and its numbers.

internal import EventLoop
internal import NetTypes
internal import WebSocket

/// Confined to the loop, as everything here.
final class SignalPeer: SignalConnectionOwner {
  enum Stage: Equatable {
    case new, opening, joining, joined
    /// Its connection was cut, and there is none yet.
    case away
    case leaving, ended
  }

  /// What was received without having been acknowledged, at which a ping is due.
  private static let unacknowledgedMax = 64
  /// A server allows 20 of them a second.
  private static let pingPause = Duration.milliseconds(60)
  private static let retryFirst = Duration.milliseconds(100)
  private static let retryDoublings = 4

  let room: Int
  /// The place in its room, which is the order of joining.
  let index: Int
  /// The place among all peers.
  let place: Int
  private unowned let load: SignalLoad
  private(set) var connection: SignalConnection?

  private(set) var stage = Stage.new
  private(set) var stageSince = Instant.zero
  /// The name of this peer for the others, once joined.
  private(set) var id: [UInt8] = []
  /// The newest secret of its session; empty before there is one.
  private var session = ""
  private(set) var sentSeq = 0
  private(set) var receivedSeq = 0
  /// From each peer of the room, by its place.
  var lanes: [SignalLane]
  var seenJoining = 0

  /// Messages that may be sent by now.
  var due = 0
  /// The next to be sent, or to be sent again.
  private(set) var next = 0
  /// Messages that were sent at least once.
  private(set) var sent = 0
  /// Toward the next message, where each waits for one before it.
  var worth = 0

  /// The number that was the last one at the ping whose answer is awaited.
  private var pingedSeq: Int?
  private var unacknowledged = 0
  private var heartbeat = Duration.seconds(15)
  private var nextPing = Instant.distantFuture
  private var nextPingAllowed = Instant.zero

  /// Since when its connection is cut.
  private(set) var cutAt = Instant.zero
  private(set) var returnAt = Instant.zero
  private var attempts = 0

  init(_ load: SignalLoad, room: Int, index: Int, place: Int, peers: Int) {
    self.load = load
    self.room = room
    self.index = index
    self.place = place
    lanes = Array(repeating: SignalLane(), count: peers)
  }

  private func enter(_ stage: Stage) {
    self.stage = stage
    stageSince = Clock.now()
  }

  // MARK: Opening

  func connect(_ door: SignalDoor, on loop: EventLoop) throws(SystemError) {
    enter(.opening)
    connection = try SignalConnection(
      door, from: door.source(place), on: loop, owner: self)
  }

  func opened() {
    load.opened(self)
    if load.isEcho {
      // What stands in an echo: a number like those behind a join, and an id.
      (sentSeq, receivedSeq) = (1, 1)
      id = Array("pechoechoe".utf8)
      enter(.joined)
      return load.ready(self)
    }
    enter(.joining)
    if session.isEmpty {
      sentSeq = 1
      say(SignalFrames.join(room: load.roomName(room), name: "Load \(index)"))
    } else {
      say(
        SignalFrames.resume(
          seq: sentSeq, room: load.roomName(room), session: session, ack: receivedSeq))
    }
  }

  /// The answer to a join or a return.
  func joined(as id: String, session: String, heartbeat: Duration, now: Instant) {
    self.id = Array(id.utf8)
    self.session = session
    self.heartbeat = heartbeat
    attempts = 0
    pingedSeq = nil
    enter(.joined)
    // Spread over time, as the beginnings of real peers are.
    nextPing = now + heartbeat / 2 * (place % 256 + 1) / 256
  }

  /// Whether it has a session to come back to.
  var hasSession: Bool { !session.isEmpty }

  // MARK: Receiving

  func received(_ text: Span<UInt8>) { load.received(text, by: self) }

  /// Whether the server's number goes on where it was.
  func takeNumber(_ seq: Int) -> Bool {
    defer { receivedSeq = seq }
    return seq == receivedSeq + 1
  }

  /// After a gap.
  func jump(to seq: Int) { receivedSeq = seq }

  /// A pong repeats the server's last number, and acknowledges what was sent before the ping.
  func isRightPong(seq: Int?, ack: Int?) -> Bool {
    defer { pingedSeq = nil }
    return pingedSeq != nil && seq == receivedSeq && ack == pingedSeq
  }

  // MARK: Sending

  /// Whether a further message may be added to what waits.
  var isWritable: Bool { stage == .joined && connection?.isWritable == true }

  /// The number of the protocol for message `number`: `join` has 1, and nothing else takes one.
  static func seq(ofMessage number: Int) -> Int { number + 2 }
  static func message(ofSeq seq: Int) -> Int { seq - 2 }

  /// Sends message ``next``, whose frame is given. Returns whether it is the first time.
  func send(_ frame: Span<UInt8>) -> Bool {
    sentSeq = Self.seq(ofMessage: next)
    next += 1
    connection?.send(frame)
    guard next > sent else { return false }
    sent = next
    return true
  }

  /// Goes back to what the server has not got.
  func rewind(to ack: Int) {
    sentSeq = ack
    next = max(0, Self.message(ofSeq: ack + 1))
  }

  /// Counts a message that needs to be acknowledged.
  func countReceived() { unacknowledged += 1 }

  func pingIfDue(now: Instant) {
    guard stage == .joined, pingedSeq == nil,
      unacknowledged >= Self.unacknowledgedMax || now >= nextPing, now >= nextPingAllowed
    else { return }
    nextPing = now + heartbeat / 2
    nextPingAllowed = now + Self.pingPause
    unacknowledged = 0
    pingedSeq = sentSeq
    say(SignalFrames.ping(seq: sentSeq, ack: receivedSeq))
  }

  func leave() {
    guard stage == .joined, !load.isEcho else { return finish() }
    enter(.leaving)
    sentSeq += 1
    say(SignalFrames.leave(seq: sentSeq))
  }

  private func say(_ text: [UInt8]) {
    connection?.send(load.door.frame(.text, text.span).span)
  }

  // MARK: Ending

  func ended(_ problem: String, code: UInt16?) {
    switch stage {
    case .leaving: finish()
    case .opening, .joining: hasSession ? load.returnFailed(self, problem) : fail(problem)
    case .new, .joined, .away, .ended: fail(problem)
    }
  }

  /// The connection breaks, and the session goes on.
  func cut(now: Instant) {
    connection?.drop()
    connection = nil
    cutAt = now
    returnAt = now
    enter(.away)
  }

  /// Tries again later: each time twice as long, and not all at once.
  func waitToReturn(now: Instant) {
    connection?.drop()
    connection = nil
    let pause = Self.retryFirst * (1 << min(attempts, Self.retryDoublings))
    attempts += 1
    returnAt = now + pause / 2 + pause / 2 * (place % 64) / 64
    enter(.away)
  }

  /// Ends at once, with the reason for the report.
  func fail(_ problem: String) {
    guard stage != .ended else { return }
    let was = stage
    finish()
    load.failed(self, problem, in: was)
  }

  func finish() {
    guard stage != .ended else { return }
    stage = .ended
    connection?.drop()
    connection = nil
    load.ended(self)
  }
}
