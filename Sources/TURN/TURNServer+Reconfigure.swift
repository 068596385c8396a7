// What an operator may change of a server that runs.

internal import NetTypes

extension TURNServer {
  /// Takes over credentials, peers and lifetimes. No allocation ends: one whose peers are refused
  /// now loses its permissions, channels and connections to them.
  ///
  /// What allocations were made under stays: the realm, relay addresses and ports, the bounds of
  /// the tables, and the nonces, so that no client has to start over.
  public mutating func reconfigure(_ new: TURNConfiguration) {
    guard let old = configuration else { return }
    var next = new
    next.realm = old.realm
    next.nonces = old.nonces
    next.relayAddresses = old.relayAddresses
    next.relayPorts = old.relayPorts
    next.external = old.external
    next.limits.allocationsMax = old.limits.allocationsMax
    next.limits.connectionsMax = old.limits.connectionsMax
    configuration = next
    revokePermissions(refusedBy: next.peers)
  }
}
