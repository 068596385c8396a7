// JSON Web Signatures against the examples of their RFCs, and keys that may not be used.

import Crypto
import Testing
import TokenTesting

struct SignatureTests {
  /// An example of an RFC: the key, the token and the algorithm.
  static let examples: [(JWK, String, SignatureAlgorithm)] = [
    (ExampleKeys.secret, ExampleKeys.hs256Token, .hs256),
    (ExampleKeys.rsa, ExampleKeys.rs256Token, .rs256),
    (ExampleKeys.p256, ExampleKeys.es256Token, .es256),
    (ExampleKeys.ed25519, ExampleKeys.edDSAToken, .edDSA),
  ]

  private func publicPart(_ jwk: JWK) -> JWK {
    var key = jwk
    key.d = nil
    return key
  }

  @Test(arguments: examples)
  func `the examples of RFC 7515 appendix A and RFC 8037 appendix A verify`(
    jwk: JWK, text: String, algorithm: SignatureAlgorithm
  ) throws {
    let token = try CompactJWS(text)
    let key = try SignatureKey(publicPart(jwk))
    #expect(key.algorithm == algorithm)
    #expect(key.canSign == (algorithm == .hs256))
    #expect(token.isSigned(by: key, as: algorithm))
    for other in SignatureAlgorithm.allCases where other != algorithm {
      #expect(!token.isSigned(by: key, as: other))
    }
  }

  @Test(arguments: examples)
  func `a token that differs in any part does not verify`(
    jwk: JWK, text: String, algorithm: SignatureAlgorithm
  ) throws {
    let key = try SignatureKey(jwk)
    let bytes = Array(text.utf8)
    for index in stride(from: 0, to: bytes.count, by: 7) where bytes[index] != 0x2E {
      var changed = bytes
      changed[index] = changed[index] == 0x41 ? 0x42 : 0x41
      guard let token = try? CompactJWS(String(decoding: changed, as: UTF8.self)) else { continue }
      #expect(!token.isSigned(by: key, as: algorithm), "byte \(index)")
    }
  }

  @Test(arguments: examples)
  func `the private keys sign what the public ones verify`(
    jwk: JWK, text: String, algorithm: SignatureAlgorithm
  ) throws {
    let example = try CompactJWS(text)
    let key = try SignatureKey(jwk)
    #expect(key.canSign)
    let signed = try #require(
      CompactJWS.sign(header: example.header, payload: example.payload, by: key))
    #expect(try CompactJWS(signed).isSigned(by: SignatureKey(publicPart(jwk)), as: algorithm))
    // ECDSA draws a number for each signature; the others give the one of the RFC.
    #expect((signed == text) == (algorithm != .es256))
  }

  @Test func `a public key signs nothing`() throws {
    let key = try SignatureKey(publicPart(ExampleKeys.p256))
    #expect(CompactJWS.sign(header: [1], payload: [2], by: key) == nil)
  }

  @Test func `a public key is never taken for a secret of HS256`() throws {
    // The classical confusion: the attacker knows the public key, and makes an HMAC under it.
    let known = Array(ExampleKeys.p256PublicPEM.utf8)
    let forger = try SignatureKey(secret: known)
    let token = try #require(CompactJWS.sign(header: [1], payload: [2], by: forger))
    let server = try SignatureKey(pem: known)
    #expect(try !CompactJWS(token).isSigned(by: server, as: .hs256))
    #expect(try !CompactJWS(token).isSigned(by: server, as: .es256))
  }

  @Test func `a signature of ES256 is two numbers of 32 bytes, not DER`() throws {
    let key = try SignatureKey(ExampleKeys.p256)
    let example = try CompactJWS(ExampleKeys.es256Token)
    let raw = example.signature
    #expect(raw.count == 64)
    // r and s of the example: both begin with a bit that is 0 (s is negative otherwise).
    let s = Array(raw[32...])
    let der: [UInt8] = [0x30, 69, 2, 32] + raw[..<32] + [2, 33, 0] + s
    #expect(!key.verifies(der, of: example.signingInput, as: .es256))
    let zeros = [UInt8](repeating: 0, count: 64)
    let others: [[UInt8]] = [raw + [0], Array(raw.dropLast()), [0] + raw, [], zeros]
    for other in others {
      #expect(!key.verifies(other, of: example.signingInput, as: .es256))
    }
    #expect(key.verifies(raw, of: example.signingInput, as: .es256))
  }

  @Test func `keys are read from PEM`() throws {
    let signer = try SignatureKey(pem: Array(ExampleKeys.p256PrivatePEM.utf8))
    let verifier = try SignatureKey(pem: Array(ExampleKeys.p256PublicPEM.utf8))
    #expect(signer.canSign && !verifier.canSign)
    #expect(signer.algorithm == .es256 && verifier.algorithm == .es256)
    let text = Array("text".utf8)
    let signature = try #require(signer.sign(text))
    #expect(verifier.verifies(signature, of: text, as: .es256))
  }

  @Test func `a secret of fewer bytes than the digest is refused`() {
    #expect(throws: SignatureKeyError.secretTooShort) {
      try SignatureKey(secret: [UInt8](repeating: 1, count: 31))
    }
    #expect(throws: Never.self) { try SignatureKey(secret: [UInt8](repeating: 1, count: 32)) }
  }

  @Test(arguments: BadKeys.all)
  func `what is no usable key in PEM is refused`(pem: String, error: SignatureKeyError) {
    #expect(throws: error) { try SignatureKey(pem: Array(pem.utf8)) }
    #expect(!error.reason.isEmpty)
  }

  @Test func `what is no usable JSON Web Key is refused`() {
    func refused(_ jwk: JWK, _ change: (inout JWK) -> Void) -> SignatureKeyError? {
      var key = jwk
      change(&key)
      do throws(SignatureKeyError) {
        _ = try SignatureKey(key)
        return nil
      } catch {
        return error
      }
    }
    let (p256, ed25519, rsa) = (ExampleKeys.p256, ExampleKeys.ed25519, ExampleKeys.rsa)
    #expect(refused(p256) { $0.kty = "EK" } == .otherKind)
    #expect(refused(p256) { $0.crv = "P-384" } == .otherKind)
    #expect(refused(ed25519) { $0.crv = "X25519" } == .otherKind)
    #expect(refused(p256) { $0.y = nil } == .malformed)
    #expect(refused(p256) { $0.x = "AQAB" } == .malformed)
    #expect(refused(p256) { $0.x = $0.y } == .malformed, "not a point of the curve")
    #expect(refused(p256) { $0.d = ed25519.d } == .malformed, "of another key")
    #expect(refused(ed25519) { $0.x = p256.x } == .malformed, "of another key")
    #expect(refused(ed25519) { $0.d = "AQAB" } == .malformed)
    #expect(refused(rsa) { $0.d = p256.d } == .malformed, "of another key")
    #expect(refused(rsa) { $0.n = ($0.n ?? "") + "=" } == .malformed)
    #expect(refused(rsa) { $0.n = p256.x } == .rsaSize(bits: 255))
    #expect(refused(ExampleKeys.secret) { $0.k = "AQAB" } == .secretTooShort)
    #expect(refused(ExampleKeys.secret) { $0.k = nil } == .malformed)
  }
}

/// Texts that OpenSSL could read and that are still no keys for tokens.
private enum BadKeys {
  static let all: [(String, SignatureKeyError)] = [
    ("", .noPEM), ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", .noPEM),
    (encrypted, .noPEM), (rsa1024, .rsaSize(bits: 1_024)), (p384, .otherKind),
  ]

  /// Ed25519 under a password: nobody is asked for it.
  static let encrypted = """
    -----BEGIN ENCRYPTED PRIVATE KEY-----
    MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhaXofvqtSdeQICCAAw
    DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEBTooSPk+6PNr7jgHLyLU+cEQNNY
    5TDkF9SrIHLfDeGogEvT1/KNH8FClWyOtfu8u0/JB6KCyfTU4xIKsMGfXPb4srNg
    Ndwv5xSulRN6aRGrVwo=
    -----END ENCRYPTED PRIVATE KEY-----
    """
  static let rsa1024 = """
    -----BEGIN PUBLIC KEY-----
    MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDS4gklXSNOv7BvctYEByOKPjZW
    DwiLwZBK4h4C70KvPcIdKvg3UgMtLQ0y37TjpfShCWaR55t/WPTyf1YxVMygXA2E
    yRkfpxiVuS9aImr6WEDX1Ydpgyt+4RJt7v9Sb5N1Ccwk9woOMTCPm5OT5kYbtnpj
    0sPsK3kJoaKx3koldwIDAQAB
    -----END PUBLIC KEY-----
    """
  static let p384 = """
    -----BEGIN PUBLIC KEY-----
    MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEVRwWwskxL1HbdHrH4FGHEOEc0NXrGZnI
    JEtBWN38zoox5oDBxSzKO9O15Xt5zR9otuVQx1IoHK1gZfayEFT9ZORFOQD6VyNE
    TcEcjBkbUlRfBDMstz+9/FV9MfY/Pktq
    -----END PUBLIC KEY-----
    """
}
