// Reads a frame header byte by byte, refusing it at the first byte that breaks a rule.

/// A frame header (RFC 6455 §5.2).
struct FrameHeader {
  var isFinal = false
  var isCompressed = false
  var opcode = Opcode.continuation
  var length = 0
  var key: MaskKey?
}

/// What the header of the next frame is judged by.
struct HeaderRules {
  let role: WebSocketRole
  let messageBytesMax: Int
  /// Whether RSV1 may mark the first frame of a compressed message (RFC 7692 §6).
  let allowsCompression: Bool
}

/// Collects a header from bytes that arrive in pieces.
struct HeaderReader {
  private var header = FrameHeader()
  /// Bytes read of this header.
  private var count = 0
  private var isMasked = false
  /// Bytes of the extended length: 0, 2 or 8.
  private var lengthBytes = 0
  private var length: UInt64 = 0
  private var key: UInt32 = 0

  /// Takes one byte, and returns the header when it was the last one. `assembled` is the size of
  /// the message whose fragments are being collected, or nil between messages.
  mutating func take(
    _ byte: UInt8, _ rules: HeaderRules, assembled: Int?
  ) throws(WebSocketFault) -> FrameHeader? {
    defer { count += 1 }
    switch count {
    case 0:
      try takeFirst(byte, rules, continues: assembled != nil)
      return nil
    case 1:
      try takeSecond(byte, rules)
      if lengthBytes == 0 { try checkLength(rules, assembled) }
    case ..<(2 + lengthBytes):
      length = length << 8 | UInt64(byte)
      if count == 1 + lengthBytes { try checkLength(rules, assembled) }
    default:
      key = key << 8 | UInt32(byte)
    }
    guard count == 1 + lengthBytes + (isMasked ? 4 : 0) else { return nil }
    if isMasked { header.key = MaskKey(bigEndian: key) }
    return header
  }

  private mutating func takeFirst(
    _ byte: UInt8, _ rules: HeaderRules, continues: Bool
  ) throws(WebSocketFault) {
    header.isFinal = byte & 0x80 != 0
    header.isCompressed = byte & 0x40 != 0
    if byte & 0x30 != 0 { throw .reservedBit }
    guard let opcode = Opcode(rawValue: byte & 0x0F) else { throw .reservedOpcode }
    header.opcode = opcode
    // RFC 7692 §6: only the first frame of a message may have the bit.
    let mayBeCompressed = rules.allowsCompression && (opcode == .text || opcode == .binary)
    if header.isCompressed && !mayBeCompressed { throw .reservedBit }
    // RFC 6455 §5.4: fragments follow each other, with control frames between them only.
    switch opcode {
    case .continuation: if !continues { throw .strayContinuation }
    case .text, .binary: if continues { throw .interruptedMessage }
    case .close, .ping, .pong: if !header.isFinal { throw .fragmentedControl }
    }
  }

  private mutating func takeSecond(
    _ byte: UInt8, _ rules: HeaderRules
  ) throws(WebSocketFault) {
    isMasked = byte & 0x80 != 0
    switch rules.role {
    case .server: if !isMasked { throw .notMasked }
    case .client: if isMasked { throw .masked }
    }
    let short = byte & 0x7F
    if header.opcode.isControl && Int(short) > WebSocketLimits.controlBytesMax {
      throw .longControl
    }
    switch short {
    case 126: lengthBytes = 2
    case 127: lengthBytes = 8
    default: length = UInt64(short)
    }
  }

  private mutating func checkLength(
    _ rules: HeaderRules, _ assembled: Int?
  ) throws(WebSocketFault) {
    // RFC 6455 §5.2: the fewest bytes possible, and the highest bit of eight is 0.
    if lengthBytes == 2 && length < 126 { throw .paddedLength }
    if lengthBytes == 8 && length <= 0xFFFF { throw .paddedLength }
    guard let length = Int(exactly: length) else { throw .impossibleLength }
    if !header.opcode.isControl && length > rules.messageBytesMax - (assembled ?? 0) {
      throw .messageTooBig
    }
    header.length = length
  }
}
