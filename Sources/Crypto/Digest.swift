// One-shot digests and MACs over spans, by OpenSSL.

internal import COpenSSL

/// MD5, only for the long-term credential key of RFC 8489 §9.2.2.
public enum MD5 {
  public static let size = 16
  public static func digest(_ bytes: Span<UInt8>) -> [UInt8] {
    unsafe Evp.digest(bytes, EVP_md5(), size: size)
  }
}

/// SHA-1, for MESSAGE-INTEGRITY, TURN REST credentials and the WebSocket handshake.
public enum SHA1 {
  public static let size = 20
  public static func digest(_ bytes: Span<UInt8>) -> [UInt8] {
    unsafe Evp.digest(bytes, EVP_sha1(), size: size)
  }
  /// HMAC-SHA1 (RFC 2104), 20 bytes.
  public static func hmac(_ bytes: Span<UInt8>, key: [UInt8]) -> [UInt8] {
    unsafe Evp.hmac(bytes, key: key, EVP_sha1(), size: size)
  }
}

/// SHA-256.
public enum SHA256 {
  public static let size = 32
  public static func digest(_ bytes: Span<UInt8>) -> [UInt8] {
    unsafe Evp.digest(bytes, EVP_sha256(), size: size)
  }
  /// HMAC-SHA256 (RFC 2104), 32 bytes.
  public static func hmac(_ bytes: Span<UInt8>, key: [UInt8]) -> [UInt8] {
    unsafe Evp.hmac(bytes, key: key, EVP_sha256(), size: size)
  }
}

/// Compares without telling by its time where the first difference is. Unequal lengths are unequal.
public func equalInConstantTime(_ a: [UInt8], _ b: [UInt8]) -> Bool {
  guard a.count == b.count else { return false }
  var difference: UInt8 = 0
  for index in a.indices { difference |= a[index] ^ b[index] }
  return difference == 0
}

private enum Evp {
  static func digest(_ bytes: Span<UInt8>, _ algorithm: OpaquePointer?, size: Int) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: size)
    let done = unsafe bytes.withUnsafeBytes { input in
      unsafe result.withUnsafeMutableBufferPointer { output in
        unsafe EVP_Digest(
          input.baseAddress, input.count, output.baseAddress, nil, algorithm, nil)
      }
    }
    precondition(done == 1, "OpenSSL lost a digest that it had at start")
    return result
  }

  static func hmac(
    _ bytes: Span<UInt8>, key: [UInt8], _ algorithm: OpaquePointer?, size: Int
  ) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: size)
    let done = unsafe bytes.withUnsafeBytes { input in
      unsafe key.withUnsafeBytes { key in
        unsafe result.withUnsafeMutableBufferPointer { output in
          unsafe HMAC(
            algorithm, key.baseAddress, Int32(key.count),
            input.baseAddress?.assumingMemoryBound(to: UInt8.self), input.count,
            output.baseAddress, nil) != nil
        }
      }
    }
    precondition(done, "OpenSSL lost a digest that it had at start")
    return result
  }
}
