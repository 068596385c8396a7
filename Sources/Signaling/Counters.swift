// What happened, counted.

/// Why a message left no trace.
public enum DropReason: String, Hashable, Sendable, CaseIterable {
  /// Its number was seen before.
  case seenBefore = "seen_before"
  /// Its connection is no member of a room, or no longer.
  case noSession = "no_session"
  /// Kept for a session that might have missed it, until there were too many.
  case replayMessages = "replay_messages"
  /// Kept likewise, until there were too many bytes.
  case replayBytes = "replay_bytes"
  /// Kept likewise, for as long as it may be.
  case replayAge = "replay_age"
}

/// What one `SignalingServer` has done since it began.
public struct SignalingCounters: Sendable, Equatable {
  /// Whose allowance was used up.
  public enum Limit: String, Hashable, Sendable, CaseIterable {
    /// The sender's own.
    case connection
    /// That of its room.
    case room
    /// That of its tenant.
    case tenant
  }

  /// The way that clients say their media takes.
  public enum Way: String, Hashable, Sendable, CaseIterable {
    /// From one to the other.
    case direct
    /// Through a relay on either side.
    case relayed
  }

  /// Sessions begun.
  public var joined = 0
  /// Sessions ended, by the reason the others were told.
  public var left: [LeaveReason: Int] = [:]
  /// Sessions that lost their connection, by how.
  public var suspended: [ConnectionEnd: Int] = [:]
  /// Sessions that went on with another connection.
  public var resumed = 0
  /// Sessions of an earlier run that came back.
  public var reborn = 0
  /// Claims to a session that somebody newer has.
  public var stale = 0
  /// Gaps that clients were told of.
  public var gaps: [Gap: Int] = [:]
  /// Messages sent once more after a resume.
  public var replayed = 0
  /// Changes of presence that waited to be told with others.
  public var collected = 0
  /// Messages from clients.
  public var received = Tally<ClientMessage.Kind, Int>()
  /// Messages to clients, each recipient counted.
  public var sent = Tally<ServerMessage.Kind, Int>()
  /// Errors told to clients.
  public var errors: [ErrorCode: Int] = [:]
  /// Messages refused as `rate_limited`, by whose allowance was used up.
  public var limited: [Limit: Int] = [:]
  /// Messages dropped without an answer.
  public var drops: [DropReason: Int] = [:]
  /// Connections that the server ended.
  public var closes: [CloseCode: Int] = [:]
  /// Requests for a relay because the direct way failed.
  public var relayAsked = 0
  /// Ways that clients reported.
  public var pairs: [Way: Int] = [:]

  /// All zero.
  public init() {}

  /// Adds what another server has done.
  public mutating func add(_ other: SignalingCounters) {
    joined += other.joined
    left.merge(other.left, uniquingKeysWith: +)
    suspended.merge(other.suspended, uniquingKeysWith: +)
    resumed += other.resumed
    reborn += other.reborn
    stale += other.stale
    gaps.merge(other.gaps, uniquingKeysWith: +)
    replayed += other.replayed
    collected += other.collected
    received.add(other.received)
    sent.add(other.sent)
    errors.merge(other.errors, uniquingKeysWith: +)
    limited.merge(other.limited, uniquingKeysWith: +)
    drops.merge(other.drops, uniquingKeysWith: +)
    closes.merge(other.closes, uniquingKeysWith: +)
    relayAsked += other.relayAsked
    pairs.merge(other.pairs, uniquingKeysWith: +)
  }
}
