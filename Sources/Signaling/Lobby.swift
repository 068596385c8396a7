// What may be a connection's first message.

/// The rules for connections that have not joined yet.
///
/// They need no server: any loop can apply them, and hand the connection to the loop of its room.
public enum Lobby {
  /// What becomes of a connection by its first message.
  public enum Verdict: Hashable, Sendable {
    /// To be given to the `SignalingServer` that has the room.
    case enter(Entry)
    /// To be told the error with the number `ServerMessage.firstNumber`, then closed.
    case refuse(ErrorMessage, CloseCode)
  }

  /// A checked `join`.
  public struct Entry: Hashable, Sendable {
    /// The room to enter.
    public let room: RoomName
    /// The name for people.
    public let name: DisplayName
    /// The session it had before.
    public let resume: ResumeRequest?
  }

  /// Judges a connection's first message.
  public static func judge(_ message: ClientMessage) -> Verdict {
    switch message.body {
    case .invalid(.unknownType, _): refuse(.notJoined, "join comes first", message)
    case .invalid(let code, let detail): refuse(code, detail, message)
    case .join(let request): judge(request, message)
    default: refuse(.notJoined, "join comes first", message)
    }
  }

  private static func judge(_ request: JoinRequest, _ message: ClientMessage) -> Verdict {
    guard let number = message.number, number >= ClientMessage.joinNumber else {
      return refuse(.badMessage, "the first seq is 1", message)
    }
    guard number == ClientMessage.joinNumber else {
      return refuse(.outOfOrder, "the first seq is 1", message)
    }
    guard let room = RoomName(request.room) else {
      return refuse(.badRoom, "a room is 1 to 64 of A-Z a-z 0-9 . _ ~ -", message)
    }
    guard let name = DisplayName(request.name ?? "") else {
      return refuse(.badName, "a name is at most 64 bytes without control characters", message)
    }
    return .enter(Entry(room: room, name: name, resume: request.resume))
  }

  private static func refuse(
    _ code: ErrorCode, _ text: String, _ message: ClientMessage
  ) -> Verdict {
    .refuse(
      ErrorMessage(code, text, answers: message.number), code.closes ?? .protocolError)
  }
}
