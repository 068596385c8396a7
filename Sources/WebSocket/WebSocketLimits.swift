// The sizes and times that bound a WebSocket connection.

/// Named limits of the WebSocket core.
public enum WebSocketLimits {
  /// Bytes of a message's payload, over all its fragments, unless a decoder is made with another
  /// limit. A message that would pass it is refused by its header, before anything is stored.
  public static let messageBytesMax = 65_536
  /// Bytes of a control frame's payload (RFC 6455 §5.5).
  public static let controlBytesMax = 125
  /// Bytes of the reason in a close frame: a control frame less the code.
  public static let closeReasonBytesMax = controlBytesMax - 2
  /// Bytes of the longest frame header: 2, then 8 of length, then 4 of mask (RFC 6455 §5.2).
  public static let headerBytesMax = 14
  /// Control frames and fragments of less than 512 bytes that may come at once, and how many of
  /// them in a second, where they are counted. Clients ping once in seconds, and cut messages, if
  /// at all, into kilobytes.
  public static let idleFramesMax = 1_000
  public static let idleFramesPerSecond = 100
  /// How long we wait for the peer's close frame after ours.
  public static let closeWait = Duration.seconds(5)
  /// Bytes that are decoded from a handshake key (RFC 6455 §4.1).
  static let keyBytes = 16
}
