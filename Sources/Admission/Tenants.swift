// The tenants, as tokens, API keys and pages find them.

public import Configuration
internal import Crypto
internal import Signaling

/// Where a page that opened a connection comes from.
public enum PageOrigin: Hashable, Sendable {
  /// No browser's, or of the server itself.
  case own
  /// As the browser wrote it, in small letters.
  case other(String)
}

/// All tenants of a server. It never changes: reading them again makes another one.
public struct Tenants: Sendable {
  /// A tenant.
  final class Member: Sendable {
    let id: TenantID
    let issuer: String?
    let audience: String?
    let relay: RelayPolicy?
    let limits: TenantLimits
    let origins: Set<String>?
    /// What new tokens are signed with, and by what name.
    let signer: Signer?

    init?(_ tenant: ServerConfiguration.Tenant) {
      guard let id = tenant.id.isEmpty ? .open : TenantID(tenant.id) else { return nil }
      self.id = id
      issuer = tenant.issuer
      audience = tenant.audience
      relay = tenant.relay.flatMap { RelayPolicy(rawValue: $0.rawValue) }
      origins = tenant.origins.map { Set($0) }
      signer = tenant.keys.first { $0.key.canSign }
      var limits = TenantLimits()
      limits.roomsMax = tenant.limits.rooms
      limits.peersMax = tenant.limits.peers
      limits.peersPerRoomMax = tenant.limits.peersPerRoom
      // Two seconds' worth at once.
      limits.messages = tenant.limits.messagesPerSecond.map { Rate(perSecond: $0, burst: 2 * $0) }
      self.limits = limits
    }
  }

  typealias Signer = ServerConfiguration.Tenant.JoinKey

  /// A key, and whose it is.
  struct Candidate: Sendable {
    let owner: Member
    let key: SignatureKey
  }

  private struct Bearer: Sendable {
    let digest: [UInt8]
    let owner: Member
  }

  private var named: [String: Candidate] = [:]
  private var nameless: [SignatureAlgorithm: [Candidate]] = [:]
  /// By the beginning of the digest: finding the rest takes the same time for all.
  private var bearers: [UInt64: [Bearer]] = [:]

  /// Origins that some tenant allows.
  public private(set) var origins: Set<String> = []
  /// Whether join tokens are asked for.
  public private(set) var wantTokens = false
  /// Whether anybody has an API key.
  public var haveAPIKeys: Bool { !bearers.isEmpty }

  /// Nobody: everybody is let in.
  public init() {}

  public init(_ tenants: [ServerConfiguration.Tenant]) {
    for tenant in tenants {
      guard let member = Member(tenant) else { continue }
      origins.formUnion(member.origins ?? [])
      for key in tenant.keys {
        wantTokens = true
        let candidate = Candidate(owner: member, key: key.key)
        if let id = key.id {
          named[id] = candidate
        } else {
          nameless[key.key.algorithm, default: []].append(candidate)
        }
      }
      for digest in tenant.apiKeyDigests {
        bearers[Self.beginning(of: digest), default: []].append(
          Bearer(digest: digest, owner: member))
      }
    }
  }

  /// The keys that can have signed a token with this header: one that it names, or those that have
  /// no name.
  func keys(_ kid: String?, _ algorithm: SignatureAlgorithm) -> [Candidate] {
    guard let kid else { return nameless[algorithm] ?? [] }
    guard let candidate = named[kid], candidate.key.algorithm == algorithm else { return [] }
    return [candidate]
  }

  /// Whose API key this is.
  func owner(ofAPIKey key: String) -> Member? {
    let digest = SHA256.digest(Array(key.utf8).span)
    var owner: Member?
    for bearer in bearers[Self.beginning(of: digest)] ?? []
    where equalInConstantTime(bearer.digest, digest) { owner = bearer.owner }
    return owner
  }

  private static func beginning(of digest: [UInt8]) -> UInt64 {
    digest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }
}
