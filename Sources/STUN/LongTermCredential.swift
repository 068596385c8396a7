// The long-term credential mechanism: keys, and MESSAGE-INTEGRITY under them (RFC 8489 §9.2).

internal import Crypto
internal import NetTypes

public enum LongTermCredential {
  /// RFC 8489 §14.3 and §14.9: the longest USERNAME, REALM and NONCE, in bytes.
  public static let usernameMax = 509
  public static let realmMax = 763
  public static let nonceMax = 763

  /// RFC 8489 §9.2.2, algorithm MD5: the 16-byte key of a user.
  public static func key(username: String, realm: String, password: String) -> [UInt8] {
    MD5.digest(Array("\(username):\(realm):\(password)".utf8).span)
  }
}

extension Message {
  /// RFC 8489 §14.5: whether MESSAGE-INTEGRITY is there and made with `key`, compared in constant
  /// time. What follows the attribute is not covered, and its length not counted.
  public func isIntegrityValid(_ bytes: Span<UInt8>, key: [UInt8]) -> Bool {
    guard let offset = integrityOffset else { return false }
    var signed = bytes.bytes(in: range.lowerBound..<offset)
    var span = signed.mutableSpan
    span.store(UInt16(offset - range.lowerBound + 24 - Wire.headerLength), at: 2)
    let value = offset + Wire.attributeHeaderLength
    return equalInConstantTime(
      SHA1.hmac(signed.span, key: key), bytes.bytes(in: value..<value + SHA1.size))
  }
}
