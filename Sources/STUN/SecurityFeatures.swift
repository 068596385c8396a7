// The nonce cookie of RFC 8489 §9.2: what a server can do, said where nobody can strip it off.

/// RFC 8489 §18.1: the 24 bits of STUN Security Features.
///
/// The RFC says in §18.1 and §9.2 that bit 0 is the leftmost one; its errata, and everybody who
/// implements it, say that it is the rightmost.
public struct SecurityFeatures: OptionSet, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue & 0xff_ffff }

  /// Bit 0: 401 and 438 have PASSWORD-ALGORITHMS.
  public static let passwordAlgorithms = SecurityFeatures(rawValue: 1 << 0)
  /// Bit 1: every user can be named by USERHASH, and clients that can do that have to.
  public static let usernameAnonymity = SecurityFeatures(rawValue: 1 << 1)

  /// What every cookie begins with: `obMatJos2`.
  private static let prefix: InlineArray<9, UInt8> = [
    0x6f, 0x62, 0x4d, 0x61, 0x74, 0x4a, 0x6f, 0x73, 0x32,
  ]
  /// Characters of the cookie.
  public static let cookieLength = 13

  /// What every nonce of a server with these features begins with.
  public var cookie: InlineArray<13, UInt8> {
    let prefix = Self.prefix
    return InlineArray { index in
      index < prefix.count
        ? prefix[index] : Base64Digits.digit(UInt64(rawValue) >> UInt64(6 * (12 - index)))
    }
  }

  /// The features that a nonce tells of; `nil` when it has no cookie, as those of RFC 5389.
  public init?(nonce: Span<UInt8>) {
    let prefix = Self.prefix
    guard nonce.count >= Self.cookieLength else { return nil }
    for index in prefix.indices where nonce[index] != prefix[index] { return nil }
    guard let bits = Base64Digits.bits24(nonce, at: prefix.count) else { return nil }
    self.init(rawValue: bits)
  }
}
