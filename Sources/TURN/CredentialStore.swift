// Who may allocate: static users and secrets for time-limited credentials.

internal import NetTypes
public import STUN

/// The one place that turns a USERNAME or a USERHASH into keys.
public struct CredentialStore: Sendable {
  /// Somebody who is known by name.
  public struct User: Sendable {
    public let name: String
    fileprivate let proof: Proof

    fileprivate enum Proof {
      case passwords([String])
      case key([UInt8])
    }

    /// - Parameter passwords: one password as clients may have prepared it: by OpaqueString, by
    ///   SASLprep as RFC 5389 wants it, or not at all. One, where these are the same.
    public init(_ name: String, passwords: [String]) {
      self.name = name
      proof = .passwords(passwords)
    }

    /// Whoever stores keys has no passwords to keep (RFC 8489 §9.2.2).
    ///
    /// - Parameter key: 16 bytes for algorithm MD5, or 32 for SHA-256.
    public init(_ name: String, key: [UInt8]) {
      precondition(PasswordAlgorithm.allCases.contains { $0.keyLength == key.count })
      self.name = name
      proof = .key(key)
    }

    fileprivate func keys(_ algorithm: PasswordAlgorithm, realm: String) -> [[UInt8]] {
      switch proof {
      case .passwords(let passwords):
        return passwords.map { algorithm.key(username: name, realm: realm, password: $0) }
      case .key(let key): return key.count == algorithm.keyLength ? [key] : []
      }
    }
  }

  /// What is known of a user name.
  public enum Lookup: Equatable, Sendable {
    /// The keys any of which may have signed.
    ///
    /// - Parameter expiry: Unix seconds; `nil` for what is not limited in time.
    case keys([[UInt8]], expiry: Int64?)
    case unknown
    /// A time-limited name whose time is over.
    case expired
  }

  /// More secrets than a rotation needs; each costs four digests for each request of a REST user.
  public static let secretsMax = 8

  private let realm: String
  private var users: [String: [PasswordAlgorithm: [[UInt8]]]] = [:]
  /// RFC 8489 §14.4: the names that can be told from their hashes.
  private var names: [[UInt8]: String] = [:]
  private var secrets: [[UInt8]]
  private let separator: Character
  /// Whether some users are known from elsewhere, as they were when that was read.
  private var hasStored = false

  /// What clients are offered in PASSWORD-ALGORITHMS; empty when some user has no other key than
  /// that of MD5, because a client that can do SHA-256 would choose it.
  ///
  /// MD5 is not in it: it is what clients use that do not know the attribute, and who knows it
  /// shall not be talked into less (RFC 8489 §9.2.1).
  public private(set) var algorithms: [PasswordAlgorithm] = []
  /// What the nonce says. Clients that see ``SecurityFeatures/usernameAnonymity`` name themselves
  /// by USERHASH, so it is for servers that know all of their users by name, and not where users
  /// come and go elsewhere: what is offered is not to change each time they do.
  public private(set) var features: SecurityFeatures = []

  /// - Parameters:
  ///   - secrets: shared with whoever issues time-limited credentials; at most ``secretsMax``.
  ///   - separator: stands between time and name in their user names.
  public init(
    realm: String, users: [User], secrets: [String],
    separator: Character = RESTCredential.separatorDefault
  ) {
    precondition(secrets.count <= Self.secretsMax)
    self.realm = realm
    self.secrets = secrets.map { Array($0.utf8) }
    self.separator = separator
    for user in users { add(user) }
    settle()
  }

  private mutating func add(_ user: User) {
    for algorithm in PasswordAlgorithm.allCases {
      users[user.name, default: [:]][algorithm] = user.keys(algorithm, realm: realm)
    }
    names[LongTermCredential.userhash(username: user.name, realm: realm)] = user.name
  }

  /// Decides what is offered to whom all these are.
  private mutating func settle() {
    algorithms = users.values.allSatisfy { $0[.sha256]?.isEmpty == false } ? [.sha256] : []
    features = algorithms.isEmpty ? [] : .passwordAlgorithms
    if secrets.isEmpty, !users.isEmpty, !hasStored { features.insert(.usernameAnonymity) }
  }

  /// The same with others besides: users whose names are not here, and secrets as far as there is
  /// room for them.
  public func adding(users others: [User], secrets more: [String]) -> CredentialStore {
    var copy = self
    copy.hasStored = hasStored || !others.isEmpty
    for user in others where users[user.name] == nil { copy.add(user) }
    let fresh = more.map { Array($0.utf8) }.filter { !secrets.contains($0) }
    copy.secrets += fresh.prefix(Self.secretsMax - secrets.count)
    copy.settle()
    return copy
  }

  /// - Parameter users: passwords by name, which need no preparation.
  public init(realm: String, users: [String: String], secrets: [String]) {
    self.init(
      realm: realm, users: users.map { User($0.key, passwords: [$0.value]) }, secrets: secrets)
  }

  // MARK: Asking

  /// Who has this USERHASH. Time-limited names cannot be found by their hash.
  public func username(userhash: [UInt8]) -> String? { names[userhash] }

  /// - Parameter unixSeconds: now, by the calendar; `nil` for a name that was let in in time.
  public func lookup(
    _ username: String, _ algorithm: PasswordAlgorithm = .md5, unixSeconds: Int64?
  ) -> Lookup {
    if let user = users[username] { return .keys(user[algorithm] ?? [], expiry: nil) }
    guard !secrets.isEmpty,
      let expiry = RESTCredential.Parts(of: username, separator: separator)?.expiry
    else { return .unknown }
    if let unixSeconds, expiry < unixSeconds { return .expired }
    let passwords = secrets.flatMap { secret in
      RESTCredential.Digest.allCases.map {
        RESTCredential.password(username: username, secret: secret, $0)
      }
    }
    return .keys(
      passwords.map { algorithm.key(username: username, realm: realm, password: $0) },
      expiry: expiry)
  }

  /// Whose the name is: what stays the same when the same person gets new time-limited
  /// credentials. The name itself where it has no other part than the time.
  public func account(of username: String) -> String {
    guard users[username] == nil,
      let parts = RESTCredential.Parts(of: username, separator: separator), !parts.name.isEmpty
    else { return username }
    return String(parts.name)
  }
}
