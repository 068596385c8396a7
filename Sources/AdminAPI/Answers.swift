// The answers of the admin endpoint that are about more or less than one service.

/// `{"status":"ok"}`.
public struct HealthDocument: Codable, Equatable, Sendable {
  public var status = "ok"

  public init() {}
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

  public var error: Reason

  public init(code: String, message: String) {
    error = Reason(code: code, message: message)
  }
}
