// Every bound of the protocol in one place.

/// The bounds that a signaling server keeps, and the times it waits.
///
/// A client is told those that concern it in `joined`.
public struct SignalingLimits: Hashable, Sendable {
  /// Bytes of one message, at most.
  public var messageBytesMax = 65_536
  /// Bytes of a session description, unescaped, at most.
  public var sdpBytesMax = 49_152
  /// Bytes of a candidate line, unescaped, at most.
  public var candidateBytesMax = 2_048
  /// What one connection may send.
  public var rates = ClientRates()
  /// What may be delivered in one room; a message to everybody counts once for each recipient.
  public var roomDeliveries = Rate(perSecond: 50_000, burst: 100_000)
  /// Messages refused as `rate_limited`, less those allowed since, at which the connection ends.
  public var refusedMax = 1_000
  /// Milliseconds for which somebody who sent far too much is asked to stay away.
  public var floodPauseMs: Int64 = 30_000
  /// Members of one room, at most.
  public var peersPerRoomMax = 32
  /// Rooms of one `SignalingServer`, at most.
  public var roomsMax = 10_000
  /// Members of all rooms of one `SignalingServer`, at most; suspended ones count.
  public var sessionsMax = 50_000
  /// Milliseconds between a client's heartbeats, at most.
  public var heartbeatMs: Int64 = 15_000
  /// Milliseconds a connection has for its `join`.
  public var joinTimeoutMs: Int64 = 10_000
  /// Milliseconds a session waits for another connection when one has broken.
  public var resumeWindowMs: Int64 = 30_000
  /// Milliseconds from the server's start for which sessions of an earlier run may come back.
  public var settlingMs: Int64 = 30_000
  /// Milliseconds after which somebody who comes back is advised to restart ICE.
  public var awayMs: Int64 = 10_000
  /// What is kept for each session until it is acknowledged.
  public var replay = ReplayLimits()
  /// Members of a room beyond which changes of presence are collected.
  public var presenceAtOnceMax = 32
  /// Milliseconds for which they are collected, at most.
  public var presenceDelayMs: Int64 = 200
  /// Milliseconds after which a connection has to be replaced by a new one; nil for never.
  public var connectionAgeMaxMs: Int64?
  /// Milliseconds over which the return of all clients is spread when the server stops.
  public var returnSpreadMs: Int64 = 5_000
  /// Selected pairs kept for each session, at most.
  public var pairsMax = 32
  /// Bytes that may wait for one client.
  public var sendQueueBytesMax = 1_048_576

  /// The bounds of Docs/protocol.md.
  public init() {}

  /// A connection is lost when nothing was heard for this long: 2.5 heartbeats.
  public var silenceMax: Duration { .milliseconds(heartbeatMs * 5 / 2) }
}

/// What is kept for one session until it is acknowledged.
public struct ReplayLimits: Hashable, Sendable {
  /// Messages, at most.
  public var messagesMax = 256
  /// Bytes of all of them, at most.
  public var bytesMax = 262_144
  /// Milliseconds, at most.
  public var ageMaxMs: Int64 = 60_000

  /// The bounds of Docs/protocol.md.
  public init() {}
}
