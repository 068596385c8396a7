// Finds the frames in what a server sent: only whole ones, where they are, for a tool that has to
// cost less than the server does.

internal import NetTypes

/// What stands next in the bytes of a server (RFC 6455 §5.2).
enum ServerFrame: Equatable, Sendable {
  /// The frame's end is not there yet; it stays where it is.
  case needMore
  /// A whole text message, in one frame.
  case text(Range<Int>)
  case ping(Range<Int>)
  case pong
  /// The code is nil where there is none.
  case close(UInt16?, reason: Range<Int>)
  /// What no server that this tool measures sends.
  case failed(String)

  /// Longer frames are a fault.
  static let payloadMax = 1 << 19

  /// Looks at `offset`, which moves behind a whole frame.
  static func next(in bytes: Span<UInt8>, at offset: inout Int) -> ServerFrame {
    guard bytes.count - offset >= 2 else { return .needMore }
    let first = bytes[offset]
    let short = Int(bytes[offset + 1])
    var start = offset + 2
    var length = short
    switch short {
    case 0..<126: break
    case 126:
      guard bytes.count - offset >= 4 else { return .needMore }
      length = Int(bytes.uint16(at: offset + 2))
      start += 2
    case 127:
      guard bytes.count - offset >= 10 else { return .needMore }
      length = Int(bytes.uint64(at: offset + 2) & UInt64(Int.max))
      start += 8
    default: return .failed("a frame that is masked")
    }
    guard length <= payloadMax else { return .failed("a frame of \(length) bytes") }
    guard bytes.count - start >= length else { return .needMore }
    offset = start + length
    return whole(first, start..<offset, bytes)
  }

  private static func whole(
    _ first: UInt8, _ payload: Range<Int>, _ bytes: Span<UInt8>
  ) -> ServerFrame {
    switch first {
    case 0x81: return .text(payload)
    case 0x88:
      guard payload.count >= 2 else { return .close(nil, reason: payload) }
      let code = bytes.uint16(at: payload.lowerBound)
      return .close(code, reason: payload.lowerBound + 2..<payload.upperBound)
    case 0x89: return .ping(payload)
    case 0x8A: return .pong
    default: return .failed("a frame that begins with \(String(first, radix: 16))")
    }
  }
}
