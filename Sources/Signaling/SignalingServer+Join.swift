// How members come in.

public import NetTypes

extension SignalingServer {
  /// A connection asks to enter a room of this server. It is answered with `joined`, or with an
  /// error and its end. Later messages of the connection go to `receive`.
  public mutating func join(
    _ entry: Lobby.Entry, _ connection: ConnectionID, now: Instant,
    into effects: inout [SignalingEffect]
  ) {
    counters.received[.join, default: 0] += 1
    precondition(sessions[connection] == nil, "a member's messages go to receive")
    takeOver(entry, into: &effects)
    if let full = placeMissing(in: entry.room) {
      return turnAway(connection, full, into: &effects)
    }
    let session = Session(
      room: entry.room, peer: newPeer(in: entry.room), name: entry.name,
      secret: SessionSecret(from: &random), slot: recency.append(connection, now: now),
      limits: limits, now: now)
    let others = roster(of: entry.room)
    sessions[connection] = session
    connections[session.secret] = connection
    rooms[entry.room, default: Room()].add(
      Room.Member(peer: session.peer, connection: connection))
    counters.joined += 1
    let joined = Joined(
      ack: session.inbound.last, room: entry.room, peer: session.peer, session: session.secret,
      resumed: false, peers: others, ice: iceServers.offer(for: session.peer, in: entry.room),
      relay: relay, limits: limits)
    send(.joined(joined), to: connection, into: &effects)
    broadcast(
      .peerJoined(session.peer, name: session.name), except: connection, into: &effects)
  }

  /// The newest connection of a session wins. Nothing of the older one is carried over yet: the
  /// newcomer begins afresh and is told `resumed: false`. A replay would begin here, with the
  /// messages of the older session's `outbound` after `resume.ack`.
  private mutating func takeOver(_ entry: Lobby.Entry, into effects: inout [SignalingEffect]) {
    guard let resume = entry.resume, let older = connections[resume.session],
      sessions[older]?.room == entry.room
    else { return }
    end(older, .replaced, .replaced, into: &effects)
  }

  private func placeMissing(in room: RoomName) -> ErrorMessage? {
    if sessions.count >= limits.connectionsMax {
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

  private mutating func newPeer(in room: RoomName) -> PeerID {
    var peer = PeerID(from: &random)
    while rooms[room]?.member(peer) != nil { peer = PeerID(from: &random) }
    return peer
  }

  private func roster(of room: RoomName) -> [Joined.Peer] {
    (rooms[room]?.members ?? []).map { member in
      Joined.Peer(peer: member.peer, name: sessions[member.connection]?.name ?? .none)
    }
  }
}
