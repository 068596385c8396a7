// Who may allocate: static users and secrets for time-limited credentials.

internal import Crypto
internal import NetTypes
internal import STUN

/// The one place that turns a USERNAME into a key.
public struct CredentialStore: Sendable {
  /// What is known of a user name.
  public enum Lookup: Equatable, Sendable {
    /// The keys any of which may have signed: one for a static user, one for each secret otherwise.
    case keys([[UInt8]])
    case unknown
    /// A time-limited name whose time is over.
    case expired
  }

  /// More secrets than a rotation needs; each costs two digests for each request of a REST user.
  public static let secretsMax = 8

  private let realm: String
  private var users: [String: [UInt8]] = [:]
  private let secrets: [[UInt8]]

  /// - Parameters:
  ///   - users: passwords by name.
  ///   - secrets: shared with whoever issues time-limited credentials; at most ``secretsMax``.
  public init(realm: String, users: [String: String], secrets: [String]) {
    precondition(secrets.count <= Self.secretsMax)
    self.realm = realm
    self.secrets = secrets.map { Array($0.utf8) }
    for (name, password) in users {
      self.users[name] = LongTermCredential.key(
        username: name, realm: realm, password: password)
    }
  }

  /// - Parameter unixSeconds: now, by the calendar; `nil` for a name that was let in in time.
  public func lookup(_ username: String, unixSeconds: Int64?) -> Lookup {
    if let key = users[username] { return .keys([key]) }
    guard !secrets.isEmpty, let expiry = Self.expiry(of: username) else { return .unknown }
    if let unixSeconds, expiry < unixSeconds { return .expired }
    return .keys(
      secrets.map { secret in
        LongTermCredential.key(
          username: username, realm: realm,
          password: RESTCredential.password(username: username, secret: secret))
      })
  }

  /// Whose the name is: what stays the same when the same person gets new time-limited
  /// credentials. The name itself where it has no other part than the time.
  public func account(of username: String) -> String {
    guard users[username] == nil, let parts = Self.parts(of: username), !parts.name.isEmpty
    else { return username }
    return String(parts.name)
  }

  private static func expiry(of username: String) -> Int64? { parts(of: username)?.expiry }

  /// The parts of `expiry:name` or, as some issuers write it, `name:expiry`.
  private static func parts(of username: String) -> (expiry: Int64, name: Substring)? {
    let parts = username.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = parts.first else { return nil }
    if let time = seconds(first) { return (time, parts.count == 2 ? parts[1] : "") }
    guard parts.count == 2, let time = seconds(parts[1]) else { return nil }
    return (time, first)
  }

  private static func seconds(_ text: Substring) -> Int64? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int64(text)
  }
}

/// Time-limited credentials (draft-uberti-behave-turn-rest-00 §2.2): what a signaling server hands
/// out, and the relay can check without having seen it before.
public struct RESTCredential: Equatable, Sendable {
  /// Unix seconds of the expiry, a colon, and the name.
  public let username: String
  public let password: String

  /// Credentials of `name` that allow new allocations for `ttlSeconds` from `unixSeconds` on.
  public init(name: String, secret: [UInt8], unixSeconds: Int64, ttlSeconds: Int64) {
    username = "\(unixSeconds + ttlSeconds):\(name)"
    password = Self.password(username: username, secret: secret)
  }

  /// The password for `username` (`expiry:name`): base64 of HMAC-SHA1 under `secret`.
  public static func password(username: String, secret: [UInt8]) -> String {
    Base64.encode(SHA1.hmac(Array(username.utf8).span, key: secret))
  }
}
