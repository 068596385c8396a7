// Keys as JSON Web Keys have them (RFC 7517, RFC 7518 §6, RFC 8037 §2).

internal import COpenSSL

/// The members of a JSON Web Key that make the key; numbers and secrets in base64url.
public struct JWK: Sendable, Equatable {
  /// The kind: `oct`, `RSA`, `EC` or `OKP`.
  public var kty = ""
  /// The curve: `P-256` or `Ed25519`.
  public var crv: String?
  /// The secret of `oct`.
  public var k: String?
  /// Modulus and public exponent of RSA.
  public var n: String?
  public var e: String?
  /// The public point of a curve.
  public var x: String?
  public var y: String?
  /// The private part; none in a public key.
  public var d: String?

  /// Nothing yet.
  public init() {}
}

extension SignatureKey {
  /// The key of a JSON Web Key; its kind says the algorithm.
  public init(_ jwk: JWK) throws(SignatureKeyError) {
    switch (jwk.kty, jwk.crv) {
    case ("oct", _): try self.init(secret: try Self.number(jwk.k))
    case ("RSA", _): try self.init(rsa: jwk)
    case ("EC", "P-256"): try self.init(p256: jwk)
    case ("OKP", "Ed25519"): try self.init(ed25519: jwk)
    default: throw .otherKind
    }
  }

  private init(rsa jwk: JWK) throws(SignatureKeyError) {
    let (n, e) = (try Self.number(jwk.n), try Self.number(jwk.e))
    let d = try Self.privateNumber(jwk.d)
    // More than OpenSSL would take; what it takes, `rsaBits` bounds.
    guard n.count <= 2_048, e.count <= 8, d.count <= 2_048 else { throw .malformed }
    let key = unsafe parley_rsa_key(n, Int32(n.count), e, Int32(e.count), d, Int32(d.count))
    try unsafe self.init(made: key, isPrivate: !d.isEmpty)
  }

  private init(p256 jwk: JWK) throws(SignatureKeyError) {
    let (x, y) = (try Self.number(jwk.x), try Self.number(jwk.y))
    let d = try Self.privateNumber(jwk.d)
    // RFC 7518 §6.2.1.2: always the full 32 bytes.
    guard x.count == 32, y.count == 32, d.isEmpty || d.count == 32 else { throw .malformed }
    // SEC 1 §2.3.3: 4 says that both coordinates follow.
    let point = [4] + x + y
    let key = unsafe parley_p256_key(point, point.count, d, Int32(d.count))
    try unsafe self.init(made: key, isPrivate: !d.isEmpty)
  }

  private init(ed25519 jwk: JWK) throws(SignatureKeyError) {
    let x = try Self.number(jwk.x)
    let d = try Self.privateNumber(jwk.d)
    guard x.count == 32, d.isEmpty || d.count == 32 else { throw .malformed }
    let key =
      unsafe d.isEmpty
      ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, x, x.count)
      : EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, d, d.count)
    guard let key = unsafe key else { throw .malformed }
    let handle = unsafe KeyHandle(key)
    // A private key brings its public one along.
    guard handle.rawPublicKey == x else { throw .malformed }
    try self.init(handle, isPrivate: !d.isEmpty)
  }

  private init(made key: OpaquePointer?, isPrivate: Bool) throws(SignatureKeyError) {
    guard let key = unsafe key else {
      ERR_clear_error()
      throw .malformed
    }
    try unsafe self.init(KeyHandle(key), isPrivate: isPrivate)
  }

  private static func number(_ text: String?) throws(SignatureKeyError) -> [UInt8] {
    guard let text, let bytes = Base64URL.decode(text), !bytes.isEmpty else { throw .malformed }
    return bytes
  }

  private static func privateNumber(_ text: String?) throws(SignatureKeyError) -> [UInt8] {
    text == nil ? [] : try number(text)
  }
}
