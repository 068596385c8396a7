// What somebody who is let in gets.

/// What a client that wants to enter is given, by its join token or because no tokens are asked
/// for.
public struct Grant: Hashable, Sendable {
  /// Whose room it enters.
  public var tenant: TenantID
  /// What the others call it; nil when the server is to find a name.
  public var peer: PeerID?
  /// What people call it; nil for what it calls itself.
  public var name: DisplayName?
  /// What the others are told it is.
  public var role: Role?
  /// What it may do.
  public var permissions: Permissions
  /// Whether its media goes through the relay.
  public var relay: RelayPolicy
  /// What all clients of the tenant together may use.
  public var limits: TenantLimits

  /// What a client is given; without arguments what everybody gets where no tokens are asked for.
  public init(
    tenant: TenantID = .open, peer: PeerID? = nil, name: DisplayName? = nil, role: Role? = nil,
    permissions: Permissions = .usual, relay: RelayPolicy = .fallback,
    limits: TenantLimits = TenantLimits()
  ) {
    self.tenant = tenant
    self.peer = peer
    self.name = name
    self.role = role
    self.permissions = permissions
    self.relay = relay
    self.limits = limits
  }
}

/// What all clients of one tenant together may use; nil where only the server's own bounds hold.
public struct TenantLimits: Hashable, Sendable {
  /// Rooms with somebody in them, at most.
  public var roomsMax: Int?
  /// Members of all its rooms, at most.
  public var peersMax: Int?
  /// Members of one room, at most; never more than the server allows.
  public var peersPerRoomMax: Int?
  /// Messages that all its clients together may send, in the long run and at once.
  public var messages: Rate?

  /// None.
  public init() {}
}

/// Whether somebody who asks for a room is let in.
public enum Admittance: Hashable, Sendable {
  /// It is, with this.
  case granted(Grant)
  /// It is not, and told so.
  case refused(ErrorCode, String, retryAfterMs: Int64? = nil)
}
