// How messages get their numbers, and how they are kept.

internal import NetTypes

extension SignalingServer {
  /// The one way by which a message goes to a peer: it gets the next number, is kept until that is
  /// acknowledged, and leaves at once where there is a connection.
  mutating func deliver(
    _ message: ServerMessage, to id: SessionID, into effects: inout [SignalingEffect]
  ) {
    guard let recipient = number(message, for: id) else { return }
    effects.append(.send(recipient.connection, number: recipient.number, message))
  }

  /// Delivers `message` to all members of a room but one.
  mutating func broadcast(
    _ message: ServerMessage, in room: RoomKey, except id: SessionID? = nil,
    into effects: inout [SignalingEffect]
  ) {
    deliver(message, to: directory.members(of: room), except: id, into: &effects)
  }

  /// Delivers `message` to several.
  mutating func deliver(
    _ message: ServerMessage, to members: [SessionID], except id: SessionID? = nil,
    into effects: inout [SignalingEffect]
  ) {
    var recipients: [Recipient] = []
    recipients.reserveCapacity(members.count)
    for member in members where member != id {
      if let recipient = number(message, for: member) { recipients.append(recipient) }
    }
    if !recipients.isEmpty { effects.append(.broadcast(recipients, message)) }
  }

  /// Tells one member of an error, and ends its session when the error is of that sort.
  mutating func tell(
    _ id: SessionID, _ error: ErrorMessage, into effects: inout [SignalingEffect]
  ) {
    _ = sessions.update(id.handle) { $0.lastError = error.code }
    counters.errors[error.code, default: 0] += 1
    deliver(.error(error), to: id, into: &effects)
    if let close = error.code.closes { end(id, close, .error, into: &effects) }
  }

  private mutating func drop(_ dropped: Dropped) {
    drop(.replayMessages, dropped.messages)
    drop(.replayBytes, dropped.forBytes)
  }

  mutating func drop(_ reason: DropReason, _ count: Int = 1) {
    if count > 0 { counters.drops[reason, default: 0] += count }
  }

  /// Numbers and keeps a message; the connection to send it over, with its number, if there is one.
  /// A `pong` repeats the last number and is not kept.
  private mutating func number(_ message: ServerMessage, for id: SessionID) -> Recipient? {
    let (limits, now) = (limits.replay, now)
    let kind = message.kind
    let numbered = sessions.update(id.handle) { session in
      session.number(message, kind, now: now, limits: limits)
    }
    guard let numbered else { return nil }
    counters.sent.count(kind)
    if numbered.dropped != Dropped() { drop(numbered.dropped) }
    if numbered.needsAging { startAging(id) }
    return numbered.connection.map { Recipient(connection: $0, number: numbered.number) }
  }

  // MARK: What is kept too long

  private mutating func startAging(_ id: SessionID) {
    let slot = aging.append(id, now: now)
    _ = sessions.update(id.handle) { $0.agingSlot = slot }
  }

  /// Forgets what was kept too long, and looks again later for what was not.
  mutating func age(_ id: SessionID) {
    let until = now + (.zero - replayAge)
    drop(.replayAge, sessions.update(id.handle) { $0.outbound.age(until: until) } ?? 0)
    guard let session = sessions[id.handle] else { return }
    if session.outbound.ring.isEmpty {
      stopAgingIfEmpty(id)
    } else {
      aging.touch(session.agingSlot, now: now)
    }
  }

  mutating func stopAgingIfEmpty(_ id: SessionID) {
    let slot = sessions.update(id.handle) { session -> Int32 in
      guard session.outbound.ring.isEmpty else { return QueueSlot.none }
      defer { session.agingSlot = QueueSlot.none }
      return session.agingSlot
    }
    if let slot, slot != QueueSlot.none { aging.remove(slot) }
  }
}
