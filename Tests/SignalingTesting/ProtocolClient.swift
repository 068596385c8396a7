// A client of `parley.v1`, written from Docs/protocol.md and from nothing else.

public import NetTypes

/// One client and its session over any number of sockets, without any of them: it is given what
/// arrives and gives what is to be sent. Signals that are sent while it has no session under way
/// wait, without a number, until it has one again.
public struct ProtocolClient: Sendable {
  /// How far it is.
  public enum Phase: Hashable, Sendable {
    /// It wants a socket.
    case disconnected
    /// Its `join` is under way.
    case joining
    /// In the room.
    case inside
    /// It will not come back.
    case over
  }

  /// What clients may do one way or the other.
  public struct Habits: Hashable, Sendable {
    /// How long an answer may take before the socket is given up.
    public var patience = Duration.seconds(5)
    /// Messages after which a ping comes before its time.
    public var messagesPerPing = 64
    /// Whether a ping follows `joined` at once.
    public var pingsOnEntry = true
    /// How many messages it sends again although they were acknowledged.
    public var resentTooMany = 0
    /// How many messages it claims not to have received, of those that it has not acknowledged.
    public var forgets: Int64 = 0

    /// The usual ones.
    public init() {}
  }

  /// Its room.
  public let room: String
  /// Its name for people.
  public let name: String
  /// Its join token, where the server wants one.
  public let token: String?
  /// What it does one way or the other.
  public let habits: Habits

  /// How far it is.
  public internal(set) var phase = Phase.disconnected
  /// What the others call it, since it first joined.
  public internal(set) var peer: String?
  /// The newest secret.
  public internal(set) var session: String?
  /// Who else is in the room.
  public var roster = Roster([])
  /// The last number used.
  public internal(set) var lastSent: Int64 = 0
  /// Everything up to this number is known to have arrived.
  public internal(set) var acknowledged: Int64 = 0
  /// The last number received.
  public internal(set) var lastReceived: Int64 = 0
  /// What was received twice and dropped.
  public internal(set) var duplicates = 0
  /// What was sent again, because a socket broke before it was acknowledged.
  public private(set) var resent = 0

  var unacknowledged: [(number: Int64, text: [UInt8])] = []
  /// The last of what was acknowledged, as far as it is sent again too.
  var recent: [(number: Int64, text: [UInt8])] = []
  /// What the server was told has been received, before and now.
  var confirmed: Int64 = 0
  private(set) var claimed: Int64 = 0
  private var waiting: [Signal] = []
  var events: [ClientEvent] = []
  var outbox: [[UInt8]] = []

  /// Sockets that were given up before `joined` came over them; their `join` may still arrive.
  private var abandonedJoins = 0
  private var heartbeat = Duration.seconds(15)
  private var receivedSincePing = 0
  private var nextPing = Instant.distantFuture
  /// When the answer that is awaited has to be here.
  var answerDue = Instant.distantFuture
  var settlesAt = Instant.distantFuture
  var lastHeard = Instant.zero

  /// A client that is not in `room` yet.
  public init(
    room: String, name: String, token: String? = nil, habits: Habits = Habits()
  ) {
    self.room = room
    self.name = name
    self.token = token
    self.habits = habits
  }

  /// Whether everything it sent is known to have arrived.
  public var isSettled: Bool { phase == .inside && acknowledged == lastSent && waiting.isEmpty }

  /// What happened since the last call.
  public mutating func takeEvents() -> [ClientEvent] {
    defer { events.removeAll() }
    return events
  }

  /// Texts for the socket that is open, since the last call.
  public mutating func takeTexts() -> [[UInt8]] {
    defer { outbox.removeAll() }
    return outbox
  }

  // MARK: Sockets

  /// A socket is open: the `join`.
  public mutating func opened(now: Instant) {
    precondition(phase == .disconnected, "one socket at a time")
    phase = .joining
    outbox.removeAll()
    answerDue = now + habits.patience
    var members = "\"room\":\"\(room)\",\"name\":\"\(name)\""
    if let token { members += ",\"token\":\"\(token)\"" }
    if let session {
      claimed = max(confirmed, lastReceived - habits.forgets)
      confirmed = claimed
      members += ",\"resume\":{\"session\":\"\(session)\",\"ack\":\(claimed)}"
    } else {
      lastSent = 1
    }
    write("join", lastSent, members)
  }

  /// The socket is gone, or given up.
  ///
  /// - Parameter code: of the server's close frame; nil without one.
  public mutating func disconnected(_ code: UInt16?) {
    guard phase == .joining || phase == .inside else { return }
    if phase == .joining && code == nil { abandonedJoins += 1 }
    outbox.removeAll()
    (nextPing, answerDue) = (.distantFuture, .distantFuture)
    phase = .disconnected
    switch code {
    case nil, 1001, 4001, 4002, 4004, 4005, 4006, 4007: return
    // Ours can be the older socket only because a join that was given up arrived late.
    case 4101? where abandonedJoins > 0: return
    case 4003: end(for: .disconnected)
    case 4100, 4103, 4104, 4105: end(for: .over)
    case .some(let code):
      complain("closed with \(code)")
      end(for: .over)
    }
  }

  /// A socket of this client that is forgotten has a `join` under way.
  public mutating func forsakeJoin() { abandonedJoins += 1 }

  /// Whether the answer that it waits for is overdue: the socket is to be given up.
  public func hasLostPatience(at now: Instant) -> Bool { answerDue <= now }

  // MARK: Sending

  /// Sends a signal, now or when it is in the room again.
  public mutating func send(_ signal: Signal) {
    guard phase == .inside else { return waiting.append(signal) }
    let text = signal.text(number: nextNumber())
    unacknowledged.append((lastSent, text))
    outbox.append(text)
    events.append(.sent(signal, number: lastSent))
  }

  /// Sends what is no signal, as `ice` and `kick`, if it is in the room.
  public mutating func say(_ type: String, _ members: String = "") {
    guard phase == .inside else { return }
    write(type, nextNumber(), members)
    unacknowledged.append((lastSent, outbox[outbox.count - 1]))
  }

  /// Goes for good, whether the server hears of it or not.
  public mutating func leave() {
    if phase == .inside { write("leave", nextNumber(), "") }
    if phase != .over { end(for: .over) }
  }

  private mutating func nextNumber() -> Int64 {
    lastSent += 1
    return lastSent
  }

  func text(_ type: String, _ number: Int64, _ members: String) -> [UInt8] {
    let rest = members.isEmpty ? "" : "," + members
    return Array("{\"type\":\"\(type)\",\"seq\":\(number)\(rest)}".utf8)
  }

  private mutating func write(_ type: String, _ number: Int64, _ members: String) {
    outbox.append(text(type, number, members))
  }

  /// Sends what was under way when the socket before broke, then what has waited.
  mutating func sendAgain() {
    resent += unacknowledged.count
    for message in recent + unacknowledged { outbox.append(message.text) }
    let signals = waiting
    waiting.removeAll()
    for signal in signals { send(signal) }
  }

  /// What waits was meant for the room as it was.
  mutating func forgetWaiting() { waiting.removeAll() }

  // MARK: Time

  /// When `advance` is due.
  public var nextDeadline: Instant { min(nextPing, answerDue, settlesAt) }

  /// Sends the heartbeat that is due, and gives up on peers that are overdue.
  public mutating func advance(to now: Instant) {
    if settlesAt <= now {
      roster.settle()
      settlesAt = .distantFuture
    }
    if nextPing <= now && phase == .inside { ping(now: now) }
  }

  mutating func ping(now: Instant) {
    confirmed = lastReceived
    write("ping", lastSent, "\"ack\":\(lastReceived)")
    receivedSincePing = 0
    nextPing = now + heartbeat
    if answerDue == .distantFuture { answerDue = now + habits.patience }
  }

  mutating func beat(every milliseconds: Int64, now: Instant) {
    heartbeat = .milliseconds(milliseconds)
    nextPing = now + heartbeat
    receivedSincePing = 0
    if habits.pingsOnEntry { ping(now: now) }
  }

  /// Pings before the time when many messages came.
  mutating func countReceived(now: Instant) {
    receivedSincePing += 1
    if receivedSincePing >= habits.messagesPerPing { ping(now: now) }
  }

  // MARK: Ends

  mutating func complain(_ what: String) { events.append(.complained(what)) }

  /// The session is over; what comes next begins with nothing.
  mutating func end(for next: Phase) {
    phase = next
    if let peer { events.append(.ended(peer: peer)) }
    (peer, session) = (nil, nil)
    (lastSent, acknowledged, lastReceived, confirmed) = (0, 0, 0, 0)
    unacknowledged.removeAll()
    recent.removeAll()
    waiting.removeAll()
    roster = Roster(expectsStrangers: roster.expectsStrangers)
    settlesAt = .distantFuture
    nextPing = .distantFuture
  }
}
