// Users and peers that a database knows, besides those of the configuration.

public import NetTypes
internal import TURN

/// What was read last, whole: a database that is away changes nothing.
public struct StoredUsers: Sendable, Equatable {
  /// 16-byte keys (algorithm MD5) by user name. A user of the configuration comes before one of
  /// the same name here.
  public var keys: [String: [UInt8]]
  /// Accepted as far as there is room behind those of the configuration.
  public var secrets: [String]
  /// Win over `denied`, as in coturn.
  public var allowed: [AddressRange]
  public var denied: [AddressRange]

  public init(
    keys: [String: [UInt8]] = [:], secrets: [String] = [], allowed: [AddressRange] = [],
    denied: [AddressRange] = []
  ) {
    self.keys = keys
    self.secrets = secrets
    self.allowed = allowed
    self.denied = denied
  }

  /// The blocks of what is allowed.
  var allowedBlocks: [CIDR] { allowed.flatMap(\.blocks) }

  /// The blocks of what is denied and not allowed.
  var deniedBlocks: [CIDR] {
    denied.flatMap { range in
      allowed.reduce([range]) { rest, allowed in rest.flatMap { $0.subtracting(allowed) } }
    }.flatMap(\.blocks)
  }
}

extension TURNConfiguration {
  /// The same with the users and peer rules of a database besides.
  func adding(_ stored: StoredUsers) -> TURNConfiguration {
    var copy = self
    copy.credentials = credentials.adding(
      users: stored.keys.map { CredentialStore.User($0.key, key: $0.value) },
      secrets: stored.secrets)
    copy.peers = peers.adding(allow: stored.allowedBlocks, deny: stored.deniedBlocks)
    return copy
  }
}
