// Keys that sign and verify JSON Web Signatures (RFC 7518 §3, RFC 8037 §3.1), by OpenSSL.

internal import COpenSSL

/// How a token is signed, by its name in RFC 7518 §3.1 and RFC 8037 §5.
public enum SignatureAlgorithm: String, Hashable, Sendable, CaseIterable {
  /// HMAC with SHA-256, under a secret that both sides know.
  case hs256 = "HS256"
  /// RSASSA-PKCS1-v1_5 with SHA-256.
  case rs256 = "RS256"
  /// ECDSA on P-256 with SHA-256.
  case es256 = "ES256"
  /// Ed25519.
  case edDSA = "EdDSA"
}

/// Why something is no key for signatures.
public enum SignatureKeyError: Error, Equatable, Sendable {
  /// RFC 7518 §3.2: a secret has at least as many bytes as the digest.
  case secretTooShort
  /// RFC 7518 §3.3 wants 2,048 bits at least; more than 4,096 would cost too much time.
  case rsaSize(bits: Int)
  /// Neither a key in PEM that OpenSSL can read, nor one without a password.
  case noPEM
  /// A key, but none of RSA, P-256 or Ed25519.
  case otherKind
  /// Numbers that are no key.
  case malformed

  /// What is wrong, to go on after the name of the key.
  public var reason: String {
    switch self {
    case .secretTooShort:
      "has fewer than \(SignatureKey.secretBytesMin) bytes, which HS256 needs (RFC 7518 §3.2)"
    case .rsaSize(let bits):
      "is an RSA key of \(bits) bits; \(SignatureKey.rsaBits.lowerBound) to"
        + " \(SignatureKey.rsaBits.upperBound) are taken (RFC 7518 §3.3)"
    case .noPEM: "is no PEM text with a public or private key, or needs a password"
    case .otherKind: "is neither of RSA nor of the curves P-256 and Ed25519"
    case .malformed: "is no key: its numbers do not fit together"
    }
  }
}

/// A key for exactly one algorithm; it can be used on any thread.
///
/// That each key has its own algorithm, and is asked for no other, is what keeps a public key from
/// being taken for a secret.
public struct SignatureKey: Sendable {
  /// Bytes of a secret, at least.
  public static let secretBytesMin = 32
  /// Sizes of RSA keys.
  public static let rsaBits = 2_048...4_096

  /// What it signs and verifies by.
  public let algorithm: SignatureAlgorithm
  /// Whether it has a private part.
  public let canSign: Bool
  private let material: Material

  private enum Material: Sendable {
    case secret([UInt8])
    case pair(KeyHandle)
  }

  /// A secret, for HS256.
  public init(secret: [UInt8]) throws(SignatureKeyError) {
    guard secret.count >= Self.secretBytesMin else { throw .secretTooShort }
    algorithm = .hs256
    canSign = true
    material = .secret(secret)
  }

  /// A key in PEM: `PRIVATE KEY` without a password, or `PUBLIC KEY`. Its kind says the algorithm.
  public init(pem: [UInt8]) throws(SignatureKeyError) {
    var isPrivate: Int32 = 0
    let key = unsafe pem.withUnsafeBufferPointer { text in
      unsafe parley_pem_key(text.baseAddress, Int32(clamping: text.count), &isPrivate)
    }
    ERR_clear_error()
    guard let key = unsafe key else { throw .noPEM }
    try unsafe self.init(KeyHandle(key), isPrivate: isPrivate != 0)
  }

  /// Makes sure that the key is one that may be used.
  init(_ handle: KeyHandle, isPrivate: Bool) throws(SignatureKeyError) {
    defer { ERR_clear_error() }
    switch handle.kind {
    case EVP_PKEY_RSA:
      guard Self.rsaBits.contains(handle.bits) else { throw .rsaSize(bits: handle.bits) }
      algorithm = .rs256
    case EVP_PKEY_EC where handle.isOnP256: algorithm = .es256
    case EVP_PKEY_ED25519: algorithm = .edDSA
    default: throw .otherKind
    }
    canSign = isPrivate
    material = .pair(handle)
    guard handle.isSound else { throw .malformed }
    guard canSign else { return }
    let trial = Array("trial".utf8)
    guard let signature = sign(trial), verifies(signature, of: trial, as: algorithm) else {
      throw .malformed
    }
  }

  /// Whether `signature`, in the form of RFC 7515, is one of `text` by this key.
  ///
  /// - Parameter algorithm: what the token says of itself; another than the key's is always false.
  public func verifies(
    _ signature: [UInt8], of text: [UInt8], as algorithm: SignatureAlgorithm
  ) -> Bool {
    guard algorithm == self.algorithm else { return false }
    switch material {
    case .secret(let secret):
      return equalInConstantTime(SHA256.hmac(text.span, key: secret), signature)
    case .pair(let handle):
      guard algorithm == .es256 else { return handle.verifies(signature, of: text, algorithm) }
      // RFC 7518 §3.4: two numbers of 32 bytes, not DER.
      guard let der = ECDSASignature.der(ofRaw: signature) else { return false }
      return handle.verifies(der, of: text, algorithm)
    }
  }

  /// The signature of `text` in the form of RFC 7515; `nil` without a private part.
  public func sign(_ text: [UInt8]) -> [UInt8]? {
    guard canSign else { return nil }
    switch material {
    case .secret(let secret): return SHA256.hmac(text.span, key: secret)
    case .pair(let handle):
      guard let signature = handle.sign(text, algorithm) else { return nil }
      return algorithm == .es256 ? ECDSASignature.raw(ofDER: signature) : signature
    }
  }
}

/// The two forms of a signature on P-256.
enum ECDSASignature {
  static func der(ofRaw raw: [UInt8]) -> [UInt8]? {
    guard raw.count == 2 * Int(PARLEY_ECDSA_RAW_HALF) else { return nil }
    var der = [UInt8](repeating: 0, count: Int(PARLEY_ECDSA_DER_MAX))
    let length = unsafe parley_ecdsa_to_der(raw, &der)
    return length > 0 ? Array(der.prefix(Int(length))) : nil
  }

  static func raw(ofDER der: [UInt8]) -> [UInt8]? {
    var raw = [UInt8](repeating: 0, count: 2 * Int(PARLEY_ECDSA_RAW_HALF))
    return unsafe parley_ecdsa_to_raw(der, der.count, &raw) == 1 ? raw : nil
  }
}
