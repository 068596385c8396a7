// Time-limited credentials, which a signaling server hands out and the relay checks by a secret.

internal import Crypto

/// What a signaling server hands out, and the relay can check without having seen it before
/// (draft-uberti-behave-turn-rest-00 §2.2).
public struct RESTCredential: Equatable, Sendable {
  /// What the password is made with. Issuers use SHA-1; some have moved to SHA-256.
  public enum Digest: CaseIterable, Sendable {
    case sha1
    case sha256
  }

  /// What stands between the parts of a name if nobody says otherwise.
  public static let separatorDefault: Character = ":"

  /// Unix seconds of the expiry, the separator, and the name.
  public let username: String
  public let password: String

  /// Credentials of `name` that allow new allocations for `ttlSeconds` from `unixSeconds` on.
  public init(
    name: String, secret: [UInt8], unixSeconds: Int64, ttlSeconds: Int64,
    separator: Character = separatorDefault
  ) {
    username = "\(unixSeconds + ttlSeconds)\(separator)\(name)"
    password = Self.password(username: username, secret: secret)
  }

  /// The password for `username`: base64 of its HMAC under `secret`.
  public static func password(username: String, secret: [UInt8], _ digest: Digest = .sha1) -> String
  {
    let text = Array(username.utf8)
    switch digest {
    case .sha1: return Base64.encode(SHA1.hmac(text.span, key: secret))
    case .sha256: return Base64.encode(SHA256.hmac(text.span, key: secret))
    }
  }

  /// The two parts of a name.
  struct Parts {
    /// Unix seconds.
    let expiry: Int64
    /// Empty for a name that is a time alone.
    let name: Substring

    /// Reads `expiry:name` or, as some issuers write it, `name:expiry`; `nil` when there is no time
    /// in it.
    init?(of username: String, separator: Character) {
      let parts = username.split(
        separator: separator, maxSplits: 1, omittingEmptySubsequences: false)
      guard let first = parts.first else { return nil }
      if let time = Self.seconds(first) {
        (expiry, name) = (time, parts.count == 2 ? parts[1] : "")
        return
      }
      guard parts.count == 2, let time = Self.seconds(parts[1]) else { return nil }
      (expiry, name) = (time, first)
    }

    private static func seconds(_ text: Substring) -> Int64? {
      guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
      return Int64(text)
    }
  }
}
