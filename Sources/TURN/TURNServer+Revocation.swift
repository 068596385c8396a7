// What becomes of permissions when the operator's mind about peers has changed.

internal import NetTypes

extension TURNServer {
  /// Takes away every permission, channel and connection whose peer `peers` refuses. Allocations
  /// stay.
  mutating func revokePermissions(
    refusedBy peers: PeerFilter, now: Instant, effects: inout [Effect]
  ) {
    for handle in connections.handles {
      guard let peer = connections[handle]?.peer, !peers.allows(peer.ip) else { continue }
      fail(handle, now: now, effects: &effects)
    }
    for handle in allocations.handles {
      _ = allocations.update(handle) { allocation in
        allocation.permissions.removeAll { !peers.allows($0.peer) }
        allocation.channels.removeAll { !peers.allows($0.peer.ip) || !peers.allows($0.peer) }
      }
    }
  }
}
