// Cuts the bytes of a TCP or TLS stream into STUN messages and ChannelData.

internal import NetTypes

/// Why nothing more can be read from a stream: where the next frame would begin is not known.
public enum FramingFault: String, Error, CaseIterable, Sendable {
  /// Neither a STUN message nor ChannelData begins here.
  case notRecognized
  /// A STUN message whose length is no multiple of 4 (RFC 8489 §5).
  case badLength
  /// Longer than a frame may be now.
  case tooLong
}

/// Frames of a stream follow one another without anything between them: RFC 8489 §6.2.2 for STUN,
/// RFC 8656 §12.5 for ChannelData, which on a stream is padded to a multiple of 4.
public enum StreamFramer {
  /// The longest that a header can tell: a STUN message of 65,532 bytes behind its header.
  /// ChannelData with its padding is shorter.
  public static let frameBytesMax = Wire.headerLength + 65_532

  /// What the bytes are that come next.
  public enum Step: Equatable, Sendable {
    /// The frame is not there whole.
    case needMore
    /// The frame, padding included; what follows it is the next one.
    case frame(Range<Int>)
    case fault(FramingFault)
  }

  /// Looks at what begins at `offset`.
  ///
  /// A length is believed only as far as the bytes are there: nothing is reserved for it. All sums
  /// are in `Int`, which no length of 16 bits makes overflow.
  ///
  /// - Parameter bytesMax: the longest frame that is accepted.
  public static func next(
    in bytes: Span<UInt8>, from offset: Int, bytesMax: Int = frameBytesMax
  ) -> Step {
    let present = bytes.count - offset
    guard present > 0 else { return .needMore }
    let length: Int
    switch DatagramKind(firstByte: bytes[offset]) {
    case .unknown: return .fault(.notRecognized)
    case .channelData:
      guard present >= Wire.channelDataHeaderLength else { return .needMore }
      length = Wire.channelDataHeaderLength + (Int(bytes.uint16(at: offset + 2)) + 3) & ~3
    case .stun:
      guard present >= 4 else { return .needMore }
      let body = Int(bytes.uint16(at: offset + 2))
      guard body % 4 == 0 else { return .fault(.badLength) }
      // The cookie tells a stray client before all of its message has come.
      guard present < 8 || bytes.uint32(at: offset + 4) == Wire.magicCookie else {
        return .fault(.notRecognized)
      }
      length = Wire.headerLength + body
    }
    guard length <= bytesMax else { return .fault(.tooLong) }
    guard present >= length else { return .needMore }
    return .frame(offset..<offset + length)
  }
}
