// A value that passes through unread.

/// One JSON value as it came, byte for byte; its sender answers for its meaning.
public struct RawJSON: Hashable, Sendable {
  /// The value's bytes, without surrounding white space.
  public let bytes: [UInt8]

  /// - Parameter bytes: one valid JSON value.
  public init(_ bytes: [UInt8]) { self.bytes = bytes }
}
