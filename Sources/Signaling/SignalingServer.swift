// The rooms of one event loop: who is in them, and what becomes of each message.

public import NetTypes

/// The signaling core of one event loop, after Docs/protocol.md. It has all the members of each of
/// its rooms, so that no other loop has a say in their order.
///
/// Inputs append to the caller's `effects`, to be carried out in order before the next input. `now`
/// never goes back. Between inputs the driver sleeps until `nextDeadline`.
public struct SignalingServer: ~Copyable {
  /// The bounds it keeps.
  public let limits: SignalingLimits
  /// What has happened so far.
  public internal(set) var counters = SignalingCounters()
  /// May change; what peers were told before stays true as long as it said.
  public var iceServers: any ICEServerSource

  let incarnation: Incarnation
  let tenants: any TenantLedger
  var random: any RandomNumberGenerator
  /// The time of the input that is being taken in.
  var now: Instant

  var directory: Directory
  var sessions: Slab<Session>
  var attached = ConnectionTable()
  var returned = ReturnedSessions()
  /// What was drawn of tenants' allowances and not spent yet.
  var allowances: [TenantID: Int] = [:]

  // By deadline: the connected since they were heard, the suspended since they are, what is kept
  // for sessions since it is, rooms with changes to be told; and the connections' greatest age.
  var heard = DeadlineQueue<SessionID>()
  var suspended = DeadlineQueue<SessionID>()
  var aging = DeadlineQueue<SessionID>()
  var changing = DeadlineQueue<RoomKey>()
  var ages: TimerWheel

  /// - Parameters:
  ///   - random: gives peers their names.
  ///   - iceServers: gives peers their STUN and TURN servers.
  ///   - incarnation: this run of the server, the same for all loops.
  ///   - tenants: keeps what tenants use, over all loops.
  public init(
    limits: SignalingLimits = SignalingLimits(), random: any RandomNumberGenerator,
    iceServers: any ICEServerSource, incarnation: Incarnation,
    tenants: any TenantLedger = LocalTenantLedger()
  ) {
    self.limits = limits
    self.random = random
    self.iceServers = iceServers
    self.incarnation = incarnation
    self.tenants = tenants
    now = incarnation.start
    directory = Directory(roomsMax: limits.roomsMax)
    sessions = Slab(capacity: limits.sessionsMax)
    ages = TimerWheel(now: incarnation.start)
  }

  // MARK: Inputs

  /// A message came over a connection that has joined.
  public mutating func receive(
    _ message: ClientMessage, from connection: ConnectionID, now: Instant,
    into effects: inout [SignalingEffect]
  ) {
    self.now = now
    counters.received.count(message.body.kind)
    guard let id = attached[connection] else { return drop(.noSession) }
    let (rates, refusedMax) = (limits.rates, limits.refusedMax)
    let admitted = sessions.update(id.handle) { session in
      let admission = session.admit(message, rates: rates, refusedMax: refusedMax, now: now)
      return (Sender(id, session), slot: session.slot, admission)
    }
    guard let (sender, slot, admission) = admitted else { return drop(.noSession) }
    heard.touch(slot, now: now)
    switch admission {
    case .take:
      route(message, from: sender, into: &effects)
    case .drop(let reason):
      drop(reason)
    case .refuse(.rateLimited, let retryAfterMs):
      limit(.connection, id, message.number, retryAfterMs, into: &effects)
    case .refuse(let code, _):
      tell(id, ErrorMessage(code, "a number was left out", answers: message.number), into: &effects)
    case .flood:
      let error = ErrorMessage(
        .rateLimited, "far too many messages", answers: message.number,
        retryAfterMs: limits.floodPauseMs)
      tell(id, error, into: &effects)
      end(id, .flood, .error, into: &effects)
    }
  }

  /// The driver lost or closed a connection by itself.
  public mutating func connectionClosed(
    _ connection: ConnectionID, _ end: ConnectionEnd, now: Instant,
    into effects: inout [SignalingEffect]
  ) {
    self.now = now
    guard let id = attached[connection] else { return }
    if end == .error {
      detach(id)
      remove(id, .error, into: &effects)
    } else {
      suspend(id, end, into: &effects)
    }
  }

  /// Does what is due: silent and old connections, sessions that nobody came back to, what is kept
  /// too long, changes that wait to be told.
  public mutating func advance(to now: Instant, into effects: inout [SignalingEffect]) {
    self.now = now
    while let room = changing.first, room.since + presenceDelay <= now {
      flush(room.id, into: &effects)
    }
    while let first = heard.first, first.since + limits.silenceMax <= now {
      close(first.id, .silent, into: &effects)
      suspend(first.id, .silent, into: &effects)
    }
    while let first = suspended.first, first.since + resumeWindow <= now {
      remove(first.id, .timeout, into: &effects)
    }
    while let first = aging.first, first.since + replayAge <= now { age(first.id) }
    var old: [Int] = []
    ages.advance(to: now) { old.append($0) }
    for index in old { replace(at: index, into: &effects) }
    if !isSettling { returned.settle() }
  }

  /// The server stops: every connection is told when to come back and ends with 1001.
  public mutating func stop(now: Instant, into effects: inout [SignalingEffect]) {
    self.now = now
    for handle in sessions.handles {
      let id = SessionID(handle)
      guard sessions[handle]?.connection != nil else { continue }
      let retryAfterMs = Int64.random(in: 0...limits.returnSpreadMs, using: &random)
      let error = ErrorMessage(.goingAway, "the server stops", retryAfterMs: retryAfterMs)
      counters.errors[.goingAway, default: 0] += 1
      deliver(.error(error), to: id, into: &effects)
      close(id, .goingAway, into: &effects)
    }
    for handle in sessions.handles { release(SessionID(handle)) }
  }

  /// When to call `advance` next; nil while there is nothing to wait for.
  public var nextDeadline: Instant? {
    var next = ages.nextDeadline
    func consider(_ since: Instant?, _ patience: Duration) {
      guard let deadline = since.map({ $0 + patience }) else { return }
      next = min(next ?? deadline, deadline)
    }
    consider(changing.first?.since, presenceDelay)
    consider(heard.first?.since, limits.silenceMax)
    consider(suspended.first?.since, resumeWindow)
    consider(aging.first?.since, replayAge)
    return next
  }

  /// Looks at a session without a copy; nil when it has ended.
  func look<R>(_ id: SessionID, _ body: (borrowing Session) -> R) -> R? {
    guard sessions.contains(id.handle) else { return nil }
    return sessions.value(at: Int(id.handle.index), body)
  }

  var presenceDelay: Duration { .milliseconds(limits.presenceDelayMs) }
  var resumeWindow: Duration { .milliseconds(limits.resumeWindowMs) }
  var replayAge: Duration { .milliseconds(limits.replay.ageMaxMs) }

  /// Until when sessions of an earlier run may come back.
  var settled: Instant { incarnation.start + .milliseconds(limits.settlingMs) }
  var isSettling: Bool { now < settled }
}
