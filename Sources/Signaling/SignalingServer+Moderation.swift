// What moderators and operators do to rooms.

public import NetTypes

extension SignalingServer {
  // MARK: Operators

  /// Removes a member; false when it is not there.
  public mutating func kick(
    _ peer: PeerID, from room: RoomKey, _ reason: Reason = .none, now: Instant,
    into effects: inout [SignalingEffect]
  ) -> Bool {
    self.now = now
    guard let id = directory.session(of: peer, in: room) else { return false }
    expel(id, reason, into: &effects)
    return true
  }

  /// Removes everybody from a room; false when there is no such room.
  public mutating func closeRoom(
    _ room: RoomKey, _ reason: Reason = .none, now: Instant,
    into effects: inout [SignalingEffect]
  ) -> Bool {
    self.now = now
    guard directory[room] != nil else { return false }
    empty(room, reason, into: &effects)
    return true
  }

  /// Tells everybody in a room something; false when there is no such room.
  public mutating func say(
    _ text: String, in room: RoomKey, now: Instant, into effects: inout [SignalingEffect]
  ) -> Bool {
    self.now = now
    guard directory[room] != nil else { return false }
    broadcast(.notice(text), in: room, into: &effects)
    return true
  }

  // MARK: Moderators

  mutating func kick(
    _ peer: PeerID, _ reason: Reason, by id: SessionID, _ number: Int64?,
    into effects: inout [SignalingEffect]
  ) {
    guard let session = sessions[id.handle], may(session, .moderate) else {
      return refuse(id, .moderate, number, into: &effects)
    }
    guard let target = directory.session(of: peer, in: session.room), target != id else {
      let error = ErrorMessage(.noSuchPeer, "no such peer in this room", answers: number)
      return tell(id, error, into: &effects)
    }
    expel(target, reason, into: &effects)
  }

  mutating func closeRoom(
    _ reason: Reason, by id: SessionID, _ number: Int64?, into effects: inout [SignalingEffect]
  ) {
    guard let session = sessions[id.handle], may(session, .moderate) else {
      return refuse(id, .moderate, number, into: &effects)
    }
    empty(session.room, reason, into: &effects)
  }

  private mutating func expel(
    _ id: SessionID, _ reason: Reason, into effects: inout [SignalingEffect]
  ) {
    counters.errors[.kicked, default: 0] += 1
    deliver(.error(ErrorMessage(.kicked, reason.text)), to: id, into: &effects)
    end(id, .kicked, .kicked, into: &effects)
  }

  /// Nobody is told of anybody else, for nobody stays.
  private mutating func empty(
    _ room: RoomKey, _ reason: Reason, into effects: inout [SignalingEffect]
  ) {
    let members = directory.members(of: room)
    counters.errors[.roomClosed, default: 0] += members.count
    counters.left[.closed, default: 0] += members.count
    deliver(.error(ErrorMessage(.roomClosed, reason.text)), to: members, into: &effects)
    for id in members {
      close(id, .roomClosed, into: &effects)
      release(id)
    }
  }
}
