// An IP address of either family as a plain value, with its text forms.

/// An IPv4 or IPv6 address without port or zone: 17 bytes by value, no heap.
///
/// `description` is shortened so that a log line never names a person's address by accident; ask
/// for ``text`` where the whole address is meant.
public struct IPAddress: Hashable, Sendable {
  /// The address family, by its STUN code (RFC 8489 §14.1).
  public enum Family: UInt8, Sendable {
    case v4 = 0x01
    case v6 = 0x02

    /// Address length in bits: 32 or 128.
    @inlinable public var bits: Int { self == .v4 ? 32 : 128 }
    /// Address length in bytes: 4 or 16.
    @inlinable public var bytes: Int { self == .v4 ? 4 : 16 }
  }

  /// The upper 64 bits, big-endian value; 0 for IPv4.
  public let high: UInt64
  /// The lower 64 bits, big-endian value; an IPv4 address is in its lowest 32 bits.
  public let low: UInt64
  // Last, so that a port and a scope fit behind it without a gap.
  public let family: Family

  @inlinable public init(v4 value: UInt32) {
    family = .v4
    high = 0
    low = UInt64(value)
  }

  @inlinable public init(v6High high: UInt64, low: UInt64) {
    family = .v6
    self.high = high
    self.low = low
  }

  /// The four parts of an IPv4 address, as in `IPAddress(127, 0, 0, 1)`.
  public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
    self.init(v4: UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d))
  }

  /// 0.0.0.0 or ::, which a socket takes for "every local address".
  @inlinable public var isUnspecified: Bool { high == 0 && low == 0 }

  public static let loopbackV4 = IPAddress(127, 0, 0, 1)
  public static let loopbackV6 = IPAddress(v6High: 0, low: 1)
}

// MARK: Text

extension IPAddress: CustomStringConvertible {
  /// Shortened: the first half of an IPv4 address, the first 32 bits of an IPv6 one.
  public var description: String {
    switch family {
    case .v4: return "\(low >> 24 & 0xff).\(low >> 16 & 0xff).*.*"
    case .v6: return "\(hex(high >> 48 & 0xffff)):\(hex(high >> 32 & 0xffff)):*"
    }
  }

  /// The whole address: dotted decimal, or RFC 5952 for IPv6.
  public var text: String {
    switch family {
    case .v4: return dotted(UInt32(truncatingIfNeeded: low))
    case .v6: return textV6
    }
  }

  private var groups: [UInt64] {
    [high >> 48, high >> 32, high >> 16, high, low >> 48, low >> 32, low >> 16, low]
      .map { $0 & 0xffff }
  }

  private var textV6: String {
    if high == 0, low >> 32 == 0xffff {
      return "::ffff:" + dotted(UInt32(truncatingIfNeeded: low))
    }
    let groups = self.groups
    // RFC 5952 §4.2: the first of the longest runs of at least two zero groups becomes "::".
    var best = 0..<0
    var start = 0
    while start < 8 {
      var end = start
      while end < 8, groups[end] == 0 { end += 1 }
      if end - start >= 2, end - start > best.count { best = start..<end }
      start = max(end, start + 1)
    }
    guard !best.isEmpty else { return groups.map(hex).joined(separator: ":") }
    let head = groups[..<best.lowerBound].map(hex).joined(separator: ":")
    let tail = groups[best.upperBound...].map(hex).joined(separator: ":")
    return head + "::" + tail
  }

  /// Reads dotted decimal (no leading zeros) or RFC 4291 §2.2 text without a zone; anything else is
  /// `nil`.
  public init?(_ text: some StringProtocol) {
    guard text.utf8.count <= 45 else { return nil }
    let parsed = text.contains(":") ? Self.parseV6(String(text)) : Self.parseV4(String(text))
    guard let parsed else { return nil }
    self = parsed
  }

  private static func parseV4(_ text: String) -> IPAddress? {
    let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var value: UInt32 = 0
    for part in parts {
      guard (1...3).contains(part.count), part.allSatisfy({ (0x30...0x39).contains($0) }),
        part.count == 1 || part.first != 0x30
      else { return nil }
      let number = part.reduce(UInt32(0)) { $0 * 10 + UInt32($1 - 0x30) }
      guard number <= 255 else { return nil }
      value = value << 8 | number
    }
    return IPAddress(v4: value)
  }

  private static func parseV6(_ text: String) -> IPAddress? {
    var text = text
    // An embedded dotted tail is worth two groups.
    if let colon = text.lastIndex(of: ":"), text[colon...].contains(".") {
      guard let v4 = parseV4(String(text[text.index(after: colon)...])) else { return nil }
      text = text[...colon] + hex(v4.low >> 16) + ":" + hex(v4.low & 0xffff)
    }
    let halves = splitOnce(text, at: "::")
    guard let head = parseGroups(halves.0), let tail = parseGroups(halves.1 ?? "") else {
      return nil
    }
    var groups = head
    if halves.1 != nil {
      guard head.count + tail.count <= 7 else { return nil }
      groups += Array(repeating: 0, count: 8 - head.count - tail.count) + tail
    }
    guard groups.count == 8 else { return nil }
    let high = groups[..<4].reduce(UInt64(0)) { $0 << 16 | $1 }
    let low = groups[4...].reduce(UInt64(0)) { $0 << 16 | $1 }
    return IPAddress(v6High: high, low: low)
  }

  private static func splitOnce(_ text: String, at mark: String) -> (String, String?) {
    guard let range = text.firstRange(of: mark) else { return (text, nil) }
    return (String(text[..<range.lowerBound]), String(text[range.upperBound...]))
  }

  private static func parseGroups(_ text: String) -> [UInt64]? {
    if text.isEmpty { return [] }
    var groups: [UInt64] = []
    for part in text.split(separator: ":", omittingEmptySubsequences: false) {
      guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy(isHexDigit),
        let value = UInt64(part, radix: 16)
      else { return nil }
      groups.append(value)
    }
    return groups
  }

  private static func isHexDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
  }
}

private func hex(_ value: UInt64) -> String { String(value, radix: 16) }

private func dotted(_ value: UInt32) -> String {
  "\(value >> 24).\(value >> 16 & 0xff).\(value >> 8 & 0xff).\(value & 0xff)"
}
