// What an operator can see of rooms.

public import NetTypes

/// A room as it is at one moment.
public struct RoomSnapshot: Sendable {
  /// Whose room it is.
  public let tenant: TenantID
  /// Its name.
  public let name: RoomName
  /// Who is in it, in the order of their joins.
  public let members: [MemberSnapshot]
}

/// A member as it is at one moment.
public struct MemberSnapshot: Sendable {
  /// Its connection.
  public let connection: ConnectionID
  /// Its name in messages.
  public let peer: PeerID
  /// Its name for people.
  public let name: DisplayName
  /// When it joined.
  public let joined: Instant
  /// When it was last heard of.
  public let lastHeard: Instant
  /// Messages from it.
  public let received: [ClientMessage.Kind: Int]
  /// Messages to it.
  public let sent: [ServerMessage.Kind: Int]
  /// The last number sent to it.
  public let lastSent: Int64
  /// The highest number it says it received everything up to.
  public let acknowledged: Int64
  /// The last error it was told.
  public let lastError: ErrorCode?
}
