// Address blocks and port ranges, as rules name them.

/// A block of addresses: `10.0.0.0/8`, `fe80::/10`, or a single address without a length.
public struct CIDR: Hashable, Sendable {
  public let base: IPAddress
  /// Length of the common prefix: 0...32 for IPv4, 0...128 for IPv6.
  public let prefixLength: Int

  /// The block around `base`; `nil` when the length does not fit the family or bits beyond it are
  /// set, because such a rule was meant for another block than it would match.
  public init?(_ base: IPAddress, prefixLength: Int) {
    guard (0...base.family.bits).contains(prefixLength) else { return nil }
    self.base = base
    self.prefixLength = prefixLength
    guard Self.masked(base, prefixLength) == base else { return nil }
  }

  /// Reads `address/length` or one address; malformed text and set host bits give `nil`.
  public init?(_ text: some StringProtocol) {
    guard let slash = text.firstIndex(of: "/") else {
      guard let ip = IPAddress(text) else { return nil }
      self.init(ip, prefixLength: ip.family.bits)
      return
    }
    let digits = text[text.index(after: slash)...]
    guard let ip = IPAddress(text[..<slash]), (1...3).contains(digits.utf8.count),
      digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let length = Int(digits)
    else { return nil }
    self.init(ip, prefixLength: length)
  }

  /// Whether `ip` is of the same family and shares the prefix.
  public func contains(_ ip: IPAddress) -> Bool {
    ip.family == base.family && Self.masked(ip, prefixLength) == base
  }

  public var text: String { "\(base.text)/\(prefixLength)" }

  private static func masked(_ ip: IPAddress, _ length: Int) -> IPAddress {
    switch ip.family {
    case .v4:
      let mask: UInt32 = length == 0 ? 0 : ~0 << UInt32(32 - length)
      return IPAddress(v4: UInt32(truncatingIfNeeded: ip.low) & mask)
    case .v6:
      // Swift's smart shift gives 0 for shifts of 64 and more.
      let highMask: UInt64 = ~0 << UInt64(64 - min(length, 64))
      let lowMask: UInt64 = ~0 << UInt64(128 - max(length, 64))
      return IPAddress(v6High: ip.high & highMask, low: ip.low & lowMask)
    }
  }
}

/// An inclusive range of UDP or TCP ports, 1...65535.
public struct PortRange: Hashable, Sendable {
  public let first: UInt16
  public let last: UInt16

  /// `nil` when `first` is 0 or above `last`.
  public init?(_ first: UInt16, _ last: UInt16) {
    guard first > 0, first <= last else { return nil }
    self.first = first
    self.last = last
  }

  /// Reads `A-B`.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2,
      parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
      let first = UInt16(parts[0]), let last = UInt16(parts[1])
    else { return nil }
    self.init(first, last)
  }

  /// RFC 8656 §7.2: the dynamic ports, 49152...65535.
  public static let dynamic = PortRange(unchecked: 49152, 65535)

  private init(unchecked first: UInt16, _ last: UInt16) {
    self.first = first
    self.last = last
  }

  public var count: Int { Int(last) - Int(first) + 1 }
  public var text: String { "\(first)-\(last)" }
}
