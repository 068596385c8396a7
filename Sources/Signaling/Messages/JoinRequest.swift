// What clients ask for in their first message.

/// What a client asks for in `join`, unchecked.
public struct JoinRequest: Hashable, Sendable {
  /// The room's name.
  public var room: String
  /// The client's name for people.
  public var name: String?
  /// Its join token.
  public var token: String?
  /// The session it had before.
  public var resume: ResumeRequest?

  /// A request to enter `room`.
  public init(
    room: String, name: String? = nil, token: String? = nil, resume: ResumeRequest? = nil
  ) {
    self.room = room
    self.name = name
    self.token = token
    self.resume = resume
  }
}

/// A claim to an earlier session.
public struct ResumeRequest: Hashable, Sendable {
  /// The secret from its last `joined`.
  public var session: SessionSecret
  /// The last number received in it.
  public var ack: Int64

  /// A claim to `session`, in which everything up to `ack` was received.
  public init(session: SessionSecret, ack: Int64) {
    self.session = session
    self.ack = ack
  }
}
