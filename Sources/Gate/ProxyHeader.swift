// The header in which a load balancer says whom it speaks for: the PROXY protocol, version 2.

public import NetTypes

/// Read from the beginning of a stream, before anything else (HAProxy's proxy-protocol.txt §2.2).
public enum ProxyHeader: Equatable {
  /// The stream does not begin with the signature: there is no header.
  case absent
  case needMore
  /// Why it can not be one that a TCP load balancer sends.
  case malformed
  /// `client` and `server` as the balancer saw them; `nil` for its own checks (LOCAL) and for what
  /// has no addresses (UNSPEC): then the connection's own count.
  case header(client: SocketAddress?, server: SocketAddress?, length: Int)

  /// Chosen so that no protocol begins like it.
  static let signature: [UInt8] = [
    0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
  ]
  private static let fixedLength = 16
  /// Addresses and all extensions (TLVs) that balancers add; certificates are not among them.
  public static let bodyBytesMax = 2_048

  /// Looks at the first bytes of a stream.
  public static func read(_ bytes: Span<UInt8>) -> ProxyHeader {
    for index in 0..<min(bytes.count, signature.count) where bytes[index] != signature[index] {
      return .absent
    }
    guard bytes.count >= fixedLength else { return .needMore }
    let command = bytes[12]
    // Version 2, and LOCAL or PROXY; a receiver must not take anything else.
    guard command == 0x20 || command == 0x21 else { return .malformed }
    let body = Int(bytes.uint16(at: 14))
    guard body <= bodyBytesMax else { return .malformed }
    let length = fixedLength + body
    guard bytes.count >= length else { return .needMore }
    if command == 0x20 { return .header(client: nil, server: nil, length: length) }
    switch bytes[13] {
    // UNSPEC
    case 0x00: return .header(client: nil, server: nil, length: length)
    // TCP over IPv4: two addresses, two ports.
    case 0x11:
      guard body >= 12 else { return .malformed }
      return .header(
        client: v4(bytes, ip: 16, port: 24), server: v4(bytes, ip: 20, port: 26), length: length)
    // TCP over IPv6
    case 0x21:
      guard body >= 36 else { return .malformed }
      return .header(
        client: v6(bytes, ip: 16, port: 48), server: v6(bytes, ip: 32, port: 50), length: length)
    default: return .malformed
    }
  }

  private static func v4(_ bytes: Span<UInt8>, ip: Int, port: Int) -> SocketAddress {
    SocketAddress(IPAddress(v4: bytes.uint32(at: ip)), port: bytes.uint16(at: port))
  }

  private static func v6(_ bytes: Span<UInt8>, ip: Int, port: Int) -> SocketAddress {
    SocketAddress(
      IPAddress(v6High: bytes.uint64(at: ip), low: bytes.uint64(at: ip + 8)),
      port: bytes.uint16(at: port))
  }
}
