// What an operator may change of a server that runs.

internal import NetTypes

extension TURNServer {
  /// Takes over who may come, and what they may reach. No allocation ends: one whose peers are
  /// refused now loses its permissions, channels and connections to them.
  ///
  /// All else stays until a restart, so that allocations are under the same rules and no client has
  /// to start over: the realm, the nonces, addresses and ports, and the limits.
  public mutating func reconfigure(_ new: TURNConfiguration) {
    guard var next = configuration?.value else { return }
    next.credentials = new.credentials
    next.authorization = new.authorization
    next.hasStrictExpiry = new.hasStrictExpiry
    next.legacyChannels = new.legacyChannels
    next.peers = new.peers
    configuration = CurrentConfiguration(next)
    peers = next.peers
    revokePermissions(refusedBy: next.peers)
  }
}
