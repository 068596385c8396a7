// What becomes of permissions when the operator's mind about peers has changed.

internal import NetTypes

extension TURNServer {
  /// Takes away every permission and channel whose peer `peers` refuses, and ends the connections
  /// with such peers at the next ``advance(to:effects:)``. Allocations stay.
  mutating func revokePermissions(refusedBy peers: PeerFilter) {
    for handle in allocations.handles {
      _ = allocations.update(handle) { $0.withdraw(by: peers) }
    }
    for handle in connections.handles {
      guard let peer = connections[handle]?.peer, !peers.allows(peer.ip) else { continue }
      connections[handle]?.until = .zero
      connectionTimers.schedule(Int(handle.index), at: .zero)
    }
  }
}
