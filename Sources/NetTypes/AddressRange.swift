// Ranges of addresses from one to another, as operators of coturn write them.

/// All addresses from `first` to `last`, both included, compared as numbers of 32 or 128 bits.
public struct AddressRange: Hashable, Sendable {
  public let first: IPAddress
  public let last: IPAddress

  /// `nil` for two families, or for a range that runs backwards.
  public init?(_ first: IPAddress, _ last: IPAddress) {
    guard first.family == last.family, first.number <= last.number else { return nil }
    self.first = first
    self.last = last
  }

  /// Reads `A-B`, one address, or a block.
  public init?(_ text: some StringProtocol) {
    if let block = CIDR(text) {
      let rest = UInt128.max >> UInt128(128 - block.base.family.bits + block.prefixLength)
      let last = block.prefixLength == block.base.family.bits ? 0 : rest
      self.init(block.base, IPAddress(block.base.family, number: block.base.number | last))
      return
    }
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, let first = IPAddress(parts[0]), let last = IPAddress(parts[1]) else {
      return nil
    }
    self.init(first, last)
  }

  /// The fewest blocks that together are the range, in order.
  public var blocks: [CIDR] {
    var blocks: [CIDR] = []
    let bits = first.family.bits
    var start = first.number
    while true {
      // The largest block that begins here and does not reach over the end.
      var size = min(start == 0 ? bits : start.trailingZeroBitCount, bits)
      while size > 0, start | Self.mask(size) > last.number { size -= 1 }
      let base = IPAddress(first.family, number: start)
      if let block = CIDR(base, prefixLength: bits - size) { blocks.append(block) }
      let end = start | Self.mask(size)
      guard end < last.number else { return blocks }
      start = end + 1
    }
  }

  /// What is left without the addresses of `other`: none, one or two ranges.
  public func subtracting(_ other: AddressRange) -> [AddressRange] {
    guard other.first.family == first.family, other.first.number <= last.number,
      other.last.number >= first.number
    else { return [self] }
    var rest: [AddressRange] = []
    if other.first.number > first.number {
      let end = IPAddress(first.family, number: other.first.number - 1)
      rest += [AddressRange(first, end)].compactMap { $0 }
    }
    if other.last.number < last.number {
      let start = IPAddress(first.family, number: other.last.number + 1)
      rest += [AddressRange(start, last)].compactMap { $0 }
    }
    return rest
  }

  private static func mask(_ size: Int) -> UInt128 {
    size == 128 ? .max : (1 << UInt128(size)) - 1
  }
}

extension IPAddress {
  /// The address as a number of 32 or 128 bits.
  fileprivate var number: UInt128 { UInt128(high) << 64 | UInt128(low) }

  fileprivate init(_ family: Family, number: UInt128) {
    switch family {
    case .v4: self.init(v4: UInt32(truncatingIfNeeded: number))
    case .v6:
      self.init(
        v6High: UInt64(truncatingIfNeeded: number >> 64), low: UInt64(truncatingIfNeeded: number))
    }
  }
}
