// MESSAGE-INTEGRITY and MESSAGE-INTEGRITY-SHA256: who signed a message (RFC 8489 §14.5, §14.6).

internal import Crypto
internal import NetTypes

/// Which of the two attributes signs a message.
public enum IntegrityAlgorithm: Sendable, Equatable {
  /// MESSAGE-INTEGRITY, of RFC 5389 and ever since.
  case sha1
  /// MESSAGE-INTEGRITY-SHA256.
  case sha256

  /// RFC 8489 §14.6: what is left of a truncated MESSAGE-INTEGRITY-SHA256 at the least.
  static let truncatedLengthMin = 16

  /// Bytes of the whole value.
  var length: Int {
    switch self {
    case .sha1: SHA1.size
    case .sha256: SHA256.size
    }
  }

  var attribute: Attribute {
    switch self {
    case .sha1: .messageIntegrity
    case .sha256: .messageIntegritySHA256
    }
  }

  /// Over two pieces, one behind the other.
  func mac(_ head: Span<UInt8>, _ tail: Span<UInt8>, key: [UInt8]) -> MAC {
    switch self {
    case .sha1: SHA1.mac(head, tail, key: key)
    case .sha256: SHA256.mac(head, tail, key: key)
    }
  }
}

/// A key, and the attribute it signs with.
public struct IntegrityKey: Sendable, Equatable {
  public let bytes: [UInt8]
  public let algorithm: IntegrityAlgorithm

  public init(_ bytes: [UInt8], _ algorithm: IntegrityAlgorithm = .sha1) {
    self.bytes = bytes
    self.algorithm = algorithm
  }
}

extension Message {
  /// Whether anybody signed it, with whatever key.
  public var hasIntegrity: Bool { integrityAlgorithm != nil }

  /// The attribute that has to hold: MESSAGE-INTEGRITY-SHA256 where both are there (RFC 8489
  /// §9.2.4).
  public var integrityAlgorithm: IntegrityAlgorithm? {
    if integritySHA256 != nil { return .sha256 }
    return integrityOffset == nil ? nil : .sha1
  }

  /// Whether it was signed with `key`, compared in constant time.
  ///
  /// RFC 8489 §14.5 and §14.6: what follows the attribute is not covered, and the length that is
  /// hashed is that of a message which ends with it.
  public func isIntegrityValid(_ bytes: Span<UInt8>, key: [UInt8]) -> Bool {
    if let attribute = integritySHA256 {
      return holds(bytes, attribute.range, .sha256, key)
    }
    guard let offset = integrityOffset else { return false }
    let value = offset + Wire.attributeHeaderLength
    return holds(bytes, value..<value + SHA1.size, .sha1, key)
  }

  private func holds(
    _ bytes: Span<UInt8>, _ value: Range<Int>, _ algorithm: IntegrityAlgorithm, _ key: [UInt8]
  ) -> Bool {
    let start = range.lowerBound
    let length = UInt16(value.upperBound - start - Wire.headerLength)
    let head: InlineArray<4, UInt8> = [
      bytes[start], bytes[start + 1], UInt8(length >> 8), UInt8(truncatingIfNeeded: length),
    ]
    let rest = start + head.count..<value.lowerBound - Wire.attributeHeaderLength
    return algorithm.mac(head.span, bytes.extracting(rest), key: key).begins(with: bytes, in: value)
  }
}
