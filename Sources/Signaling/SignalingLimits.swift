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
  /// Messages a connection may send in the long run.
  public var messagesPerSecond = 50
  /// Messages a connection may send at once.
  public var burst = 200
  /// Messages refused as `rate_limited`, less those allowed since, at which the connection ends.
  public var refusedMax = 1_000
  /// Members of one room, at most.
  public var peersPerRoomMax = 32
  /// Rooms of one `SignalingServer`, at most.
  public var roomsMax = 10_000
  /// Members of all rooms of one `SignalingServer`, at most.
  public var connectionsMax = 50_000
  /// Milliseconds between a client's heartbeats, at most.
  public var heartbeatMs: Int64 = 15_000
  /// Milliseconds a connection has for its `join`.
  public var joinTimeoutMs: Int64 = 10_000
  /// Bytes that may wait for one client.
  public var sendQueueBytesMax = 1_048_576

  /// The bounds of Docs/protocol.md.
  public init() {}

  /// A connection is lost when nothing was heard for this long: 2.5 heartbeats.
  public var silenceMax: Duration { .milliseconds(heartbeatMs * 5 / 2) }
}
