// Credentials for the relay that it can check without having seen them before.

internal import Crypto

/// Time-limited TURN credentials: `expiry:name`, and its HMAC-SHA1 under a shared secret
/// (draft-uberti-behave-turn-rest-00 §2.2).
public struct RESTCredentials: Sendable, Equatable {
  /// Unix seconds of the expiry, a colon, and the name.
  public let username: String
  /// The HMAC of the user name, in Base64.
  public let password: String

  /// Credentials of `name` that allow new allocations for `ttlSeconds` from `unixSeconds` on.
  public init(name: String, secret: [UInt8], unixSeconds: Int64, ttlSeconds: Int64) {
    username = "\(unixSeconds + ttlSeconds):\(name)"
    password = Base64.encode(SHA1.hmac(Array(username.utf8).span, key: secret))
  }
}
