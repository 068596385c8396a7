// Reads the file of tenants, and the files with keys that it names: all of it, or nothing.

internal import Crypto

/// One reading of the file that `--tenants` names.
struct TenantsFile {
  typealias Tenant = ServerConfiguration.Tenant

  static let flag = "--\(ServerConfiguration.tenantsName)"
  static let tenantsMax = 10_000
  static let keysMax = 32
  static let apiKeysMax = 16
  static let originsMax = 256
  /// A token that names no key is tried with each key of its algorithm that has no name: what that
  /// costs is bounded.
  static let namelessSecretsMax = 8
  private static let textBytesMax = 1_024

  private let readFile: (String) throws -> [UInt8]
  private var read: [UInt8] = []
  private var kids: Set<String> = []
  private var nameless: [SignatureAlgorithm: Int] = [:]
  private var digests: Set<[UInt8]> = []

  private init(_ readFile: @escaping (String) throws -> [UInt8]) { self.readFile = readFile }

  /// The tenants of the file at `path`.
  static func read(
    _ path: String, _ readFile: @escaping (String) throws -> [UInt8]
  ) throws(ConfigurationError) -> ServerConfiguration.TenantsInFile {
    var file = TenantsFile(readFile)
    let tenants = try file.tenants(path)
    return ServerConfiguration.TenantsInFile(
      tenants: tenants, fingerprint: SHA256.digest(file.read.span))
  }

  private mutating func tenants(_ path: String) throws(ConfigurationError) -> [Tenant] {
    let root = FileObject(
      try object(of: path, like: "{ tenants: { NAME: { keys: […] } } }"),
      at: "\(Quoted.text(path)): ")
    try root.allow(only: ["tenants"])
    guard let all = try root.object("tenants"), !all.names.isEmpty else {
      throw root.fault("tenants", "is missing or empty: without a tenant nobody could join")
    }
    guard all.names.count <= Self.tenantsMax else {
      throw root.fault("tenants", "are \(all.names.count); at most \(Self.tenantsMax) are taken")
    }
    var tenants: [Tenant] = []
    for name in all.names {
      guard OptionValues.isName(name) else {
        throw all.fault(name, "is no name: 1 to 64 of A-Z a-z 0-9 . _ ~ -")
      }
      guard let object = try all.object(name) else { continue }
      tenants.append(try tenant(name, object))
    }
    return tenants
  }

  private mutating func tenant(
    _ name: String, _ object: FileObject
  ) throws(ConfigurationError) -> Tenant {
    try object.allow(only: [
      "keys", "apiKeys", "origins", "issuer", "audience", "relay", "limits",
    ])
    var tenant = Tenant(id: name)
    for key in try object.objects("keys", max: Self.keysMax) ?? [] {
      tenant.keys += try keys(key)
    }
    guard !tenant.keys.isEmpty else {
      throw object.fault("keys", "is missing or empty: nobody could join")
    }
    tenant.apiKeyDigests =
      try object.values("apiKeys", max: Self.apiKeysMax, OptionValues.apiKeyDigest) ?? []
    for digest in tenant.apiKeyDigests where !digests.insert(digest).inserted {
      throw object.fault("apiKeys", "has a key that is there twice")
    }
    tenant.origins = try object.values("origins", max: Self.originsMax, OptionValues.origin)
    tenant.issuer = try object.value("issuer", Self.text)
    tenant.audience = try object.value("audience", Self.text)
    tenant.relay = try object.value("relay") { text throws(MalformedValue) in
      try OptionValues.word(text, as: ServerConfiguration.RelayPolicy.self)
    }
    if let limits = try object.object("limits") { tenant.limits = try Self.limits(limits) }
    return tenant
  }

  private static func limits(_ object: FileObject) throws(ConfigurationError) -> Tenant.Limits {
    try object.allow(only: ["rooms", "peers", "peersPerRoom", "messagesPerSecond"])
    func number(
      _ name: String, _ range: ClosedRange<Int>
    ) throws(ConfigurationError) -> Int? {
      try object.value(name) { text throws(MalformedValue) in
        try OptionValues.number(text, in: range)
      }
    }
    return Tenant.Limits(
      rooms: try number("rooms", 1...1_000_000), peers: try number("peers", 1...1_000_000),
      peersPerRoom: try number("peersPerRoom", 1...1_000),
      messagesPerSecond: try number("messagesPerSecond", 1...1_000_000))
  }

  // MARK: Keys

  /// One element of `keys`: one key, or those of a set.
  private mutating func keys(_ object: FileObject) throws(ConfigurationError) -> [Tenant.JoinKey] {
    let kinds = ["secret", "pem", "jwk", "jwks"]
    let given = kinds.filter(object.has)
    guard given.count == 1, let kind = given.first else {
      throw ConfigurationError("\(object.place) needs one of \(kinds.joined(separator: ", "))")
    }
    if kind == "jwks" {
      try object.allow(only: ["jwks"])
      return try keySet(object)
    }
    try object.allow(only: ["kid", kind])
    let kid = try object.value("kid", Self.text)
    switch kind {
    case "secret":
      let secret = try object.value("secret") { text throws(MalformedValue) in
        Array(try OptionValues.text(text, bytesMax: Self.textBytesMax).utf8)
      }
      return [
        try joinKey(kid, object, "secret") { () throws(SignatureKeyError) in
          try SignatureKey(secret: secret ?? [])
        }
      ]
    case "pem":
      let bytes = try pem(object)
      return [
        try joinKey(kid, object, "pem") { () throws(SignatureKeyError) in
          try SignatureKey(pem: bytes)
        }
      ]
    default:
      guard let jwk = try object.object("jwk") else { return [] }
      let inner = try jwk.value("kid", Self.text)
      return [
        try joinKey(kid ?? inner, object, "jwk") { () throws(SignatureKeyError) in
          try SignatureKey(Self.numbers(jwk))
        }
      ]
    }
  }

  /// PEM as it is, or the file that has it.
  private mutating func pem(_ object: FileObject) throws(ConfigurationError) -> [UInt8] {
    let text = try object.value("pem") { text throws(MalformedValue) in
      guard !text.isEmpty else { throw .isNot("a path, or a key in PEM") }
      return text
    }
    guard let text else { return [] }
    if text.contains("-----BEGIN ") { return Array(text.utf8) }
    let bytes = try JSON5File.bytes(of: text, named: object.place(of: "pem"), readFile)
    read += bytes
    return bytes
  }

  /// RFC 7517 §5. What is for something else than the signatures that are taken here is passed
  /// over, as that section asks.
  private mutating func keySet(_ object: FileObject) throws(ConfigurationError) -> [Tenant.JoinKey]
  {
    var set = try? object.object("jwks")
    if let path = object.text("jwks") {
      set = FileObject(
        try self.object(of: path, like: "{ \"keys\": […] }"), at: "\(Quoted.text(path)): ")
    }
    guard let set, let all = try set.objects("keys", max: Self.keysMax) else {
      throw object.fault("jwks", "is no path and no { keys: […] }")
    }
    var result: [Tenant.JoinKey] = []
    for jwk in all where Self.isForTokens(jwk) {
      let kid = try jwk.value("kid", Self.text)
      result.append(
        try joinKey(kid, jwk, "kty") { () throws(SignatureKeyError) in
          try SignatureKey(Self.numbers(jwk))
        })
    }
    guard !result.isEmpty else {
      let names = SignatureAlgorithm.allCases.map(\.rawValue).joined(separator: ", ")
      throw object.fault("jwks", "has no key for \(names)")
    }
    return result
  }

  private static func isForTokens(_ jwk: FileObject) -> Bool {
    let kind = "\(jwk.text("kty") ?? "") \(jwk.text("crv") ?? "")"
    let algorithms = [
      "oct ": "HS256", "RSA ": "RS256", "EC P-256": "ES256", "OKP Ed25519": "EdDSA",
    ]
    guard let algorithm = algorithms[kind] else { return false }
    return jwk.text("alg") ?? algorithm == algorithm && jwk.text("use") ?? "sig" == "sig"
  }

  private static func numbers(_ object: FileObject) -> JWK {
    var jwk = JWK()
    jwk.kty = object.text("kty") ?? ""
    jwk.crv = object.text("crv")
    jwk.k = object.text("k")
    jwk.n = object.text("n")
    jwk.e = object.text("e")
    jwk.x = object.text("x")
    jwk.y = object.text("y")
    jwk.d = object.text("d")
    return jwk
  }

  /// A key whose name nobody else has.
  private mutating func joinKey(
    _ kid: String?, _ object: FileObject, _ member: String,
    _ make: () throws(SignatureKeyError) -> SignatureKey
  ) throws(ConfigurationError) -> Tenant.JoinKey {
    let key: SignatureKey
    do throws(SignatureKeyError) {
      key = try make()
    } catch {
      throw object.fault(member, error.reason)
    }
    if let kid {
      guard kids.insert(kid).inserted else {
        throw ConfigurationError("\(object.place): the kid \(Quoted.text(kid)) is there twice")
      }
    } else {
      let max = key.algorithm == .hs256 ? Self.namelessSecretsMax : 1
      nameless[key.algorithm, default: 0] += 1
      guard nameless[key.algorithm, default: 0] <= max else {
        throw ConfigurationError(
          "\(object.place) needs a kid: \(max) for \(key.algorithm.rawValue) without one"
            + (max == 1 ? " is there already" : " are there already"))
      }
    }
    return Tenant.JoinKey(id: kid, key: key)
  }

  private mutating func object(
    of path: String, like example: String
  ) throws(ConfigurationError) -> [String: FileValue] {
    var bytes: [UInt8] = []
    let object = try JSON5File.object(of: path, named: Self.flag, like: example) { path in
      bytes = try readFile(path)
      return bytes
    }
    read += bytes
    return object
  }

  private static func text(_ text: String) throws(MalformedValue) -> String {
    try OptionValues.text(text, bytesMax: textBytesMax)
  }
}

extension OptionValues {
  /// 1 to 64 of the characters of names: RFC 3986 §2.3 calls them unreserved.
  static func isName(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count) && text != "." && text != ".."
      && text.utf8.allSatisfy { byte in
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
          || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || "._~-".utf8.contains(byte)
      }
  }
}
