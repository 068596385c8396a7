// Reads join tokens: JSON Web Tokens (RFC 7519), and what is asked of them (RFC 8725).

internal import Crypto
internal import JSON
internal import Signaling

/// Reads join tokens; it belongs to one thread.
struct TokenReader: ~Copyable {
  /// Seconds by which the clocks of those who sign may be wrong (RFC 7519 §4.1.4).
  static let clockSkew: Int64 = 60
  /// The end of the year 9999: later times are a mistake, milliseconds for example.
  private static let timeMax: Int64 = 253_402_300_799

  private var parser = JSONObjectParser(sizeMax: CompactJWS.bytesMax, depthMax: 16)

  /// Whose token it is, and what it says.
  ///
  /// - Parameter unixSeconds: the time now.
  mutating func read(
    _ text: String, _ tenants: Tenants, unixSeconds: Int64
  ) throws(TokenFault) -> (Tenants.Member, JoinToken) {
    let jws: CompactJWS
    do throws(CompactJWS.Fault) {
      jws = try CompactJWS(text)
    } catch {
      throw .bad(Self.text(error))
    }
    let (algorithm, kid) = try header(jws.header)
    let candidates = tenants.keys(kid, algorithm)
    guard let signer = candidates.first(where: { jws.isSigned(by: $0.key, as: algorithm) }) else {
      // The same for an unknown key and for a wrong signature.
      var fault = TokenFault.bad("the join token is not signed by a key that this server knows")
      fault.wasExpensive = algorithm != .hs256 && !candidates.isEmpty
      throw fault
    }
    do throws(TokenFault) {
      return (signer.owner, try claims(jws.payload, of: signer.owner, unixSeconds: unixSeconds))
    } catch {
      var fault = error
      fault.wasExpensive = algorithm != .hs256
      throw fault
    }
  }

  // MARK: Header

  private mutating func header(
    _ bytes: [UInt8]
  ) throws(TokenFault) -> (SignatureAlgorithm, kid: String?) {
    try parse(bytes, "header")
    // RFC 7515 §4.1.11: who does not understand an extension has to refuse the token.
    guard parser.kind(of: "crit") == nil else {
      throw .bad("crit of the join token names extensions; this server has none")
    }
    guard let algorithm = parser.string("alg").flatMap(SignatureAlgorithm.init) else {
      let names = SignatureAlgorithm.allCases.map(\.rawValue).joined(separator: ", ")
      throw .bad("alg of the join token has to be one of \(names)")
    }
    if parser.kind(of: "typ") != nil {
      // RFC 8725 §3.11: a token that was made for something else says so.
      let type = parser.string("typ")?.lowercased()
      guard type == "jwt" || type == "application/jwt" else {
        throw .bad("typ of the join token has to be JWT")
      }
    }
    return (algorithm, try string("kid"))
  }

  // MARK: Claims

  /// What the claims of a token of `tenant` come to.
  mutating func claims(
    _ bytes: [UInt8], of tenant: Tenants.Member, unixSeconds now: Int64
  ) throws(TokenFault) -> JoinToken {
    try parse(bytes, "payload")
    let expires = try times(in: bytes, now)
    try audience(tenant)
    if let claimed = try string("tenant"), claimed != tenant.id.text {
      throw .bad("tenant of the join token is not the tenant whose key signed it")
    }
    guard let patterns = try texts("room") else {
      throw .bad("room of the join token is missing; \"*\" is for every room")
    }
    guard let rooms = RoomScope(patterns) else {
      throw .bad("room of the join token has to be a name, a beginning and *, or a list of these")
    }
    return JoinToken(
      rooms: rooms,
      peer: try word("peer", "1 to 64 of A-Z a-z 0-9 . _ ~ -") { PeerID(granted: $0) },
      name: try word("name", "at most 64 bytes without control characters") { DisplayName($0) },
      role: try word("role", "1 to 64 bytes without control characters") { Role($0) },
      permissions: try permissions(),
      relay: try word("relay", "always, fallback, on-demand or never") {
        RelayPolicy(rawValue: $0)
      },
      expires: expires)
  }

  /// RFC 7519 §4.1.4 to §4.1.6; the end of its time.
  private func times(in bytes: [UInt8], _ now: Int64) throws(TokenFault) -> Int64 {
    guard let expires = try time("exp", in: bytes) else {
      throw .bad("exp of the join token is missing")
    }
    guard now < expires + Self.clockSkew else {
      throw TokenFault(kind: .expired, text: "the join token has expired")
    }
    if let begin = try time("nbf", in: bytes), begin > now + Self.clockSkew {
      throw .bad("nbf of the join token is in the future")
    }
    if let issued = try time("iat", in: bytes), issued > now + Self.clockSkew {
      throw .bad("iat of the join token is in the future")
    }
    return expires
  }

  /// RFC 7519 §2: a number of seconds, which may have a fraction.
  private func time(_ key: StaticString, in bytes: [UInt8]) throws(TokenFault) -> Int64? {
    guard let kind = parser.kind(of: key) else { return nil }
    var seconds = parser.integer(key)
    if seconds == nil, kind == .number, let range = parser.range(of: key),
      let fraction = Double(String(decoding: bytes[range], as: UTF8.self)),
      abs(fraction) < Double(Self.timeMax)
    {
      seconds = Int64(fraction.rounded(.down))
    }
    guard let seconds, (0...Self.timeMax).contains(seconds) else {
      throw .bad("\(key) of the join token has to be seconds since 1970")
    }
    return seconds
  }

  private func audience(_ tenant: Tenants.Member) throws(TokenFault) {
    let issuer = try string("iss")
    if let wanted = tenant.issuer, issuer != wanted {
      throw .bad("iss of the join token is not the issuer of its tenant")
    }
    // RFC 7519 §4.1.3: who is not named has to refuse the token.
    let named = try texts("aud")
    guard let wanted = tenant.audience else {
      guard named == nil else {
        throw .bad("aud of the join token is for somebody else: this server has no audience")
      }
      return
    }
    guard named?.contains(wanted) == true else {
      throw .bad("aud of the join token does not name the audience of its tenant")
    }
  }

  private func permissions() throws(TokenFault) -> Permissions {
    guard parser.kind(of: "can") != nil else { return .usual }
    var permissions: Permissions = []
    let words = parser.kind(of: "can") == .array ? parser.strings("can") : nil
    for word in words ?? ["?"] {
      guard let permission = Permissions(word: word) else {
        throw .bad("can of the join token has to be a list of signal, message and moderate")
      }
      permissions.insert(permission)
    }
    return permissions
  }

  // MARK: Members

  private mutating func parse(_ bytes: [UInt8], _ part: String) throws(TokenFault) {
    do throws(JSONError) {
      try parser.parse(bytes.span)
    } catch {
      let reason =
        error == .duplicateMember ? "has a member twice" : "is not a JSON object"
      throw .bad("the \(part) of the join token \(reason)")
    }
  }

  private func string(_ key: StaticString) throws(TokenFault) -> String? {
    guard parser.kind(of: key) != nil else { return nil }
    guard let text = parser.string(key) else {
      throw .bad("\(key) of the join token has to be a string")
    }
    return text
  }

  /// A string, or a list of them.
  private func texts(_ key: StaticString) throws(TokenFault) -> [String]? {
    guard let kind = parser.kind(of: key) else { return nil }
    let texts = kind == .array ? parser.strings(key) : parser.string(key).map { [$0] }
    guard let texts else {
      throw .bad("\(key) of the join token has to be a string, or a list of strings")
    }
    return texts
  }

  private func word<Value>(
    _ key: StaticString, _ expected: String, _ make: (String) -> Value?
  ) throws(TokenFault) -> Value? {
    guard let text = try string(key) else { return nil }
    guard let value = make(text) else {
      throw .bad("\(key) of the join token has to be \(expected)")
    }
    return value
  }

  private static func text(_ fault: CompactJWS.Fault) -> String {
    switch fault {
    case .tooLong: "the join token has more than \(CompactJWS.bytesMax) bytes"
    case .notThreeParts: "the join token has to be header.payload.signature"
    case .notBase64URL: "the join token has to be base64url without padding"
    }
  }
}
