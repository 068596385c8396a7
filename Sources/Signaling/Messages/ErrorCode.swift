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
  /// The join token is missing, or no token of this server's.
  case badToken = "bad_token"
  /// The join token is too old.
  case tokenExpired = "token_expired"
  /// The join token is for another room or place.
  case forbidden
  /// Too many failed joins came from this address.
  case tooManyAttempts = "too_many_attempts"
  /// The room has as many members as it may.
  case roomFull = "room_full"
  /// The server has as many rooms or members as it may.
  case serverFull = "server_full"
  /// The tenant has as many rooms or members as it may.
  case tenantFull = "tenant_full"
  /// The addressee is not in the room.
  case noSuchPeer = "no_such_peer"
  /// The member may not do this.
  case notPermitted = "not_permitted"
  /// More messages than allowed; this one was not delivered.
  case rateLimited = "rate_limited"
  /// The server is stopping.
  case goingAway = "going_away"
  /// A moderator or the operator removed this member.
  case kicked
  /// A moderator or the operator closed the room.
  case roomClosed = "room_closed"

  /// Whether the same message can succeed later.
  public var isTemporary: Bool {
    switch self {
    case .tooManyAttempts, .roomFull, .serverFull, .tenantFull, .rateLimited, .goingAway: true
    default: false
    }
  }

  /// How the connection ends after this error; nil when it goes on. Before the join it ends after
  /// every error: with `protocolError` where this says nil.
  public var closes: CloseCode? {
    switch self {
    case .notJoined, .outOfOrder: .protocolError
    case .badRoom, .badName, .badToken, .tokenExpired, .forbidden: .refused
    case .tooManyAttempts: .tooManyAttempts
    case .roomFull, .serverFull, .tenantFull: .full
    case .goingAway: .goingAway
    case .kicked: .kicked
    case .roomClosed: .roomClosed
    case .badMessage, .unknownType, .alreadyJoined, .noSuchPeer, .notPermitted, .rateLimited: nil
    }
  }
}
