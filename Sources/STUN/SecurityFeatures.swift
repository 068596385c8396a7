// The nonce cookie of RFC 8489 §9.2: what a server can do, said where nobody can strip it off.

internal import Crypto

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

  private static let prefix = "obMatJos2"
  /// Characters of the cookie.
  public static let cookieLength = 13

  /// What every nonce of a server with these features begins with.
  public var cookie: String {
    let bits = [16, 8, 0].map { UInt8(truncatingIfNeeded: rawValue >> UInt32($0)) }
    return Self.prefix + Base64.encode(bits)
  }

  /// The features that a nonce tells of; `nil` when it has no cookie, as those of RFC 5389.
  public init?(nonce: String) {
    guard nonce.utf8.count >= Self.cookieLength, nonce.hasPrefix(Self.prefix),
      let bits = Base64.decode(
        String(nonce.dropFirst(Self.prefix.count).prefix(Self.cookieLength - Self.prefix.count))),
      bits.count == 3
    else { return nil }
    self.init(rawValue: bits.reduce(0) { $0 << 8 | UInt32($1) })
  }
}
