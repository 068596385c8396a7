// The sizes up to which HTTP messages are taken in.

/// Named limits of the HTTP/1.1 core. Beyond them a request is answered with 413, 414 or 431.
public enum HTTPLimits {
  /// Bytes of a request line or status line, without its line end (RFC 9112 §3).
  public static let requestLineBytesMax = 4_096
  /// Bytes of a head: start line, field lines and the empty line that ends it.
  public static let headBytesMax = 16_384
  /// Field lines of one head.
  public static let fieldCountMax = 64
  /// Bytes of a request body, unless the parser is made with another limit.
  public static let bodyBytesMax = 65_536
  /// Empty lines that are skipped in front of a request line (RFC 9112 §2.2).
  static let leadingEmptyLinesMax = 1
  /// Digits of a Content-Length; one more could leave the range of `Int`.
  static let contentLengthDigitsMax = 18
  /// Hexadecimal digits of a chunk's size (RFC 9112 §7.1).
  static let chunkSizeDigitsMax = 8
  /// Bytes of all chunk extensions of a body together.
  static let chunkExtensionBytesMax = 1_024
  /// Bytes of the fields behind a chunked body.
  static let trailerBytesMax = 4_096
}
