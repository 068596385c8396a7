// Who came, who went, whose connection is broken.

/// What the others in a room are told of a member.
public struct Profile: Hashable, Sendable {
  /// Its name for people.
  public var name: DisplayName
  /// What its join token says it is.
  public var role: Role?
  /// Its place among all members of the room; the polite side of two is the one with the higher.
  public var order: Int64

  /// A member's name, role and place.
  public init(name: DisplayName, role: Role? = nil, order: Int64) {
    self.name = name
    self.role = role
    self.order = order
  }
}

/// What happened to one member.
public struct PresenceChange: Hashable, Sendable {
  /// What a member's state has become.
  public enum State: Hashable, Sendable {
    /// It entered.
    case joined(Profile)
    /// Its connection broke; what is for it is kept for a while.
    case suspended
    /// It is back, and got what was kept or knows that it did not.
    case resumed(Profile)
    /// It is gone.
    case left(LeaveReason)

    /// The word of the protocol.
    public var word: String {
      switch self {
      case .joined: "joined"
      case .suspended: "suspended"
      case .resumed: "resumed"
      case .left: "left"
      }
    }
  }

  /// Whom it concerns.
  public var peer: PeerID
  /// What has become of it.
  public var state: State

  /// A change of `peer` to `state`.
  public init(_ peer: PeerID, _ state: State) {
    self.peer = peer
    self.state = state
  }
}
