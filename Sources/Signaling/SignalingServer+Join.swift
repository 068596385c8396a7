// How members come in.

public import NetTypes

extension SignalingServer {
  /// A connection asks to enter a room of this server, or to go on in it. It is answered with
  /// `joined`, or with an error and its end. Later messages of the connection go to `receive`.
  ///
  /// - Parameter address: where the client is; nil when that is not known.
  public mutating func join(
    _ entry: Lobby.Entry, _ connection: ConnectionID, from address: IPAddress? = nil,
    now: Instant, into effects: inout [SignalingEffect]
  ) {
    self.now = now
    counters.received.count(.join)
    precondition(attached[connection] == nil, "a member's messages go to receive")
    if let claim = entry.claim,
      comeBack(claim, entry, connection, from: address, into: &effects)
    {
      return
    }
    switch entry.admittance {
    case .granted(let grant):
      enter(entry, grant, connection, from: address, into: &effects)
    case .refused(let code, let text, let retryAfterMs):
      let error = ErrorMessage(code, text, answers: entry.number, retryAfterMs: retryAfterMs)
      turnAway(connection, error, into: &effects)
    }
  }

  private mutating func enter(
    _ entry: Lobby.Entry, _ grant: Grant, _ connection: ConnectionID, from address: IPAddress?,
    into effects: inout [SignalingEffect]
  ) {
    if let peer = grant.peer, let older = directory.session(of: peer, in: entry.room) {
      end(older, .replaced, .replaced, into: &effects)
    }
    let lastOrder = directory[entry.room]?.lastOrder ?? 0
    let order = max(incarnation.unixMs(at: now), lastOrder + 1)
    let lanes = (
      InboundLane(last: ClientMessage.joinNumber),
      // The answer is not kept: without it nobody has the secret to ask for it again.
      OutboundLane(last: ServerMessage.firstNumber)
    )
    let session = Session(
      room: entry.room, peer: grant.peer ?? newPeer(in: entry.room),
      profile: Profile(name: entry.name, role: grant.role, order: order), grant: grant,
      peersMax: peersMax(grant.limits), rates: limits.rates, lanes: lanes, now: now)
    guard let id = place(session, grant.limits, entry, connection, into: &effects) else { return }
    counters.joined += 1
    attach(id, connection, from: address)
    var joined = joined(id, session)
    joined.peers = roster(of: entry.room, without: id)
    answer(joined, number: ServerMessage.firstNumber, to: connection, id, into: &effects)
    announce(
      .joined(session.profile), of: id, session.peer, in: session.room, into: &effects)
    tellNothingPending(to: id, in: session.room)
  }

  /// Gives a session its place in the room; without one the connection is turned away.
  mutating func place(
    _ session: Session, _ tenantLimits: TenantLimits, _ entry: Lobby.Entry,
    _ connection: ConnectionID, into effects: inout [SignalingEffect]
  ) -> SessionID? {
    if let full = placeMissing(for: session, tenantLimits) {
      turnAway(
        connection, ErrorMessage(full.0, full.1, answers: entry.number), into: &effects)
      return nil
    }
    guard let handle = sessions.insert(session) else { return nil }
    let id = SessionID(handle)
    let place = directory.add(
      id, session.peer, order: session.profile.order, to: session.room, now: now)
    if let place { _ = sessions.update(handle) { $0.place = place } }
    return id
  }

  /// What is full, if something is; else the tenant's place is taken.
  private func placeMissing(
    for session: Session, _ tenantLimits: TenantLimits
  ) -> (ErrorCode, String)? {
    if sessions.count >= limits.sessionsMax { return (.serverFull, "the server is full") }
    let room = directory[session.room]
    if room == nil, directory.count >= limits.roomsMax {
      return (.serverFull, "the server has no place for another room")
    }
    if let room, room.count >= session.peersMax { return (.roomFull, "the room is full") }
    guard tenants.enter(session.room.tenant, newRoom: room == nil, limits: tenantLimits) else {
      return (.tenantFull, "the tenant has no place for another member or room")
    }
    return nil
  }

  func peersMax(_ tenantLimits: TenantLimits) -> Int {
    min(limits.peersPerRoomMax, tenantLimits.peersPerRoomMax ?? .max)
  }

  mutating func turnAway(
    _ connection: ConnectionID, _ error: ErrorMessage, into effects: inout [SignalingEffect]
  ) {
    let close = error.code.closes ?? .protocolError
    counters.errors[error.code, default: 0] += 1
    counters.sent.count(.error)
    counters.closes[close, default: 0] += 1
    effects.append(.send(connection, number: ServerMessage.firstNumber, .error(error)))
    effects.append(.close(connection, close))
  }

  private mutating func newPeer(in room: RoomKey) -> PeerID {
    var peer = PeerID(from: &random)
    while directory.session(of: peer, in: room) != nil { peer = PeerID(from: &random) }
    return peer
  }

  // MARK: The answer

  /// What every `joined` says.
  func joined(_ id: SessionID, _ session: Session) -> Joined {
    var told = limits
    told.peersPerRoomMax = session.peersMax
    return Joined(
      ack: session.inbound.last, room: session.room.name, peer: session.peer,
      profile: session.profile, session: secret(of: session, id), resumed: false, gap: nil,
      settlingMs: nil, restartIce: false, peers: nil, ice: offer(to: session),
      relay: session.relay, permissions: session.permissions, limits: told)
  }

  /// Answers a `join`; that message has a number, but is not among those that are kept.
  mutating func answer(
    _ joined: Joined, number: Int64, to connection: ConnectionID, _ id: SessionID,
    into effects: inout [SignalingEffect]
  ) {
    counters.sent.count(.joined)
    _ = sessions.update(id.handle) { $0.sent.count(.joined) }
    effects.append(.send(connection, number: number, .joined(joined)))
  }

  private func secret(of session: Session, _ id: SessionID) -> SessionSecret {
    incarnation.sessions.seal(
      SessionStatement(
        epoch: incarnation.epoch, session: id, generation: session.generations.current,
        room: session.room, peer: session.peer, profile: session.profile,
        permissions: session.permissions, relay: session.relay))
  }
}
