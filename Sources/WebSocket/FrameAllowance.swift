// How many frames a peer may send that bring no message forward.

internal import NetTypes

/// Counts control frames, and fragments that carry next to nothing: they cost their sender a few
/// bytes and the receiver as much work as a message does. What is used up comes back with time.
struct FrameAllowance: Sendable {
  /// Fragments of at least so many bytes are paid for by their size.
  static let fragmentBytesMin = 512

  private static let nanosecondsEach = 1_000_000_000 / Int64(WebSocketLimits.idleFramesPerSecond)

  /// When all that was taken will be back.
  private var paidAt = Instant.zero

  /// Whether a frame with this header is one of those that are counted.
  static func counts(_ header: FrameHeader) -> Bool {
    if header.opcode.isControl { return header.opcode != .close }
    let isWhole = header.isFinal && header.opcode != .continuation
    return !isWhole && header.length < fragmentBytesMin
  }

  /// `false`: these are more than allowed.
  mutating func take(_ count: Int, now: Instant) -> Bool {
    let start = max(paidAt, now).nanoseconds
    paidAt = Instant(nanoseconds: start + Int64(count) * Self.nanosecondsEach)
    let due = paidAt.nanoseconds - now.nanoseconds
    return due <= Int64(WebSocketLimits.idleFramesMax) * Self.nanosecondsEach
  }
}
