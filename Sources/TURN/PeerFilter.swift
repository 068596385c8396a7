// Which addresses may be relayed to: the one decision, asked wherever a peer is named.

public import NetTypes

/// Rules over address blocks, with everything that is not the public Internet refused by default.
///
/// The most specific rule decides. Between rules of equal length the operator's beats the default,
/// and a denial beats a permission. Whatever form an IPv4 address hides in is unfolded first
/// (CVE-2026-27624, CVE-2026-53450 in coturn).
///
/// The relay's own addresses are as if allowed one by one, because two clients of one relay meet
/// there; but only at the relay's ports: what else listens on this host is nobody's peer, unless a
/// rule of the operator says so.
public struct PeerFilter: Sendable {
  private struct Rule: Sendable {
    let block: CIDR
    let allows: Bool
  }

  /// Most specific first, and within a length in order of precedence.
  private let rules: [Rule]
  /// The operator's alone, in the same order.
  private let given: [Rule]
  private let relayAddresses: [IPAddress]
  private let relayPorts: PortRange
  private let ownServices: [SocketAddress]

  /// - Parameters:
  ///   - allow: blocks that may be relayed to although the defaults refuse them.
  ///   - deny: blocks that may not.
  ///   - relayAddresses: where relay ports are opened.
  ///   - relayPorts: the ports that are opened there.
  ///   - ownServices: addresses and ports this process serves; refused always. An unspecified
  ///     address stands for every relay address and for the loopback.
  public init(
    allow: [CIDR] = [], deny: [CIDR] = [], relayAddresses: [IPAddress] = [],
    relayPorts: PortRange = .dynamic, ownServices: [SocketAddress] = []
  ) {
    let given =
      deny.map { Rule(block: $0, allows: false) } + allow.map { Rule(block: $0, allows: true) }
    let own = relayAddresses.compactMap { address in
      CIDR(address, prefixLength: address.family.bits).map { Rule(block: $0, allows: true) }
    }
    self.given = Self.ordered(given)
    rules = Self.ordered(
      given + own + Self.refusedByDefault.map { Rule(block: $0, allows: false) })
    self.relayAddresses = relayAddresses
    self.relayPorts = relayPorts
    self.ownServices = ownServices
  }

  /// The same with more rules of the operator's.
  public func adding(allow: [CIDR], deny: [CIDR]) -> PeerFilter {
    func blocks(_ given: [Rule], allowing: Bool) -> [CIDR] {
      given.filter { $0.allows == allowing }.map(\.block)
    }
    return PeerFilter(
      allow: blocks(given, allowing: true) + allow, deny: blocks(given, allowing: false) + deny,
      relayAddresses: relayAddresses, relayPorts: relayPorts, ownServices: ownServices)
  }

  /// Most specific first; rules of equal length stay in order.
  private static func ordered(_ rules: [Rule]) -> [Rule] {
    rules.enumerated()
      .sorted {
        ($1.element.block.prefixLength, $0.offset) < ($0.element.block.prefixLength, $1.offset)
      }
      .map(\.element)
  }

  /// Whether a permission for `address` may exist.
  public func allows(_ address: IPAddress) -> Bool {
    guard rules.first(where: { $0.block.contains(address) })?.allows ?? true else { return false }
    guard let inner = Self.innerIPv4(of: address) else { return true }
    return rules.first { $0.block.contains(inner) }?.allows ?? true
  }

  /// Whether datagrams may go to `peer`, for whose address there is a permission.
  public func allows(_ peer: SocketAddress) -> Bool {
    guard allowsPort(of: peer) else { return false }
    guard let inner = Self.innerIPv4(of: peer.ip) else { return true }
    return allowsPort(of: SocketAddress(inner, port: peer.port))
  }

  private func allowsPort(of peer: SocketAddress) -> Bool {
    for service in ownServices where service.port == peer.port {
      if service.ip == peer.ip { return false }
      if service.ip.isUnspecified && isHere(peer.ip) { return false }
    }
    guard relayAddresses.contains(peer.ip) else { return true }
    if (relayPorts.first...relayPorts.last).contains(peer.port) { return true }
    return given.first { $0.block.contains(peer.ip) }?.allows ?? false
  }

  private func isHere(_ ip: IPAddress) -> Bool {
    relayAddresses.contains(ip) || ip == .loopbackV6 || ip.family == .v4 && ip.low >> 24 == 127
  }

  // MARK: Unfolding

  /// The IPv4 address that a translator or a tunnel would make of this one, if any.
  static func innerIPv4(of address: IPAddress) -> IPAddress? {
    guard address.family == .v6 else { return nil }
    let low = UInt32(truncatingIfNeeded: address.low)
    let inner: UInt32?
    if address.high == 0, address.low >> 32 == 0xffff {
      inner = low  // ::ffff:0:0/96, IPv4-mapped (RFC 4291 §2.5.5.2)
    } else if address.high == 0, address.low >> 32 == 0, address.low > 1 {
      inner = low  // ::/96, IPv4-compatible (RFC 4291 §2.5.5.1)
    } else if address.high == 0, address.low >> 32 == 0xffff_0000 {
      inner = low  // ::ffff:0:0:0/96, IPv4-translated (RFC 2765 §2.1)
    } else if address.high == 0x0064_ff9b_0000_0000, address.low >> 32 == 0 {
      inner = low  // 64:ff9b::/96 (RFC 6052 §2.1)
    } else if address.high >> 16 == 0x0064_ff9b_0001 {
      inner = low  // 64:ff9b:1::/48 (RFC 8215), with the usual suffix of a /96
    } else if address.high >> 48 == 0x2002 {
      inner = UInt32(truncatingIfNeeded: address.high >> 16)  // 6to4 (RFC 3056 §2)
    } else if address.high >> 32 == 0x2001_0000 {
      inner = ~low  // Teredo (RFC 4380 §4)
    } else {
      inner = nil
    }
    return inner.map { IPAddress(v4: $0) }
  }

  /// What is not the public Internet: the IANA special-purpose registries, multicast, and the
  /// reserved blocks.
  static let refusedByDefault: [CIDR] = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
    "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "::/128", "::1/128",
    "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8", "2001:db8::/32", "100::/64",
    "64:ff9b:1::/48", "2001:2::/48", "2001:10::/28", "3fff::/20", "5f00::/16",
  ].compactMap { CIDR($0) }
}
