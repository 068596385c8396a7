// Addresses as STUN writes them: XORed with the cookie and the transaction (RFC 8489 §14.2).

public import NetTypes

public enum XorAddress {
  /// Bytes of the value: 8 for IPv4, 20 for IPv6.
  @inlinable public static func length(_ family: IPAddress.Family) -> Int { 4 + family.bytes }

  /// The address in `range`; `nil` for an unknown family or a length that does not fit it.
  public static func decode(_ bytes: Span<UInt8>, _ range: Range<Int>, _ id: TransactionID)
    -> SocketAddress?
  {
    guard range.count >= 4, let family = IPAddress.Family(rawValue: bytes[range.lowerBound + 1]),
      range.count == length(family)
    else { return nil }
    let start = range.lowerBound
    let port = bytes.uint16(at: start + 2) ^ UInt16(Wire.magicCookie >> 16)
    switch family {
    case .v4:
      return SocketAddress(
        IPAddress(v4: bytes.uint32(at: start + 4) ^ Wire.magicCookie), port: port)
    case .v6:
      let mask = maskV6(id)
      return SocketAddress(
        IPAddress(
          v6High: bytes.uint64(at: start + 4) ^ mask.high,
          low: bytes.uint64(at: start + 12) ^ mask.low), port: port)
    }
  }

  /// Writes the value at `offset`.
  public static func encode(
    _ address: SocketAddress, into bytes: inout MutableSpan<UInt8>, at offset: Int,
    _ id: TransactionID
  ) {
    bytes.store(UInt16(address.ip.family.rawValue), at: offset)
    bytes.store(address.port ^ UInt16(Wire.magicCookie >> 16), at: offset + 2)
    switch address.ip.family {
    case .v4:
      bytes.store(UInt32(truncatingIfNeeded: address.ip.low) ^ Wire.magicCookie, at: offset + 4)
    case .v6:
      let mask = maskV6(id)
      bytes.store(address.ip.high ^ mask.high, at: offset + 4)
      bytes.store(address.ip.low ^ mask.low, at: offset + 12)
    }
  }

  private static func maskV6(_ id: TransactionID) -> (high: UInt64, low: UInt64) {
    (UInt64(Wire.magicCookie) << 32 | UInt64(id.high), id.low)
  }
}
