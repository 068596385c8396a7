// What happened, counted.

/// Why a message left no trace.
public enum DropReason: String, Hashable, Sendable, CaseIterable {
  /// Its number was seen before.
  case seenBefore = "seen_before"
  /// Its connection is no member of a room, or no longer.
  case noSession = "no_session"
}

/// What one `SignalingServer` has done since it began.
public struct SignalingCounters: Sendable, Equatable {
  /// Sessions begun.
  public var joined = 0
  /// Sessions ended, by the reason the others were told.
  public var left: [LeaveReason: Int] = [:]
  /// Messages from clients.
  public var received: [ClientMessage.Kind: Int] = [:]
  /// Messages to clients, each recipient counted.
  public var sent: [ServerMessage.Kind: Int] = [:]
  /// Errors told to clients.
  public var errors: [ErrorCode: Int] = [:]
  /// Messages dropped without an answer.
  public var drops: [DropReason: Int] = [:]
  /// Connections that the server ended.
  public var closes: [CloseCode: Int] = [:]

  /// All zero.
  public init() {}

  /// Adds what another server has done.
  public mutating func add(_ other: SignalingCounters) {
    joined += other.joined
    left.merge(other.left, uniquingKeysWith: +)
    received.merge(other.received, uniquingKeysWith: +)
    sent.merge(other.sent, uniquingKeysWith: +)
    errors.merge(other.errors, uniquingKeysWith: +)
    drops.merge(other.drops, uniquingKeysWith: +)
    closes.merge(other.closes, uniquingKeysWith: +)
  }
}
