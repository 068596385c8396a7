// How messages get their numbers, and how members go.

extension SignalingServer {
  /// Sends `message` to one member. A `pong` repeats the last number, all others take the next.
  mutating func send(
    _ message: ServerMessage, to connection: ConnectionID, into effects: inout [SignalingEffect]
  ) {
    guard let number = number(of: message.kind, to: connection) else { return }
    effects.append(.send(connection, number: number, message))
  }

  /// Sends `message` to all members of the room of `connection` but itself.
  mutating func broadcast(
    _ message: ServerMessage, except connection: ConnectionID,
    into effects: inout [SignalingEffect]
  ) {
    guard let room = sessions[connection]?.room else { return }
    broadcast(message, in: room, except: connection, into: &effects)
  }

  /// Tells one member of an error, and ends its connection when the error is of that sort.
  mutating func tell(
    _ connection: ConnectionID, _ error: ErrorMessage, into effects: inout [SignalingEffect]
  ) {
    sessions[connection]?.lastError = error.code
    counters.errors[error.code, default: 0] += 1
    send(.error(error), to: connection, into: &effects)
    if let close = error.code.closes { end(connection, close, .error, into: &effects) }
  }

  /// Ends a member's connection and tells the others `reason`.
  mutating func end(
    _ connection: ConnectionID, _ close: CloseCode, _ reason: LeaveReason,
    into effects: inout [SignalingEffect]
  ) {
    guard sessions[connection] != nil else { return }
    counters.closes[close, default: 0] += 1
    effects.append(.close(connection, close))
    forget(connection, reason, into: &effects)
  }

  /// Removes every trace of a member and tells the others `reason`.
  mutating func forget(
    _ connection: ConnectionID, _ reason: LeaveReason, into effects: inout [SignalingEffect]
  ) {
    guard let session = sessions.removeValue(forKey: connection) else { return }
    recency.remove(session.slot)
    counters.left[reason, default: 0] += 1
    rooms[session.room]?.remove(connection)
    if rooms[session.room]?.isEmpty != false {
      rooms[session.room] = nil
      return
    }
    let message = ServerMessage.presence([PresenceChange(session.peer, .left(reason))])
    broadcast(message, in: session.room, except: connection, into: &effects)
  }

  mutating func drop(_ reason: DropReason) {
    counters.drops[reason, default: 0] += 1
  }

  private mutating func broadcast(
    _ message: ServerMessage, in room: RoomKey, except connection: ConnectionID,
    into effects: inout [SignalingEffect]
  ) {
    var recipients: [Recipient] = []
    for member in rooms[room]?.members ?? [] where member.connection != connection {
      guard let number = number(of: message.kind, to: member.connection) else { continue }
      recipients.append(Recipient(connection: member.connection, number: number))
    }
    if !recipients.isEmpty { effects.append(.broadcast(recipients, message)) }
  }

  private mutating func number(
    of kind: ServerMessage.Kind, to connection: ConnectionID
  ) -> Int64? {
    guard let last = sessions[connection]?.outbound.last else { return nil }
    counters.sent[kind, default: 0] += 1
    sessions[connection]?.sent[kind, default: 0] += 1
    return kind == .pong ? last : sessions[connection]?.outbound.number()
  }
}
