// The password algorithms of RFC 8489 §18.5: how a password becomes a key, and their lists.

internal import Crypto
internal import NetTypes

/// RFC 8489 §18.5.1: what makes the key of a long-term credential.
public enum PasswordAlgorithm: UInt16, CaseIterable, Sendable {
  case md5 = 0x0001
  case sha256 = 0x0002

  /// RFC 8489 §14.12: an algorithm's number and its parameters, of which both have none.
  public static let entryLength = 4

  /// The key of the user: a digest of `username:realm:password` (RFC 8489 §9.2.2, §18.5.1).
  ///
  /// All three are taken as they are: prepared by OpaqueString, or by SASLprep for clients of
  /// RFC 5389.
  public func key(username: String, realm: String, password: String) -> [UInt8] {
    let text = Array("\(username):\(realm):\(password)".utf8)
    switch self {
    case .md5: return MD5.digest(text.span)
    case .sha256: return SHA256.digest(text.span)
    }
  }

  /// Bytes of a key.
  public var keyLength: Int {
    switch self {
    case .md5: MD5.size
    case .sha256: SHA256.size
    }
  }

  /// The value of PASSWORD-ALGORITHM; in order of preference, that of PASSWORD-ALGORITHMS
  /// (RFC 8489 §14.11, §14.12).
  public static func value(_ algorithms: [PasswordAlgorithm]) -> [UInt8] {
    var bytes: [UInt8] = []
    for algorithm in algorithms {
      bytes.append(bigEndian: algorithm.rawValue)
      bytes.append(bigEndian: UInt16(0))
    }
    return bytes
  }

  /// The known algorithms of a PASSWORD-ALGORITHMS in its order; `nil` when it is malformed.
  public static func list(_ bytes: Span<UInt8>, _ range: Range<Int>) -> [PasswordAlgorithm]? {
    var known: [PasswordAlgorithm] = []
    var offset = range.lowerBound
    while offset < range.upperBound {
      guard offset + entryLength <= range.upperBound else { return nil }
      // RFC 8489 §14.11: each entry's parameters are padded to four bytes.
      let parameters = (Int(bytes.uint16(at: offset + 2)) + 3) & ~3
      if let algorithm = PasswordAlgorithm(rawValue: bytes.uint16(at: offset)) {
        known.append(algorithm)
      }
      offset += entryLength + parameters
    }
    return offset == range.upperBound ? known : nil
  }
}
