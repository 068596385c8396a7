// How connections and sessions end.

internal import NetTypes

extension SignalingServer {
  /// Ends a session, and its connection if it has one; the others are told `reason`.
  mutating func end(
    _ id: SessionID, _ code: CloseCode, _ reason: LeaveReason,
    into effects: inout [SignalingEffect]
  ) {
    close(id, code, into: &effects)
    detach(id)
    remove(id, reason, into: &effects)
  }

  /// Has the driver close a session's connection.
  mutating func close(_ id: SessionID, _ code: CloseCode, into effects: inout [SignalingEffect]) {
    guard let connection = sessions[id.handle]?.connection else { return }
    counters.closes[code, default: 0] += 1
    effects.append(.close(connection, code))
  }

  /// A session's connection is no more, and it waits for another one.
  mutating func suspend(
    _ id: SessionID, _ end: ConnectionEnd, into effects: inout [SignalingEffect]
  ) {
    guard let session = sessions[id.handle], session.connection != nil else { return }
    counters.suspended[end, default: 0] += 1
    detach(id)
    let slot = suspended.append(id, now: now)
    _ = sessions.update(id.handle) { $0.slot = slot }
    announce(.suspended, of: id, session.peer, in: session.room, into: &effects)
  }

  /// The session has a connection from now on.
  mutating func attach(_ id: SessionID, _ connection: ConnectionID, from address: IPAddress?) {
    let slot = heard.append(id, now: now)
    var agesAt = Instant.distantFuture
    if let ageMaxMs = limits.connectionAgeMaxMs {
      // Those that came together do not have to go together.
      let ageMs = Int64.random(in: ageMaxMs - ageMaxMs / 5...ageMaxMs, using: &random)
      agesAt = now + .milliseconds(ageMs)
      ages.schedule(Int(id.handle.index), at: agesAt)
    }
    attached.insert(connection, id)
    _ = sessions.update(id.handle) { session in
      session.connection = connection
      session.slot = slot
      session.agesAt = agesAt
      session.address = address ?? session.address
    }
  }

  /// The session has no connection any more.
  mutating func detach(_ id: SessionID) {
    guard let session = sessions[id.handle], let connection = session.connection else { return }
    attached.remove(connection, id)
    heard.remove(session.slot)
    _ = sessions.update(id.handle) { session in
      session.connection = nil
      session.slot = QueueSlot.none
      session.agesAt = .distantFuture
    }
  }

  /// Removes every trace of a session and tells the others `reason`.
  mutating func remove(
    _ id: SessionID, _ reason: LeaveReason, into effects: inout [SignalingEffect]
  ) {
    guard let session = release(id) else { return }
    counters.left[reason, default: 0] += 1
    announce(.left(reason), of: id, session.peer, in: session.room, into: &effects)
  }

  /// Removes every trace of a session.
  @discardableResult
  mutating func release(_ id: SessionID) -> Session? {
    detach(id)
    guard let session = sessions.remove(id.handle) else { return nil }
    if session.slot != QueueSlot.none { suspended.remove(session.slot) }
    if session.agingSlot != QueueSlot.none { aging.remove(session.agingSlot) }
    if let origin = session.origin { returned.ended(origin, isSettling: isSettling) }
    directory.remove(id, session.peer, from: session.room)
    let isLast = directory[session.room]?.isEmpty != false
    tenants.leave(session.room.tenant, lastInRoom: isLast)
    if isLast {
      if let pending = directory[session.room]?.pending, !pending.isEmpty {
        changing.remove(pending.slot)
      }
      directory.removeRoom(session.room)
    }
    return session
  }

  /// Ends the connection of whoever has a place in the table, if it is as old as it may get.
  mutating func replace(at index: Int, into effects: inout [SignalingEffect]) {
    guard let handle = sessions.handle(at: index), let session = sessions[handle],
      session.agesAt != .distantFuture
    else { return }
    guard session.agesAt <= now else { return ages.schedule(index, at: session.agesAt) }
    close(SessionID(handle), .aged, into: &effects)
    suspend(SessionID(handle), .aged, into: &effects)
  }
}
