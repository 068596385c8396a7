// Nonces that need no memory: any loop and any node with the same key can verify one.

internal import Crypto
public import NetTypes

/// Makes and checks nonces of the form `time ‖ HMAC(key, time ‖ client address)`.
///
/// A nonce is good for the address and port it was sent to, so presenting one proves that the
/// client receives there: nothing is kept for anybody who has not (RFC 8489 §9.2.4, §16.1.2).
public struct NonceMint: Sendable {
  private static let timeDigits = 8
  private static let macBytes = 12
  /// Characters of every nonce.
  public static let length = timeDigits + 2 * macBytes

  private let key: [UInt8]
  private let lifetimeSeconds: Int64
  /// Clocks of a fleet differ: a nonce from this far ahead is still taken.
  private static let skewSeconds: Int64 = 30

  /// - Parameters:
  ///   - key: at least 16 bytes, the same wherever the nonces are to be valid.
  ///   - lifetime: how long a nonce is valid; whole seconds.
  public init(key: [UInt8], lifetime: Duration) {
    precondition(key.count >= 16, "a guessable key makes guessable nonces")
    self.key = key
    lifetimeSeconds = lifetime.components.seconds
  }

  public func mint(for client: SocketAddress, unixSeconds: Int64) -> String {
    let time = Self.hex(UInt64(UInt32(truncatingIfNeeded: unixSeconds)), digits: Self.timeDigits)
    return time + mac(time, client)
  }

  /// Whether this mint made `nonce` for `client`, and not too long ago.
  public func isValid(_ nonce: String, for client: SocketAddress, unixSeconds: Int64) -> Bool {
    guard nonce.utf8.count == Self.length else { return false }
    let time = String(nonce.prefix(Self.timeDigits))
    guard let made = Int64(time, radix: 16),
      equalInConstantTime(Array((time + mac(time, client)).utf8), Array(nonce.utf8))
    else { return false }
    let age = unixSeconds - made
    return age >= -Self.skewSeconds && age <= lifetimeSeconds
  }

  private func mac(_ time: String, _ client: SocketAddress) -> String {
    var text = Array(time.utf8)
    text.append(bigEndian: client.ip.high)
    text.append(bigEndian: client.ip.low)
    text.append(bigEndian: client.port)
    text.append(client.ip.family.rawValue)
    return SHA256.hmac(text.span, key: key).prefix(Self.macBytes)
      .map { Self.hex(UInt64($0), digits: 2) }.joined()
  }

  private static func hex(_ value: UInt64, digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
  }
}
