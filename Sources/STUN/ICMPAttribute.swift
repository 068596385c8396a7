// The ICMP attribute: an error message of a router or host, in eight bytes (RFC 8656 §18.13).

public import NetTypes

public enum ICMPAttribute {
  public static let length = 8

  /// RFC 8656 §11.5: destination unreachable and time exceeded of IPv4; these and packet too big of
  /// IPv6.
  public static func tells(_ error: ICMPError) -> Bool {
    switch error.target.ip.family {
    case .v4: error.type == 3 || error.type == 11
    case .v6: (1...3).contains(error.type)
    }
  }

  /// Two bytes reserved, seven bits of type, nine of code, and four bytes that hold the MTU where
  /// the message is about it.
  public static func value(_ error: ICMPError) -> UInt64 {
    let kind = UInt64(error.type & 0x7f) << 9 | UInt64(error.code)
    return kind << 32 | (tellsMTU(error) ? UInt64(error.mtu) : 0)
  }

  private static func tellsMTU(_ error: ICMPError) -> Bool {
    switch error.target.ip.family {
    case .v4: error.type == 3 && error.code == 4
    case .v6: error.type == 2
    }
  }
}

extension Message {
  /// The ICMP error of a Data indication about `peer`; `nil` when absent or malformed.
  public func icmp(about peer: SocketAddress, _ bytes: Span<UInt8>) -> ICMPError? {
    guard let range = value(of: .icmp), range.count == ICMPAttribute.length else { return nil }
    let kind = bytes.uint16(at: range.lowerBound + 2)
    return ICMPError(
      target: peer, type: UInt8(kind >> 9), code: UInt8(truncatingIfNeeded: kind),
      mtu: bytes.uint32(at: range.lowerBound + 4))
  }
}
