// Writes frames.

/// Writes frames (RFC 6455 §5.2).
///
/// A server's frame is the same for every receiver, so a broadcast is framed once and its bytes are
/// sent to all.
public enum FrameEncoder {
  /// The bytes of a header in front of `payloadCount` bytes.
  public static func headerLength(payloadCount: Int, isMasked: Bool = false) -> Int {
    let length =
      switch payloadCount {
      case ..<126: 2
      case ...0xFFFF: 4
      default: 10
      }
    return length + (isMasked ? 4 : 0)
  }

  /// Appends one frame to `output`.
  ///
  /// - Parameters:
  ///   - isFinal: this is the last frame of its message.
  ///   - isCompressed: sets RSV1, for the first frame of a deflated message (RFC 7692 §6).
  ///   - maskKey: a client's fresh random key, written big-endian; nil for a server.
  public static func append(
    to output: inout [UInt8], opcode: Opcode, payload: Span<UInt8>, isFinal: Bool = true,
    isCompressed: Bool = false, maskKey: UInt32? = nil
  ) {
    appendHeader(
      to: &output, opcode: opcode, payloadCount: payload.count, isFinal: isFinal,
      isCompressed: isCompressed, maskKey: maskKey)
    let start = output.count
    output.append(payload, 0..<payload.count)
    guard let maskKey else { return }
    var written = output.mutableSpan
    written.mask(start..<start + payload.count, with: MaskKey(bigEndian: maskKey))
  }

  /// Appends a header, with room for the payload that the caller appends in pieces.
  public static func appendHeader(
    to output: inout [UInt8], opcode: Opcode, payloadCount: Int, isFinal: Bool = true,
    isCompressed: Bool = false, maskKey: UInt32? = nil
  ) {
    precondition(
      !opcode.isControl || (isFinal && payloadCount <= WebSocketLimits.controlBytesMax),
      "control frames are short and whole")
    let header = headerLength(payloadCount: payloadCount, isMasked: maskKey != nil)
    output.reserveForAppending(header + payloadCount)
    output.append((isFinal ? 0x80 : 0) | (isCompressed ? 0x40 : 0) | opcode.rawValue)
    let maskBit: UInt8 = maskKey == nil ? 0 : 0x80
    switch payloadCount {
    case ..<126:
      output.append(maskBit | UInt8(payloadCount))
    case ...0xFFFF:
      output.append(maskBit | 126)
      output.append(bigEndian: UInt64(payloadCount), bytes: 2)
    default:
      output.append(maskBit | 127)
      output.append(bigEndian: UInt64(payloadCount), bytes: 8)
    }
    if let maskKey { output.append(bigEndian: UInt64(maskKey), bytes: 4) }
  }

  /// One whole message of a server, for one receiver or many.
  public static func frame(_ kind: MessageKind, _ payload: [UInt8]) -> [UInt8] {
    var output: [UInt8] = []
    append(to: &output, opcode: kind.opcode, payload: payload.span)
    return output
  }

  /// Appends a close frame (RFC 6455 §5.5.1). Without a code it has no payload; a reason longer
  /// than `WebSocketLimits.closeReasonBytesMax` is cut between two characters.
  public static func appendClose(
    to output: inout [UInt8], _ code: CloseCode?, reason: String = "", maskKey: UInt32? = nil
  ) {
    var payload: [UInt8] = []
    if let code {
      precondition(code.isSendable, "this code is never sent")
      payload.append(bigEndian: UInt64(code.rawValue), bytes: 2)
      for scalar in reason.unicodeScalars {
        let bytes = UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
        guard payload.count + bytes.count <= WebSocketLimits.controlBytesMax else { break }
        payload.append(contentsOf: bytes)
      }
    }
    append(to: &output, opcode: .close, payload: payload.span, maskKey: maskKey)
  }
}

extension [UInt8] {
  /// Appends the lowest `bytes` bytes of `number`, the highest of them first.
  mutating func append(bigEndian number: UInt64, bytes: Int) {
    for place in (0..<bytes).reversed() {
      append(UInt8(truncatingIfNeeded: number >> UInt64(place * 8)))
    }
  }

  /// Makes room for `count` more bytes at once; grows at least twofold, so that many small frames
  /// in a row do not move the buffer each time.
  mutating func reserveForAppending(_ count: Int) {
    let needed = self.count + count
    if needed > capacity { reserveCapacity(Swift.max(needed, capacity * 2)) }
  }
}
