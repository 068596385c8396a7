// Nonces that need no memory: any loop and any node with the same key can verify one.

internal import Crypto
public import NetTypes

/// Makes and checks nonces of the form `cookie ‖ base64(time ‖ HMAC(key, cookie, time, client))`.
///
/// A nonce is good for the address and port it was sent to, so presenting one proves that the
/// client receives there: nothing is kept for anybody who has not (RFC 8489 §9.2.4, §16.1.2). It is
/// short, because it goes to senders who proved nothing yet: 64 bits that cannot be guessed, and
/// all of the nonce a multiple of four, so that no padding follows.
public struct NonceMint: Sendable {
  private static let timeBytes = 3
  private static let timeDigits = 4
  private static let macBytes = 8
  private static let macDigits = 11
  /// Characters of every nonce.
  public static let length = SecurityFeatures.cookieLength + timeDigits + macDigits
  /// Clocks of a fleet differ: a nonce from this far ahead is still taken.
  private static let skewSeconds: Int64 = 30

  /// The first makes nonces; all are accepted.
  private let keys: [[UInt8]]
  private let lifetimeSeconds: Int64

  /// - Parameters:
  ///   - key: at least 16 bytes, the same wherever the nonces are to be valid.
  ///   - previous: the key before it, whose nonces are still accepted: without it a change of key
  ///     asks every client for a new nonce at once.
  ///   - lifetime: how long a nonce is valid; whole seconds, less than 90 days.
  public init(key: [UInt8], previous: [UInt8]? = nil, lifetime: Duration) {
    keys = [key] + (previous.map { [$0] } ?? [])
    precondition(keys.allSatisfy { $0.count >= 16 }, "a guessable key makes guessable nonces")
    precondition(lifetime < .seconds(90 * 86_400), "three bytes of time tell no longer ones apart")
    lifetimeSeconds = lifetime.components.seconds
  }

  /// - Parameter features: what clients are told that the server can do.
  public func mint(
    for client: SocketAddress, unixSeconds: Int64, features: SecurityFeatures = []
  ) -> String {
    let time = [16, 8, 0].map { UInt8(truncatingIfNeeded: unixSeconds >> Int64($0)) }
    return features.cookie + Base64.encode(time)
      + mac(keys[0], features.cookie, unixSeconds, client)
  }

  /// Whether a mint with one of the keys made `nonce` for `client`, with the same features, and not
  /// too long ago.
  public func isValid(
    _ nonce: String, for client: SocketAddress, unixSeconds: Int64, features: SecurityFeatures = []
  ) -> Bool {
    let cookie = features.cookie
    guard nonce.utf8.count == Self.length, nonce.hasPrefix(cookie) else { return false }
    let rest = nonce.dropFirst(SecurityFeatures.cookieLength)
    guard let time = Base64.decode(String(rest.prefix(Self.timeDigits))),
      time.count == Self.timeBytes
    else { return false }
    // The time nearest to now that ends in these bytes: its MAC covers all of it.
    let bits = Int64(8 * Self.timeBytes)
    let low = time.reduce(0) { $0 << 8 | Int64($1) }
    let age = ((unixSeconds - low) << (64 - bits)) >> (64 - bits)
    guard age >= -Self.skewSeconds, age <= lifetimeSeconds else { return false }
    let given = Array(rest.dropFirst(Self.timeDigits).utf8)
    return keys.contains { key in
      equalInConstantTime(Array(mac(key, cookie, unixSeconds - age, client).utf8), given)
    }
  }

  private func mac(
    _ key: [UInt8], _ cookie: String, _ unixSeconds: Int64, _ client: SocketAddress
  ) -> String {
    var text = Array(cookie.utf8)
    text.append(bigEndian: UInt64(bitPattern: unixSeconds))
    text.append(bigEndian: client.ip.high)
    text.append(bigEndian: client.ip.low)
    text.append(bigEndian: client.port)
    text.append(client.ip.family.rawValue)
    let mac = SHA256.hmac(text.span, key: key)
    return String(Base64.encode(Array(mac.prefix(Self.macBytes))).prefix(Self.macDigits))
  }
}
