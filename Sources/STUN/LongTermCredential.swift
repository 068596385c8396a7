// The long-term credential mechanism: its limits, and what stands for a name (RFC 8489 §9.2).

internal import Crypto

public enum LongTermCredential {
  /// RFC 8489 §14.3: the longest USERNAME, in bytes.
  public static let usernameMax = 509
  /// RFC 8489 §14.9 and §14.10: the longest REALM and NONCE, in bytes.
  public static let realmMax = 763
  public static let nonceMax = 763
  /// RFC 8489 §14.4.
  public static let userhashLength = SHA256.size

  /// The 16-byte key of algorithm MD5, which clients of RFC 5389 use.
  public static func key(username: String, realm: String, password: String) -> [UInt8] {
    PasswordAlgorithm.md5.key(username: username, realm: realm, password: password)
  }

  /// RFC 8489 §14.4: the value of USERHASH.
  public static func userhash(username: String, realm: String) -> [UInt8] {
    SHA256.digest(Array("\(username):\(realm)".utf8).span)
  }
}
