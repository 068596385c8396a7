// How members come in.

public import NetTypes

extension SignalingServer {
  /// A connection asks to enter a room of this server. It is answered with `joined`, or with an
  /// error and its end. Later messages of the connection go to `receive`.
  ///
  /// - Parameter address: where the client is; nil when that is not known.
  public mutating func join(
    _ entry: Lobby.Entry, _ connection: ConnectionID, from address: IPAddress? = nil,
    now: Instant, into effects: inout [SignalingEffect]
  ) {
    counters.received[.join, default: 0] += 1
    precondition(sessions[connection] == nil, "a member's messages go to receive")
    takeOver(entry, into: &effects)
    guard case .granted(let grant) = entry.admittance else {
      guard case .refused(let code, let text, let retryAfterMs) = entry.admittance else { return }
      let error = ErrorMessage(code, text, answers: entry.number, retryAfterMs: retryAfterMs)
      return turnAway(connection, error, into: &effects)
    }
    if let full = placeMissing(in: entry.room) {
      return turnAway(connection, full, into: &effects)
    }
    let order = max(incarnation.unixMs(at: now), (rooms[entry.room]?.lastOrder ?? 0) + 1)
    let profile = Profile(name: entry.name, role: grant.role, order: order)
    let session = Session(
      room: entry.room, peer: grant.peer ?? newPeer(in: entry.room), profile: profile,
      grant: grant, slot: recency.append(connection, now: now), limits: limits, now: now)
    let others = roster(of: entry.room)
    sessions[connection] = session
    rooms[entry.room, default: Room()].add(
      Room.Member(peer: session.peer, connection: connection), order: order)
    counters.joined += 1
    let joined = Joined(
      ack: session.inbound.last, room: entry.room.name, peer: session.peer, profile: profile,
      session: secret(of: session, connection), resumed: false, gap: nil, settlingMs: nil,
      restartIce: false, peers: others, ice: offer(to: session), relay: grant.relay,
      permissions: grant.permissions, limits: limits)
    send(.joined(joined), to: connection, into: &effects)
    broadcast(
      .presence([PresenceChange(session.peer, .joined(profile))]), except: connection,
      into: &effects)
  }

  private func secret(of session: Session, _ connection: ConnectionID) -> SessionSecret {
    incarnation.sessions.seal(
      SessionStatement(
        epoch: incarnation.epoch, session: SessionID(connection.rawValue), generation: 0,
        room: session.room, peer: session.peer, profile: session.profile,
        permissions: session.grant.permissions, relay: session.grant.relay))
  }

  /// The newest connection of a session wins. Nothing of the older one is carried over yet: the
  /// newcomer begins afresh and is told `resumed: false`.
  private mutating func takeOver(_ entry: Lobby.Entry, into effects: inout [SignalingEffect]) {
    guard let statement = entry.claim?.statement, statement.epoch == incarnation.epoch else {
      return
    }
    let older = ConnectionID(statement.session.rawValue)
    guard sessions[older]?.room == entry.room else { return }
    end(older, .replaced, .replaced, into: &effects)
  }

  private func placeMissing(in room: RoomKey) -> ErrorMessage? {
    if sessions.count >= limits.sessionsMax {
      return ErrorMessage(.serverFull, "the server is full", answers: ClientMessage.joinNumber)
    }
    guard let members = rooms[room]?.members else {
      guard rooms.count >= limits.roomsMax else { return nil }
      return ErrorMessage(
        .serverFull, "the server has no place for another room", answers: ClientMessage.joinNumber)
    }
    guard members.count >= limits.peersPerRoomMax else { return nil }
    return ErrorMessage(.roomFull, "the room is full", answers: ClientMessage.joinNumber)
  }

  private mutating func turnAway(
    _ connection: ConnectionID, _ error: ErrorMessage, into effects: inout [SignalingEffect]
  ) {
    let close = error.code.closes ?? .protocolError
    counters.errors[error.code, default: 0] += 1
    counters.sent[.error, default: 0] += 1
    counters.closes[close, default: 0] += 1
    effects.append(.send(connection, number: ServerMessage.firstNumber, .error(error)))
    effects.append(.close(connection, close))
  }

  private mutating func newPeer(in room: RoomKey) -> PeerID {
    var peer = PeerID(from: &random)
    while rooms[room]?.member(peer) != nil { peer = PeerID(from: &random) }
    return peer
  }

  private func roster(of room: RoomKey) -> [Joined.Peer] {
    (rooms[room]?.members ?? []).compactMap { member in
      sessions[member.connection].map { Joined.Peer(peer: member.peer, profile: $0.profile) }
    }
  }
}
