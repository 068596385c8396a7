// The errors that clients are told.

/// The stable names of errors, as Docs/protocol.md lists them.
public enum ErrorCode: String, Hashable, Sendable, CaseIterable {
  /// Not JSON, no object, or a member missing or of the wrong kind.
  case badMessage = "bad_message"
  /// A `type` that this server does not know.
  case unknownType = "unknown_type"
  /// Something else came before `join`.
  case notJoined = "not_joined"
  /// A second `join`.
  case alreadyJoined = "already_joined"
  /// A number was left out.
  case outOfOrder = "out_of_order"
  /// A name that rooms cannot have.
  case badRoom = "bad_room"
  /// A name that people cannot have.
  case badName = "bad_name"
  /// The operator does not let this client in.
  case forbidden
  /// The room has as many members as it may.
  case roomFull = "room_full"
  /// The server has as many rooms or members as it may.
  case serverFull = "server_full"
  /// The addressee is not in the room.
  case noSuchPeer = "no_such_peer"
  /// More messages than allowed; this one was not delivered.
  case rateLimited = "rate_limited"

  /// Whether the same message can succeed later.
  public var isTemporary: Bool {
    switch self {
    case .roomFull, .serverFull, .rateLimited: true
    default: false
    }
  }

  /// How the connection ends after this error; nil when it goes on. Before the join it ends after
  /// every error: with `protocolError` where this says nil.
  public var closes: CloseCode? {
    switch self {
    case .notJoined, .outOfOrder: .protocolError
    case .badRoom, .badName, .forbidden: .refused
    case .roomFull, .serverFull: .full
    case .badMessage, .unknownType, .alreadyJoined, .noSuchPeer, .rateLimited: nil
    }
  }
}

/// An error as a client is told it.
public struct ErrorMessage: Hashable, Sendable {
  /// Which error.
  public var code: ErrorCode
  /// A sentence for people.
  public var text: String
  /// Milliseconds after which another try makes sense.
  public var retryAfterMs: Int64?
  /// The number of the message it answers.
  public var answers: Int64?

  /// An error that answers the message numbered `answers`, if there is one.
  public init(
    _ code: ErrorCode, _ text: String, answers: Int64? = nil, retryAfterMs: Int64? = nil
  ) {
    self.code = code
    self.text = text
    self.answers = answers
    self.retryAfterMs = retryAfterMs
  }
}
