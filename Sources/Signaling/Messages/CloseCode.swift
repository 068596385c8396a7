// Why a connection ends.

/// The close codes of `parley.v1`: 4000–4099 ask to come back, 4100–4199 not to.
public enum CloseCode: UInt16, Hashable, Sendable, CaseIterable {
  /// The server is stopping.
  case goingAway = 1001
  /// The frames break RFC 6455.
  case framing = 1002
  /// A binary frame.
  case binary = 1003
  /// Text that is not UTF-8.
  case notUTF8 = 1007
  /// More empty, tiny or control frames than anybody needs.
  case idleFrames = 1008
  /// A message beyond `messageBytesMax`.
  case tooBig = 1009
  /// Nothing heard for 2.5 heartbeats.
  case silent = 4001
  /// Too many bytes were waiting for this client.
  case slow = 4002
  /// Too many messages.
  case flood = 4003
  /// No place in the room or the server.
  case full = 4004
  /// No `join` in time.
  case noJoin = 4005
  /// Too many failed joins came from this address.
  case tooManyAttempts = 4006
  /// The connection is as old as connections may get.
  case aged = 4007
  /// The client left.
  case left = 4100
  /// A newer connection took over the session.
  case replaced = 4101
  /// An error in the protocol, as the `error` before says.
  case protocolError = 4102
  /// Refused, as the `error` before says.
  case refused = 4103
  /// A moderator or the operator removed this member.
  case kicked = 4104
  /// A moderator or the operator closed the room.
  case roomClosed = 4105

  /// The reason that goes with the code, for people.
  public var reason: String {
    switch self {
    case .goingAway: "the server is stopping"
    case .framing: "broken frame"
    case .binary: "binary message"
    case .notUTF8: "not UTF-8"
    case .idleFrames: "too many frames that carry nothing"
    case .tooBig: "message too big"
    case .silent: "nothing heard"
    case .slow: "reading too slowly"
    case .flood: "too many messages"
    case .full: "full"
    case .noJoin: "no join in time"
    case .tooManyAttempts: "too many failed joins"
    case .aged: "as old as connections may get"
    case .left: "left"
    case .replaced: "replaced by a newer connection"
    case .protocolError: "protocol error"
    case .refused: "refused"
    case .kicked: "kicked"
    case .roomClosed: "the room was closed"
    }
  }
}
