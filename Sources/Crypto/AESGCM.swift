// AES-GCM over spans of bytes, by OpenSSL: for tokens that an authorization server seals.

internal import COpenSSL

/// AES in Galois/Counter Mode with a tag of 16 bytes (RFC 5116 §5.1, §5.2). The key's length says
/// which: 16 bytes for AES-128, 32 for AES-256.
public enum AESGCM {
  public static let tagSize = 16
  /// RFC 5116 §5.1 has 12 bytes; OpenSSL takes up to 128, hashed down to these.
  public static let nonceSizes = 1...128
  public static let keySizes = [16, 32]

  /// What was sealed; `nil` for what nobody sealed with this key, nonce and context.
  public static func open(
    _ sealed: [UInt8], key: [UInt8], nonce: [UInt8], authenticating context: [UInt8]
  ) -> [UInt8]? {
    guard sealed.count >= tagSize, nonceSizes.contains(nonce.count) else { return nil }
    let text = Array(sealed.dropLast(tagSize))
    var tag = Array(sealed.suffix(tagSize))
    return unsafe run(text, key, nonce, context, encrypts: false) { cipher in
      unsafe tag.withUnsafeMutableBufferPointer { tag in
        unsafe EVP_CIPHER_CTX_ctrl(
          cipher, EVP_CTRL_GCM_SET_TAG, Int32(tagSize), tag.baseAddress) == 1
      }
    }
  }

  /// The text encrypted, and its tag behind it.
  public static func seal(
    _ text: [UInt8], key: [UInt8], nonce: [UInt8], authenticating context: [UInt8]
  ) -> [UInt8] {
    var tag = [UInt8](repeating: 0, count: tagSize)
    let sealed = unsafe run(text, key, nonce, context, encrypts: true) { cipher in
      unsafe tag.withUnsafeMutableBufferPointer { tag in
        unsafe EVP_CIPHER_CTX_ctrl(
          cipher, EVP_CTRL_GCM_GET_TAG, Int32(tagSize), tag.baseAddress) == 1
      }
    }
    guard let sealed else { preconditionFailure("OpenSSL lost a cipher that it had at start") }
    return sealed + tag
  }

  /// - Parameter tag: sets the tag before the end of decryption, or takes it after that of
  ///   encryption.
  private static func run(
    _ input: [UInt8], _ key: [UInt8], _ nonce: [UInt8], _ context: [UInt8], encrypts: Bool,
    _ tag: (OpaquePointer) -> Bool
  ) -> [UInt8]? {
    precondition(keySizes.contains(key.count) && nonceSizes.contains(nonce.count))
    guard let cipher = unsafe EVP_CIPHER_CTX_new() else { return nil }
    defer { unsafe EVP_CIPHER_CTX_free(cipher) }
    let mode: Int32 = encrypts ? 1 : 0
    let kind = unsafe key.count == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm()
    // The length of the nonce has to be set before the nonce is.
    guard unsafe EVP_CipherInit_ex(cipher, kind, nil, nil, nil, mode) == 1,
      unsafe EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_IVLEN, Int32(nonce.count), nil) == 1,
      unsafe EVP_CipherInit_ex(cipher, nil, nil, key, nonce, mode) == 1
    else { return nil }
    var length: Int32 = 0
    // A block more than there can be.
    var output = [UInt8](repeating: 0, count: input.count + 16)
    let (inputLength, contextLength) = (Int32(input.count), Int32(context.count))
    guard unsafe EVP_CipherUpdate(cipher, nil, &length, context, contextLength) == 1,
      unsafe EVP_CipherUpdate(cipher, &output, &length, input, inputLength) == 1,
      Int(length) == input.count
    else { return nil }
    guard unsafe encrypts || tag(cipher), unsafe EVP_CipherFinal_ex(cipher, &output, &length) == 1,
      unsafe !encrypts || tag(cipher)
    else { return nil }
    return Array(output.prefix(input.count))
  }
}
