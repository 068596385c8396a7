// Reading a STUN message: an index of its attributes over bytes that stay where they are.

public import NetTypes

/// Why bytes are not a STUN message.
public enum ParseError: Error, Equatable, Sendable {
  /// Shorter than a header, or than the header says.
  case truncated
  /// The first two bits are not zero, or the cookie is missing.
  case notSTUN
  /// The length is no multiple of 4, or not that of the datagram.
  case badLength
  /// An attribute reaches over the end.
  case badAttribute
  /// FINGERPRINT is wrong or not last.
  case badFingerprint
}

/// An attribute's type, and where its value is in the bytes that were parsed.
public struct AttributeReference: Sendable {
  public let type: UInt16
  public let offset: Int32
  public let length: Int32

  @inlinable public var range: Range<Int> { Int(offset)..<Int(offset) + Int(length) }
}

/// A well-formed message. It holds offsets, no bytes: every access names the span again.
public struct Message: Sendable {
  /// More attributes than any client of the RFCs sends, so that the index needs no heap.
  public static let attributesMax = 48

  public let type: MessageType
  public let transactionID: TransactionID
  /// The whole message.
  public let range: Range<Int>
  /// Offset of the MESSAGE-INTEGRITY attribute, header included.
  public private(set) var integrityOffset: Int?
  /// Where MESSAGE-INTEGRITY-SHA256 is.
  public private(set) var integritySHA256: AttributeReference?
  public private(set) var hasFingerprint = false
  private var attributes: InlineArray<48, AttributeReference>
  /// A bit for each type that is there, which it may share with others: most of what is looked for
  /// is not there.
  @usableFromInline var presence: UInt64 = 0
  public private(set) var attributeCount = 0
  /// More than ``attributesMax`` that are signed: the surplus is not in the index, so a request
  /// must not be acted on.
  public private(set) var isOverfull = false

  /// Reads the message that fills `range` of `bytes` exactly.
  ///
  /// Attributes behind MESSAGE-INTEGRITY or MESSAGE-INTEGRITY-SHA256 are not part of the index
  /// (RFC 8489 §9): nobody vouches for them. Only MESSAGE-INTEGRITY-SHA256 and FINGERPRINT are read
  /// there.
  public init(_ bytes: Span<UInt8>, in range: Range<Int>) throws(ParseError) {
    guard range.count >= Wire.headerLength else { throw .truncated }
    let start = range.lowerBound
    let type = bytes.uint16(at: start)
    guard type & 0xc000 == 0, bytes.uint32(at: start + 4) == Wire.magicCookie else {
      throw .notSTUN
    }
    let length = Int(bytes.uint16(at: start + 2))
    guard length % 4 == 0, Wire.headerLength + length == range.count else { throw .badLength }
    self.type = MessageType(rawValue: type)
    self.range = range
    transactionID = TransactionID(
      high: bytes.uint32(at: start + 8), low: bytes.uint64(at: start + 12))
    attributes = InlineArray(repeating: AttributeReference(type: 0, offset: 0, length: 0))
    try index(bytes)
  }

  private mutating func index(_ bytes: Span<UInt8>) throws(ParseError) {
    var offset = range.lowerBound + Wire.headerLength
    while offset < range.upperBound {
      // RFC 8489 §14.7: FINGERPRINT is the last attribute.
      guard !hasFingerprint else { throw .badFingerprint }
      guard offset + Wire.attributeHeaderLength <= range.upperBound else { throw .badAttribute }
      let type = bytes.uint16(at: offset)
      let length = Int(bytes.uint16(at: offset + 2))
      let value = offset + Wire.attributeHeaderLength
      guard value + (length + 3) & ~3 <= range.upperBound else { throw .badAttribute }
      switch Attribute(rawValue: type) {
      case .fingerprint:
        guard length == 4,
          bytes.uint32(at: value) == CRC32.checksum(bytes, range.lowerBound..<offset)
            ^ Wire.fingerprintXor
        else { throw .badFingerprint }
        hasFingerprint = true
      case .messageIntegrity where !hasIntegrity:
        guard length == IntegrityAlgorithm.sha1.length else { throw .badAttribute }
        integrityOffset = offset
      case .messageIntegritySHA256 where integritySHA256 == nil:
        // RFC 8489 §14.6: it may be truncated, to a multiple of four.
        guard length >= IntegrityAlgorithm.truncatedLengthMin, length % 4 == 0,
          length <= IntegrityAlgorithm.sha256.length
        else { throw .badAttribute }
        integritySHA256 = AttributeReference(
          type: type, offset: Int32(value), length: Int32(length))
      default:
        if !hasIntegrity { append(type, value, length) }
      }
      offset = value + (length + 3) & ~3
    }
  }

  private mutating func append(_ type: UInt16, _ value: Int, _ length: Int) {
    guard attributeCount < Self.attributesMax else {
      isOverfull = true
      return
    }
    attributes[attributeCount] = AttributeReference(
      type: type, offset: Int32(value), length: Int32(length))
    attributeCount += 1
    presence |= Self.presenceBit(type)
  }

  /// The known types below 0x8000 and those above have different bits as far as there are enough.
  @inlinable static func presenceBit(_ type: UInt16) -> UInt64 {
    1 << UInt64((type ^ type >> 10) & 63)
  }

  public subscript(index: Int) -> AttributeReference {
    precondition(index < attributeCount)
    return attributes[index]
  }

  /// Where the value of the first attribute of this type is: later ones of the same type are
  /// ignored (RFC 8489 §14).
  @inlinable public func value(of attribute: Attribute) -> Range<Int>? {
    guard presence & Self.presenceBit(attribute.rawValue) != 0 else { return nil }
    for index in 0..<attributeCount where self[index].type == attribute.rawValue {
      return self[index].range
    }
    return nil
  }

  @inlinable public func has(_ attribute: Attribute) -> Bool { value(of: attribute) != nil }

  // MARK: Values

  /// A four-byte value; `nil` when absent or of another length.
  public func uint32(_ attribute: Attribute, _ bytes: Span<UInt8>) -> UInt32? {
    guard let range = value(of: attribute), range.count == 4 else { return nil }
    return bytes.uint32(at: range.lowerBound)
  }

  /// Text of at most `max` bytes; `nil` when absent, longer, or not UTF-8.
  public func text(_ attribute: Attribute, _ bytes: Span<UInt8>, max: Int) -> String? {
    guard let range = value(of: attribute), range.count <= max else { return nil }
    guard let text = try? UTF8Span(validating: bytes.extracting(range)) else { return nil }
    return String(copying: text)
  }

  /// An XOR-…-ADDRESS; `nil` when absent or malformed.
  public func xorAddress(_ attribute: Attribute, _ bytes: Span<UInt8>) -> SocketAddress? {
    guard let range = value(of: attribute) else { return nil }
    return XorAddress.decode(bytes, range, transactionID)
  }

  /// The ERROR-CODE of an error response; `nil` when absent or malformed.
  public func errorCode(_ bytes: Span<UInt8>) -> Int? {
    guard let range = value(of: .errorCode), range.count >= 4 else { return nil }
    return Int(bytes[range.lowerBound + 2] & 7) * 100 + Int(bytes[range.lowerBound + 3])
  }

  /// Whether there is a comprehension-required attribute that is not understood.
  public var hasUnknownRequired: Bool {
    for index in 0..<attributeCount where Self.isUnknownRequired(attributes[index].type) {
      return true
    }
    return false
  }

  /// Comprehension-required types that are not understood, each once, in order (RFC 8489 §6.3.1).
  public var unknownRequired: [UInt16] {
    var unknown: [UInt16] = []
    for index in 0..<attributeCount {
      let type = attributes[index].type
      if Self.isUnknownRequired(type), !unknown.contains(type) { unknown.append(type) }
    }
    return unknown
  }

  private static func isUnknownRequired(_ type: UInt16) -> Bool {
    Attribute.isComprehensionRequired(type) && Attribute(rawValue: type)?.isUnderstood != true
  }
}
