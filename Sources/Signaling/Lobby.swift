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
    public let room: RoomKey
    /// The name for people.
    public let name: DisplayName
    /// What it gets as somebody new, or why it does not get in as such.
    public let admittance: Admittance
    /// The session it had before, if its secret is good.
    public let claim: Claim?
    /// The number that the message had.
    public let number: Int64
  }

  /// A claim to an earlier session of the same room and tenant, under a good secret.
  public struct Claim: Hashable, Sendable {
    /// What the secret says.
    public let statement: SessionStatement
    /// The last number received in that session.
    public let ack: Int64
  }

  /// Judges a connection's first message.
  ///
  /// - Parameters:
  ///   - sessions: opens the secrets of earlier sessions.
  ///   - admit: says whether somebody who asks for a well-formed room under a well-formed name may
  ///     enter it; it is given the request and what a good secret of an earlier session says. With
  ///     such a secret the client may come back even where it would not get in as somebody new.
  public static func judge(
    _ message: ClientMessage, sessions: SessionKey,
    admit: (JoinRequest, SessionStatement?) -> Admittance
  ) -> Verdict {
    switch message.body {
    case .invalid(.unknownType, _): refuse(.notJoined, "join comes first", message)
    case .invalid(let code, let detail): refuse(code, detail, message)
    case .join(let request): judge(request, message, sessions, admit)
    default: refuse(.notJoined, "join comes first", message)
    }
  }

  private static func judge(
    _ request: JoinRequest, _ message: ClientMessage, _ sessions: SessionKey,
    _ admit: (JoinRequest, SessionStatement?) -> Admittance
  ) -> Verdict {
    guard let number = message.number, number >= ClientMessage.joinNumber else {
      return refuse(.badMessage, "the first seq is 1", message)
    }
    // One that resumes repeats the last number of its session.
    guard number == ClientMessage.joinNumber || request.resume != nil else {
      return refuse(.outOfOrder, "the first seq is 1", message)
    }
    guard let room = RoomName(request.room) else {
      return refuse(.badRoom, "a room is 1 to 64 of A-Z a-z 0-9 . _ ~ -", message)
    }
    guard let name = DisplayName(request.name ?? "") else {
      return refuse(.badName, "a name is at most 64 bytes without control characters", message)
    }
    let statement = request.resume.flatMap { sessions.open($0.session) }.flatMap {
      $0.room.name == room ? $0 : nil
    }
    let admittance = admit(request, statement)
    switch admittance {
    case .granted(let grant):
      let key = RoomKey(tenant: grant.tenant, name: room)
      let isSame = statement?.room == key && [nil, statement?.peer].contains(grant.peer)
      let claim = isSame ? self.claim(request, statement) : nil
      return .enter(
        Entry(
          room: key, name: grant.name ?? name, admittance: admittance, claim: claim,
          number: number))
    case .refused(let code, let text, let retryAfterMs):
      guard let statement, let claim = claim(request, statement) else {
        return refuse(code, text, message, retryAfterMs)
      }
      return .enter(
        Entry(
          room: statement.room, name: name, admittance: admittance, claim: claim, number: number))
    }
  }

  private static func claim(_ request: JoinRequest, _ statement: SessionStatement?) -> Claim? {
    guard let statement, let resume = request.resume else { return nil }
    return Claim(statement: statement, ack: resume.ack)
  }

  private static func refuse(
    _ code: ErrorCode, _ text: String, _ message: ClientMessage, _ retryAfterMs: Int64? = nil
  ) -> Verdict {
    let error = ErrorMessage(code, text, answers: message.number, retryAfterMs: retryAfterMs)
    return .refuse(error, code.closes ?? .protocolError)
  }
}
