// Addresses as MAPPED-ADDRESS and its like write them: as they are (RFC 8489 §14.1).

public import NetTypes

public enum MappedAddress {
  /// The value of the attribute: 8 bytes for IPv4, 20 for IPv6.
  public static func encode(_ address: SocketAddress) -> [UInt8] {
    var value: [UInt8] = [0, address.ip.family.rawValue]
    value.append(bigEndian: address.port)
    if address.ip.family == .v6 {
      value.append(bigEndian: address.ip.high)
      value.append(bigEndian: address.ip.low)
    } else {
      value.append(bigEndian: UInt32(truncatingIfNeeded: address.ip.low))
    }
    return value
  }

  /// The address in `range`; `nil` for an unknown family or a length that does not fit it.
  public static func decode(_ bytes: Span<UInt8>, _ range: Range<Int>) -> SocketAddress? {
    guard range.count >= 4, let family = IPAddress.Family(rawValue: bytes[range.lowerBound + 1]),
      range.count == XorAddress.length(family)
    else { return nil }
    let start = range.lowerBound
    let ip =
      switch family {
      case .v4: IPAddress(v4: bytes.uint32(at: start + 4))
      case .v6: IPAddress(v6High: bytes.uint64(at: start + 4), low: bytes.uint64(at: start + 12))
      }
    return SocketAddress(ip, port: bytes.uint16(at: start + 2))
  }
}
