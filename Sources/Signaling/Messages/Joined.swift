// What a member begins with, or goes on with.

/// Why something that a client missed does not follow.
public enum Gap: String, Hashable, Sendable, CaseIterable {
  /// More was missed than is kept.
  case overflow
  /// The server was restarted and knows only what the session's secret says.
  case restart
}

/// The state that a member begins with, or goes on with after its connection broke.
public struct Joined: Hashable, Sendable {
  /// Somebody else in the room.
  public struct Peer: Hashable, Sendable {
    /// Its name in messages.
    public var peer: PeerID
    /// Who it is.
    public var profile: Profile
    /// Whether its connection is broken just now.
    public var isSuspended: Bool

    /// One entry of the roster.
    public init(peer: PeerID, profile: Profile, isSuspended: Bool = false) {
      self.peer = peer
      self.profile = profile
      self.isSuspended = isSuspended
    }
  }

  /// The highest number received from this client.
  public var ack: Int64
  /// The room entered.
  public var room: RoomName
  /// The client's own name in messages.
  public var peer: PeerID
  /// Its own name for people, role and place; only role and place are told.
  public var profile: Profile
  /// The client's new secret.
  public var session: SessionSecret
  /// Whether the session of `resume` goes on.
  public var resumed: Bool
  /// What of that session is missing.
  public var gap: Gap?
  /// After a restart: milliseconds for which the others may still come back.
  public var settlingMs: Int64?
  /// Whether ICE ought to be restarted.
  public var restartIce: Bool
  /// The others, in the order of their joins; nil where the changes follow.
  public var peers: [Peer]?
  /// Where to find STUN and TURN.
  public var ice: ICEOffer
  /// The policy for this client.
  public var relay: RelayPolicy
  /// What it may do.
  public var permissions: Permissions
  /// What it has to keep to, with the tenant's bounds where they are lower.
  public var limits: SignalingLimits
}
