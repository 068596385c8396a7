// How members come back.

internal import NetTypes

extension SignalingServer {
  /// What becomes of a claim to an earlier session.
  private enum Return {
    /// That session goes on.
    case resume(SessionID)
    /// It goes on, and its client knows nothing of what happened since the restart.
    case again(SessionID)
    /// It is of an earlier run, and begins anew under its old name.
    case rebirth
    /// Somebody newer has it.
    case stale
    /// It is no more.
    case none
  }

  /// Goes on with an earlier session if that can be; whether the connection has been answered.
  mutating func comeBack(
    _ claim: Lobby.Claim, _ entry: Lobby.Entry, _ connection: ConnectionID,
    from address: IPAddress?, into effects: inout [SignalingEffect]
  ) -> Bool {
    switch judge(claim, entry.number) {
    case .resume(let id):
      resume(id, claim, entry, connection, from: address, into: &effects)
    case .again(let id):
      beginAgain(id, claim, entry, connection, from: address, into: &effects)
    case .rebirth:
      guard let id = rebirth(claim, entry, connection, into: &effects) else { return true }
      beginAgain(id, claim, entry, connection, from: address, into: &effects)
    case .stale:
      counters.stale += 1
      counters.closes[.replaced, default: 0] += 1
      effects.append(.close(connection, .replaced))
    case .none: return false
    }
    return true
  }

  private func judge(_ claim: Lobby.Claim, _ number: Int64) -> Return {
    let statement = claim.statement
    guard statement.epoch == incarnation.epoch else { return judgeEarlier(claim, number) }
    guard let session = sessions[statement.session.handle], session.peer == statement.peer,
      session.room == statement.room
    else { return .none }
    guard session.generations.accepts(statement.generation) else {
      // Several answers told of a restart, and not the last of them may have arrived.
      return session.restartIsUntold ? .again(statement.session) : .stale
    }
    return isNewest(claim, number, session) ? .resume(statement.session) : .stale
  }

  /// The newest connection wins, which is not always the one whose join came last: a word from
  /// before the last return is one that was long under way.
  private func isNewest(_ claim: Lobby.Claim, _ number: Int64, _ session: Session) -> Bool {
    number >= max(session.claimed, session.inbound.last)
      && claim.ack >= session.outbound.acknowledged
  }

  private func judgeEarlier(_ claim: Lobby.Claim, _ number: Int64) -> Return {
    let statement = claim.statement
    if let known = returned[SessionOrigin(statement)] {
      guard let id = known.session, let session = sessions[id.handle] else { return .none }
      if statement.generation > known.generation { return .again(id) }
      // Nothing was heard on the connection that it came back on: the answer may have been lost.
      let isUntold =
        session.restartIsUntold && statement.generation == known.generation
        && isNewest(claim, number, session)
      return isUntold ? .again(id) : .stale
    }
    guard isSettling, returned.count < limits.sessionsMax,
      directory.session(of: statement.peer, in: statement.room) == nil
    else { return .none }
    return .rebirth
  }

  // MARK: The same run

  private mutating func resume(
    _ id: SessionID, _ claim: Lobby.Claim, _ entry: Lobby.Entry, _ connection: ConnectionID,
    from address: IPAddress?, into effects: inout [SignalingEffect]
  ) {
    guard let before = sessions[id.handle] else { return }
    guard claim.ack <= before.outbound.last else {
      let error = ErrorMessage(
        .badMessage, "ack is beyond what was sent", answers: entry.number)
      return turnAway(connection, error, into: &effects)
    }
    let restartIce = adviseRestart(before, address)
    forgetAged(id)
    // The answer may be lost or overtaken, and the client go on with an earlier one. So what a
    // snapshot has in it is told as well, and nothing is forgotten.
    if sessions[id.handle]?.outbound.ring.messages(after: claim.ack) == nil {
      flush(before.room, into: &effects)
    }
    takeOver(id, connection, from: address, into: &effects)
    let kept = messagesMissed(id, claim, number: entry.number)
    guard let session = sessions[id.handle] else { return }
    counters.resumed += 1
    var joined = joined(id, session)
    joined.resumed = true
    joined.restartIce = restartIce
    if let messages = kept {
      answer(joined, number: claim.ack, to: connection, id, into: &effects)
      counters.replayed += messages.count
      for (index, message) in messages.enumerated() {
        effects.append(.send(connection, number: claim.ack + 1 + Int64(index), message))
      }
    } else {
      joined.gap = .overflow
      joined.peers = roster(of: session.room, without: id)
      counters.gaps[.overflow, default: 0] += 1
      answer(joined, number: session.outbound.last, to: connection, id, into: &effects)
    }
    // Who was never told that it was away has no need to be told that it is back, unless it may
    // have lost what it was sent.
    guard before.connection == nil || kept == nil else { return }
    announce(
      .resumed(session.profile), of: id, session.peer, in: session.room, into: &effects)
  }

  /// Goes on behind what the client has; what it missed, or nil when not all of that is kept.
  private mutating func messagesMissed(
    _ id: SessionID, _ claim: Lobby.Claim, number: Int64
  ) -> [ServerMessage]? {
    let kept = sessions.update(id.handle) { session -> [ServerMessage]? in
      session.generations.renew(from: claim.statement.generation)
      session.restartIsUntold = false
      session.claimed = number
      _ = session.outbound.acknowledge(claim.ack)
      return session.outbound.ring.messages(after: claim.ack)
    }
    stopAgingIfEmpty(id)
    return kept ?? nil
  }

  private mutating func forgetAged(_ id: SessionID) {
    let tooOld = now + (.zero - replayAge)
    drop(.replayAge, sessions.update(id.handle) { $0.outbound.age(until: tooOld) } ?? 0)
    stopAgingIfEmpty(id)
  }

  /// The newest connection wins.
  private mutating func takeOver(
    _ id: SessionID, _ connection: ConnectionID, from address: IPAddress?,
    into effects: inout [SignalingEffect]
  ) {
    close(id, .replaced, into: &effects)
    detach(id)
    if let slot = sessions[id.handle]?.slot, slot != QueueSlot.none {
      suspended.remove(slot)
    }
    attach(id, connection, from: address)
  }

  /// Whether the client's way to the others is likely to be broken.
  private func adviseRestart(_ session: Session, _ address: IPAddress?) -> Bool {
    if let address, let before = session.address, address != before { return true }
    let away = Duration.milliseconds(limits.awayMs)
    if session.connection == nil { return now - suspended.since(session.slot) > away }
    return now - heard.since(session.slot) > away + .milliseconds(limits.heartbeatMs)
  }

  // MARK: An earlier run

  /// Makes the session that an earlier run's secret speaks of; nil when there is no place for it.
  private mutating func rebirth(
    _ claim: Lobby.Claim, _ entry: Lobby.Entry, _ connection: ConnectionID,
    into effects: inout [SignalingEffect]
  ) -> SessionID? {
    let statement = claim.statement
    var grant = Grant(
      tenant: statement.room.tenant, peer: statement.peer, role: statement.profile.role,
      permissions: statement.permissions, relay: statement.relay)
    if case .granted(let fresh) = entry.admittance { grant.limits = fresh.limits }
    var session = Session(
      room: statement.room, peer: statement.peer, profile: profile(of: statement), grant: grant,
      peersMax: peersMax(grant.limits), rates: limits.rates,
      lanes: (InboundLane(last: entry.number), OutboundLane(last: claim.ack)), now: now)
    session.origin = SessionOrigin(statement)
    guard let id = place(session, grant.limits, entry, connection, into: &effects) else {
      return nil
    }
    counters.reborn += 1
    return id
  }

  /// The member's place of before, unless somebody was given the same since.
  private func profile(of statement: SessionStatement) -> Profile {
    var profile = statement.profile
    let isTaken = directory.members(of: statement.room).contains { other in
      sessions[other.handle]?.profile.order == profile.order
    }
    if isTaken { profile.order = (directory[statement.room]?.lastOrder ?? 0) + 1 }
    return profile
  }

  /// Goes on where the client says it is; all else it gets by a snapshot.
  private mutating func beginAgain(
    _ id: SessionID, _ claim: Lobby.Claim, _ entry: Lobby.Entry, _ connection: ConnectionID,
    from address: IPAddress?, into effects: inout [SignalingEffect]
  ) {
    takeOver(id, connection, from: address, into: &effects)
    _ = sessions.update(id.handle) { session in
      session.inbound = InboundLane(last: entry.number)
      session.outbound = OutboundLane(last: claim.ack)
      session.claimed = entry.number
      session.generations.restart()
      session.restartIsUntold = true
    }
    stopAgingIfEmpty(id)
    guard let session = sessions[id.handle] else { return }
    if let origin = session.origin, claim.statement.epoch != incarnation.epoch {
      returned.returned(origin, as: id, generation: claim.statement.generation)
    }
    counters.gaps[.restart, default: 0] += 1
    var joined = joined(id, session)
    joined.resumed = true
    joined.gap = .restart
    joined.settlingMs = max(0, (settled - now).wholeNanoseconds / 1_000_000)
    joined.peers = roster(of: session.room, without: id)
    answer(joined, number: claim.ack, to: connection, id, into: &effects)
    announce(
      .resumed(session.profile), of: id, session.peer, in: session.room, into: &effects)
    tellNothingPending(to: id, in: session.room)
  }
}
