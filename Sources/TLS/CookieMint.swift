// Cookies that prove a client's address without anything being kept for him (RFC 6347 §4.2.1).

internal import Crypto
internal import NetTypes

/// Makes and checks cookies: MACs over address and time, under a secret of the process.
public struct CookieMint: Sendable {
  /// A cookie is good for the minute it was made in and the next.
  private static let minuteNs: Int64 = 60_000_000_000
  private let secret: [UInt8]

  /// - Parameter secret: 32 random bytes, the same on all loops.
  public init(secret: [UInt8]) {
    precondition(secret.count == 32)
    self.secret = secret
  }

  func cookie(for tuple: FiveTuple, at now: Instant) -> [UInt8] {
    mac(tuple, minute: now.nanoseconds / Self.minuteNs)
  }

  func accepts(_ cookie: [UInt8], from tuple: FiveTuple, at now: Instant) -> Bool {
    let minute = now.nanoseconds / Self.minuteNs
    return equalInConstantTime(cookie, mac(tuple, minute: minute))
      || equalInConstantTime(cookie, mac(tuple, minute: minute - 1))
  }

  private func mac(_ tuple: FiveTuple, minute: Int64) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(64)
    for address in [tuple.client, tuple.server] {
      for word in [address.ip.high, address.ip.low, UInt64(address.port)] { append(word, &text) }
      append(UInt64(address.scope) << 8 | UInt64(address.ip.family.rawValue), &text)
    }
    append(UInt64(bitPattern: minute), &text)
    return SHA256.hmac(text.span, key: secret)
  }

  private func append(_ word: UInt64, _ text: inout [UInt8]) {
    for shift in 0..<8 { text.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * shift))) }
  }
}
