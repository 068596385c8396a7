// What the admin endpoint says of rooms and of those who are in them.

/// A room in the list.
public struct RoomSummaryDocument: Codable, Equatable, Sendable {
  /// Whose room it is; empty without tenants.
  public var tenant = ""
  public var room = ""
  /// How many are in it, and how many of them have no connection now.
  public var peers = 0
  public var suspended = 0
  /// Since its present members joined, the first of them.
  public var openSeconds: Int64 = 0
  /// Since any of them was last heard of.
  public var lastHeardSecondsAgo: Int64 = 0
  /// Messages from and to its present members.
  public var received = 0
  public var sent = 0
  /// Bytes of messages that its members have not acknowledged.
  public var queuedBytes = 0

  public init() {}
}

/// All rooms with somebody in them, by tenant and name.
public struct RoomsDocument: Codable, Equatable, Sendable {
  public var rooms: [RoomSummaryDocument] = []
  /// How many more there are than an answer holds; left out when it holds all.
  public var omitted: Int?

  public init() {}
}

/// The selected candidate pair toward a peer, as the member reported it.
public struct PairDocument: Codable, Equatable, Sendable {
  /// To whom.
  public var peer = ""
  /// Types of the candidates: `host`, `srflx`, `prflx` or `relay`.
  public var local = ""
  public var remote = ""
  /// `udp` or `tcp`.
  public var transport = ""

  public init(peer: String = "", local: String = "", remote: String = "", transport: String = "") {
    self.peer = peer
    self.local = local
    self.remote = remote
    self.transport = transport
  }
}

/// Somebody in a room.
public struct MemberDocument: Codable, Equatable, Sendable {
  /// The name in messages.
  public var peer = ""
  /// The name for people; may be empty.
  public var name = ""
  /// What its join token makes of it; left out without.
  public var role: String?
  /// `connected` or `suspended`, and in the latter case for how long.
  public var state = "connected"
  public var suspendedSeconds: Int64?
  /// As the member measured it; left out before it did.
  public var roundTripMs: Int64?
  public var joinedSecondsAgo: Int64 = 0
  public var lastHeardSecondsAgo: Int64 = 0
  /// Messages from it, by type.
  public var received: [String: Int] = [:]
  /// Messages to it, by type.
  public var sent: [String: Int] = [:]
  /// The number of the last message to it, and the one it says it has everything up to.
  public var lastSent: Int64 = 0
  public var acknowledged: Int64 = 0
  /// Messages to it that it has not acknowledged, as far as they are kept, and their bytes.
  public var queuedMessages = 0
  public var queuedBytes = 0
  /// What it reported of its connections to others.
  public var pairs: [PairDocument] = []
  /// The code of the last error it was told; left out when there was none.
  public var lastError: String?

  public init() {}
}

/// One room, its members in the order in which they came.
public struct RoomDocument: Codable, Equatable, Sendable {
  /// Whose room it is; empty without tenants.
  public var tenant = ""
  public var room = ""
  public var members: [MemberDocument] = []

  public init() {}
}

/// What came of a change to a room.
public struct ChangeDocument: Codable, Equatable, Sendable {
  /// How many peers were sent away, or told.
  public var peers: Int

  public init(peers: Int) { self.peers = peers }
}

/// The counters of signaling since the process began, and what there is now.
public struct SignalingStatsDocument: Codable, Equatable, Sendable {
  /// Now: rooms with somebody in them, members of all rooms, TCP connections.
  public var rooms = 0
  public var peers = 0
  public var sockets = 0
  /// TCP connections accepted, and those of them that went to the loop of their room.
  public var accepted = 0
  public var moved = 0
  /// Sessions begun, and ended by reason.
  public var joined = 0
  public var left: [String: Int] = [:]
  /// Sessions that lost their connection by reason, that went on with another one, that came back
  /// after a restart; and claims to sessions that somebody newer has.
  public var suspended: [String: Int] = [:]
  public var resumed = 0
  public var reborn = 0
  public var stale = 0
  /// Gaps told by kind, and messages sent once more.
  public var gaps: [String: Int] = [:]
  public var replayed = 0
  /// Messages refused as `rate_limited`, by whose allowance was used up.
  public var limited: [String: Int] = [:]
  /// Clients that asked for the relay, and reported ways of media, `direct` and `relayed`.
  public var relayAsked = 0
  public var pairs: [String: Int] = [:]
  /// Messages from clients and to clients, by type.
  public var received: [String: Int] = [:]
  public var sent: [String: Int] = [:]
  /// Errors told to members, and before the join, by code.
  public var errors: [String: Int] = [:]
  public var lobbyErrors: [String: Int] = [:]
  /// Messages dropped without an answer, by reason.
  public var drops: [String: Int] = [:]
  /// Sockets not served, or no longer, by reason.
  public var socketDrops: [String: Int] = [:]
  /// TCP connections that ended before it was known what they want, by reason.
  public var refused: [String: UInt64] = [:]
  /// Members' connections that the server ended, by close code.
  public var closes: [String: Int] = [:]
  /// HTTP responses by status, and what was no request or no frame by fault.
  public var responses: [String: Int] = [:]
  public var httpFaults: [String: Int] = [:]
  public var frameFaults: [String: Int] = [:]

  public init() {}
}
