// Whose clients may join, and what shows that they are.

public import Crypto

extension ServerConfiguration {
  /// Somebody who has rooms of its own here: rooms of two tenants never meet.
  public struct Tenant: Sendable {
    /// A key of join tokens.
    public struct JoinKey: Sendable {
      /// What the header of a token names it by (RFC 7515 §4.1.4); `nil` for tokens that name none.
      public let id: String?
      public let key: SignatureKey
    }

    /// What all clients of the tenant together may use; `nil` where only the server's bounds hold.
    public struct Limits: Sendable, Equatable {
      public var rooms: Int?
      public var peers: Int?
      public var peersPerRoom: Int?
      public var messagesPerSecond: Int?
    }

    /// 1 to 64 of the characters of room names; empty for the one tenant of a server without a
    /// file of tenants.
    public let id: String
    /// The first that can sign signs new tokens. Empty: tokens are not asked for.
    public internal(set) var keys: [JoinKey] = []
    /// SHA-256 of each API key: what its backend shows. The keys themselves are not kept.
    public internal(set) var apiKeyDigests: [[UInt8]] = []
    /// Origins of pages that may use its rooms; `nil` for those that `--allow-origin` names.
    public internal(set) var origins: [String]?
    /// What `iss` of its tokens has to be; `nil` when any is fine.
    public internal(set) var issuer: String?
    /// What `aud` of its tokens has to name; `nil`: they must not have one.
    public internal(set) var audience: String?
    /// When its browsers use the relay, where their tokens do not say; `nil` for `--relay-policy`.
    public internal(set) var relay: RelayPolicy?
    public internal(set) var limits = Limits()

    init(id: String) { self.id = id }
  }

  /// Where `--tenants` leads: the tenants, and what tells one reading of the files from another.
  struct TenantsInFile: Sendable {
    let tenants: [Tenant]
    let fingerprint: [UInt8]
  }

  /// Who may join. Empty: everybody may, and no token is asked for.
  public var tenants: [Tenant] {
    if let tenantsInFile { return tenantsInFile.tenants }
    guard !joinSecrets.isEmpty || !apiKeyDigests.isEmpty else { return [] }
    var tenant = Tenant(id: "")
    tenant.keys = joinSecrets.map { Tenant.JoinKey(id: nil, key: $0) }
    tenant.apiKeyDigests = apiKeyDigests
    return [tenant]
  }
}

extension OptionValues {
  static let apiKeyBytesMin = 16

  /// An origin, but not all of them.
  static func publicURL(_ text: String) throws(MalformedValue) -> String {
    guard text != "*", let origin = try? origin(text) else {
      throw .isNot("a URL without a path, such as https://calls.example.org")
    }
    return origin
  }

  /// A secret for HS256.
  static func joinSecret(_ text: String) throws(MalformedValue) -> SignatureKey {
    let text = try self.text(text, bytesMax: 1_024)
    do throws(SignatureKeyError) {
      return try SignatureKey(secret: Array(text.utf8))
    } catch {
      throw MalformedValue("\(error.reason); try: openssl rand -hex 32")
    }
  }

  /// An API key, or `sha256:` and the digest of one: the digest.
  static func apiKeyDigest(_ text: String) throws(MalformedValue) -> [UInt8] {
    if let hex = text.dropping(prefix: "sha256:") {
      guard let digest = bytes(hex: hex), digest.count == SHA256.size else {
        throw MalformedValue("has something else than 64 hexadecimal digits behind sha256:")
      }
      return digest
    }
    let bytes = Array(text.utf8)
    guard (apiKeyBytesMin...1_024).contains(bytes.count),
      bytes.allSatisfy({ (0x21...0x7E).contains($0) })
    else {
      throw MalformedValue(
        "is no API key: at least \(apiKeyBytesMin) characters of ASCII without spaces, or sha256:"
          + " and the digest of one")
    }
    return SHA256.digest(bytes.span)
  }
}
