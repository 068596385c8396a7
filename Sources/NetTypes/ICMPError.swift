// What a router or a host says about a datagram that it did not pass on or take.

/// An ICMP error message (RFC 792, RFC 4443), of the family of its target.
public struct ICMPError: Equatable, Sendable {
  /// Where the datagram was going.
  public let target: SocketAddress
  public let type: UInt8
  public let code: UInt8
  /// The next hop's MTU in bytes, where the message says one; otherwise of no meaning.
  public let mtu: UInt32

  public init(target: SocketAddress, type: UInt8, code: UInt8, mtu: UInt32 = 0) {
    self.target = target
    self.type = type
    self.code = code
    self.mtu = mtu
  }
}
