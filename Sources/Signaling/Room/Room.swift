// Who is in a room, in the order of their joins.

internal import NetTypes

/// One room's members; their sessions are the server's.
struct Room: Sendable {
  let key: RoomKey
  /// In the order of their joins.
  private(set) var members: [SessionID] = []
  private var byPeer: [PeerID: SessionID] = [:]
  /// The highest place that was given.
  private(set) var lastOrder: Int64 = 0
  /// Changes that not everybody has been told of.
  var pending = PendingPresence()
  /// What may be delivered in it.
  var deliveries: TokenBucket

  init(_ key: RoomKey, now: Instant) {
    self.key = key
    deliveries = TokenBucket(now: now)
  }

  var isEmpty: Bool { members.isEmpty }
  var count: Int { members.count }

  func session(_ peer: PeerID) -> SessionID? { byPeer[peer] }

  /// - Parameter order: the member's place.
  mutating func add(_ session: SessionID, _ peer: PeerID, order: Int64) {
    members.append(session)
    byPeer[peer] = session
    lastOrder = max(lastOrder, order)
  }

  mutating func remove(_ session: SessionID, _ peer: PeerID) {
    members.removeAll { $0 == session }
    byPeer[peer] = nil
    pending.forget(session)
  }
}
