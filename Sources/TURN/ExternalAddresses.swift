// The addresses of a relay behind a one-to-one NAT: inside, where sockets are, and outside.

public import NetTypes

/// Which public address stands for a relay address, at most one for each family; the ports are the
/// same on both sides.
///
/// Clients and peers know the outside alone. Two clients of one relay meet at its outside address;
/// few NATs send such a datagram back, so it is sent to the inside at once.
public struct ExternalAddresses: Sendable {
  private struct Pair: Sendable {
    let inside: IPAddress
    let outside: IPAddress
  }

  private var v4: Pair?
  private var v6: Pair?

  /// No NAT.
  public static let none = ExternalAddresses()

  private init() {}

  /// - Parameter pairs: of one family each; a later one of the same family wins.
  public init(_ pairs: [(inside: IPAddress, outside: IPAddress)]) {
    for (inside, outside) in pairs where inside.family == outside.family {
      let pair = Pair(inside: inside, outside: outside)
      if inside.family == .v4 { v4 = pair } else { v6 = pair }
    }
  }

  @inline(__always)
  private func pair(_ family: IPAddress.Family) -> Pair? { family == .v4 ? v4 : v6 }

  /// As others see an address that is seen from here.
  func outside(_ address: SocketAddress) -> SocketAddress {
    guard let pair = pair(address.ip.family), pair.inside == address.ip else { return address }
    return SocketAddress(pair.outside, port: address.port)
  }

  /// Where to send what is meant for an address.
  func inside(_ address: SocketAddress) -> SocketAddress {
    guard let pair = pair(address.ip.family), pair.outside == address.ip else { return address }
    return SocketAddress(pair.inside, port: address.port)
  }
}
