// One asymmetric key of OpenSSL's, and the two things that are done with it.

internal import COpenSSL

/// Owns an `EVP_PKEY`. It is never changed after it was made, so that any thread may use it.
@safe final class KeyHandle: @unchecked Sendable {
  private let key: OpaquePointer

  /// Takes over `key`.
  init(_ key: OpaquePointer) { unsafe self.key = key }

  deinit { unsafe EVP_PKEY_free(key) }

  /// `EVP_PKEY_RSA` and the like.
  var kind: Int32 { unsafe EVP_PKEY_get_base_id(key) }

  var bits: Int { Int(unsafe EVP_PKEY_get_bits(key)) }

  var isOnP256: Bool {
    var name = [CChar](repeating: 0, count: 32)
    var length = 0
    guard unsafe EVP_PKEY_get_group_name(key, &name, name.count, &length) == 1 else { return false }
    return name.prefix(length).elementsEqual("prime256v1".utf8.map { CChar($0) })
  }

  /// Whether its public part can be one.
  var isSound: Bool { unsafe parley_public_key_is_sound(key) == 1 }

  /// Of Ed25519 (RFC 8032 §5.1.5).
  var rawPublicKey: [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 32)
    var length = bytes.count
    return unsafe EVP_PKEY_get_raw_public_key(key, &bytes, &length) == 1 ? bytes : nil
  }

  /// Whether the signature, in OpenSSL's form, is one of `text`.
  func verifies(_ signature: [UInt8], of text: [UInt8], _ algorithm: SignatureAlgorithm) -> Bool {
    guard let context = unsafe EVP_MD_CTX_new() else { return false }
    defer {
      unsafe EVP_MD_CTX_free(context)
      // What failed here is no error of the TLS connection that this thread looks at next.
      ERR_clear_error()
    }
    let digest = unsafe Self.digest(algorithm)
    guard unsafe EVP_DigestVerifyInit(context, nil, digest, nil, key) == 1 else { return false }
    return unsafe EVP_DigestVerify(context, signature, signature.count, text, text.count) == 1
  }

  /// The signature of `text` in OpenSSL's form.
  func sign(_ text: [UInt8], _ algorithm: SignatureAlgorithm) -> [UInt8]? {
    guard let context = unsafe EVP_MD_CTX_new() else { return nil }
    defer {
      unsafe EVP_MD_CTX_free(context)
      ERR_clear_error()
    }
    let digest = unsafe Self.digest(algorithm)
    var length = 0
    guard unsafe EVP_DigestSignInit(context, nil, digest, nil, key) == 1,
      unsafe EVP_DigestSign(context, nil, &length, text, text.count) == 1
    else { return nil }
    var signature = [UInt8](repeating: 0, count: length)
    guard unsafe EVP_DigestSign(context, &signature, &length, text, text.count) == 1 else {
      return nil
    }
    return Array(signature.prefix(length))
  }

  /// RFC 8032 §5.1: Ed25519 has its own.
  private static func digest(_ algorithm: SignatureAlgorithm) -> OpaquePointer? {
    unsafe algorithm == .edDSA ? nil : EVP_sha256()
  }
}
