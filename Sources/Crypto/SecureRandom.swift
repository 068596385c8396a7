// The one source of randomness that outsiders must not guess.

internal import COpenSSL

/// OpenSSL's generator, for nonces, ports, session secrets and hash keys. Safe on any thread.
public struct SecureRandom: RandomNumberGenerator, Sendable {
  public init() {}

  public mutating func next() -> UInt64 {
    var value: UInt64 = 0
    let done = unsafe withUnsafeMutableBytes(of: &value) { buffer in
      unsafe RAND_bytes(buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), 8)
    }
    // Going on with guessable numbers would be worse than stopping (CVE-2025-69217 in coturn).
    precondition(done == 1, "no randomness from the system")
    return value
  }
}

extension RandomNumberGenerator {
  /// `count` bytes of this generator.
  public mutating func bytes(_ count: Int) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(count + 8)
    while result.count < count {
      let word = next()
      for shift in 0..<8 { result.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * shift))) }
    }
    result.removeLast(result.count - count)
    return result
  }
}
