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
    mac(bytes, Span(), key: key).array
  }
  /// The same of two pieces, one behind the other, without the heap.
  public static func mac(_ head: Span<UInt8>, _ tail: Span<UInt8>, key: [UInt8]) -> MAC {
    MAC(head, tail, key: key, isSHA256: false)
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
    mac(bytes, Span(), key: key).array
  }
  /// The same of two pieces, one behind the other, without the heap.
  public static func mac(_ head: Span<UInt8>, _ tail: Span<UInt8>, key: [UInt8]) -> MAC {
    MAC(head, tail, key: key, isSHA256: true)
  }
}

/// A message authentication code, of 20 or 32 bytes.
public struct MAC: Sendable {
  private var bytes = InlineArray<32, UInt8>(repeating: 0)
  public private(set) var count = 0

  fileprivate init(_ head: Span<UInt8>, _ tail: Span<UInt8>, key: [UInt8], isSHA256: Bool) {
    count = unsafe withUnsafeMutableBytes(of: &bytes) { output in
      unsafe head.withUnsafeBufferPointer { head in
        unsafe tail.withUnsafeBufferPointer { tail in
          unsafe key.withUnsafeBufferPointer { key in
            unsafe parley_hmac(
              isSHA256 ? 1 : 0, key.baseAddress, key.count, head.baseAddress, head.count,
              tail.baseAddress, tail.count,
              output.baseAddress?.assumingMemoryBound(to: UInt8.self))
          }
        }
      }
    }
    precondition(count > 0, "OpenSSL lost a digest that it had at start")
  }

  public subscript(index: Int) -> UInt8 {
    precondition(index < count)
    return bytes[index]
  }

  /// A copy.
  public var array: [UInt8] { (0..<count).map { bytes[$0] } }

  /// Whether it begins with the bytes of `other` in `range`, compared in constant time.
  public func begins(with other: Span<UInt8>, in range: Range<Int>) -> Bool {
    guard range.count <= count else { return false }
    var difference: UInt8 = 0
    for index in 0..<range.count { difference |= bytes[index] ^ other[range.lowerBound + index] }
    return difference == 0
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
}
