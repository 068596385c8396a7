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
  /// Whether its session has a connection.
  public enum State: Hashable, Sendable {
    /// It has, over which something was last heard then.
    case connected(lastHeard: Instant)
    /// It has none, since then.
    case suspended(since: Instant)
  }

  /// Its name in messages.
  public let peer: PeerID
  /// Its name for people, role and place.
  public let profile: Profile
  /// What it may do.
  public let permissions: Permissions
  /// When it joined, or came back after a restart of the server.
  public let joined: Instant
  /// Whether it has a connection.
  public let state: State
  /// That connection.
  public let connection: ConnectionID?
  /// Milliseconds that a heartbeat and its answer took, as the client says.
  public let rttMs: Int64?
  /// Messages from it.
  public let received: [ClientMessage.Kind: Int]
  /// Messages to it.
  public let sent: [ServerMessage.Kind: Int]
  /// The last number given to a message for it.
  public let lastSent: Int64
  /// The highest number it says it received everything up to.
  public let acknowledged: Int64
  /// Messages that are kept until it acknowledges them.
  public let waitingMessages: Int
  /// Bytes of those.
  public let waitingBytes: Int
  /// The last error it was told.
  public let lastError: ErrorCode?
  /// The ways of its media, as it reported them last.
  public let pairs: [ReportedPair]

  /// When it was last heard of, or lost.
  public var lastHeard: Instant {
    switch state {
    case .connected(let instant), .suspended(let instant): instant
    }
  }
}

/// The way that media takes toward one peer.
public struct ReportedPair: Hashable, Sendable {
  /// Toward whom.
  public let peer: PeerID
  /// What ICE selected.
  public let pair: SelectedPair
}
