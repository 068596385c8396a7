// The answers of the admin endpoint that are about more or less than one service.

/// `{"status":"ok"}`, or how far the server is with its end.
public struct HealthDocument: Codable, Equatable, Sendable {
  /// `ok` of `/healthz`; `ready` or `draining` of `/readyz`.
  public var status: String

  public init(_ status: String = "ok") { self.status = status }
}

/// What a server says that was asked to drain.
public struct DrainDocument: Codable, Equatable, Sendable {
  /// Allocations and reserved ports that it waits for.
  public var allocations: Int
  /// Until it ends in any case.
  public var deadlineSeconds: Int64

  public init(allocations: Int, deadlineSeconds: Int64) {
    self.allocations = allocations
    self.deadlineSeconds = deadlineSeconds
  }
}

/// All counters of a process.
public struct StatsDocument: Codable, Equatable, Sendable {
  public var relay = RelayStatsDocument()
  /// Left out by a server without signaling.
  public var signaling: SignalingStatsDocument?

  public init() {}
}

/// What comes with every status from 400 on.
public struct ErrorDocument: Codable, Equatable, Sendable {
  /// The reason.
  public struct Reason: Codable, Equatable, Sendable {
    /// A stable word for programs.
    public var code: String
    /// A line for people.
    public var message: String
  }

  /// The code of a server that relays only: there is nothing to ask about rooms.
  public static let noRooms = "no_rooms"
  /// The code when nobody is in the room.
  public static let noSuchRoom = "no_such_room"
  /// The code when the peer is not in the room.
  public static let noSuchPeer = "no_such_peer"

  public var error: Reason

  public init(code: String, message: String) {
    error = Reason(code: code, message: message)
  }
}
