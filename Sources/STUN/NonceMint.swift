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
  private static let timeBits = 24
  private static let macStart = SecurityFeatures.cookieLength + 4
  /// Characters of every nonce.
  public static let length = macStart + 11
  /// The characters of a nonce.
  public typealias Nonce = InlineArray<28, UInt8>
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
  ) -> Nonce {
    let cookie = features.cookie
    let mac = mac(keys[0], cookie, unixSeconds, client)
    return Nonce { index in
      if index < cookie.count { return cookie[index] }
      guard index < Self.macStart else { return Self.digit(index - Self.macStart, of: mac) }
      return Base64Digits.digit(
        UInt64(bitPattern: unixSeconds) >> UInt64(6 * (Self.macStart - 1 - index)))
    }
  }

  /// Whether a mint with one of the keys made `nonce` for `client`, with the same features, and not
  /// too long ago.
  public func isValid(
    _ nonce: Span<UInt8>, for client: SocketAddress, unixSeconds: Int64,
    features: SecurityFeatures = []
  ) -> Bool {
    let cookie = features.cookie
    guard nonce.count == Self.length else { return false }
    for index in cookie.indices where nonce[index] != cookie[index] { return false }
    guard let time = Base64Digits.bits24(nonce, at: cookie.count) else { return false }
    // The time nearest to now that ends in these bytes: its MAC covers all of it.
    let unused = Int64.bitWidth - Self.timeBits
    let age = ((unixSeconds - Int64(time)) << unused) >> unused
    guard age >= -Self.skewSeconds, age <= lifetimeSeconds else { return false }
    for key in keys {
      let mac = mac(key, cookie, unixSeconds - age, client)
      // In constant time: where the first difference is would tell how to go on.
      var difference: UInt8 = 0
      for index in Self.macStart..<Self.length {
        difference |= nonce[index] ^ Self.digit(index - Self.macStart, of: mac)
      }
      if difference == 0 { return true }
    }
    return false
  }

  /// Ten digits of six bits, and one for the last four.
  private static func digit(_ index: Int, of mac: UInt64) -> UInt8 {
    Base64Digits.digit(index < 10 ? mac >> UInt64(58 - 6 * index) : mac << 2)
  }

  private func mac(
    _ key: [UInt8], _ cookie: InlineArray<13, UInt8>, _ unixSeconds: Int64, _ client: SocketAddress
  ) -> UInt64 {
    var text = InlineArray<40, UInt8>(repeating: 0)
    for index in cookie.indices { text[index] = cookie[index] }
    var span = text.mutableSpan
    span.store(UInt64(bitPattern: unixSeconds), at: 13)
    span.store(client.ip.high, at: 21)
    span.store(client.ip.low, at: 29)
    span.store(client.port, at: 37)
    span[39] = client.ip.family.rawValue
    let mac = SHA256.mac(text.span, Span(), key: key)
    return (0..<8).reduce(0) { $0 << 8 | UInt64(mac[$1]) }
  }
}
