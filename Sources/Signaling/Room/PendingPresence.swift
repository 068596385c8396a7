// Changes of presence that wait to be told together.

/// The changes of a room since everybody was last told, in order.
struct PendingPresence: Sendable {
  private(set) var changes: [PresenceChange] = []
  /// Where the server's queue of rooms with changes keeps this one.
  var slot = QueueSlot.none
  /// How many of the changes a member knows already, where it does.
  private var known: [SessionID: Int] = [:]
  private var subjects: Set<PeerID> = []

  var isEmpty: Bool { changes.isEmpty }

  /// Whether something about `peer` waits.
  func concerns(_ peer: PeerID) -> Bool { !isEmpty && subjects.contains(peer) }

  mutating func add(_ change: PresenceChange) {
    changes.append(change)
    subjects.insert(change.peer)
  }

  /// The member needs to be told of nothing that waits now.
  mutating func tellNothing(to session: SessionID) {
    if !isEmpty { known[session] = changes.count }
  }

  mutating func forget(_ session: SessionID) { known[session] = nil }

  /// What the member still has to be told; nobody is told of itself.
  func news(for session: SessionID, _ peer: PeerID) -> [PresenceChange] {
    guard isSpecial(session, peer) else { return changes }
    return changes[(known[session] ?? 0)...].filter { $0.peer != peer }
  }

  /// Whether the member is to be told something else than most.
  func isSpecial(_ session: SessionID, _ peer: PeerID) -> Bool {
    known[session] != nil || subjects.contains(peer)
  }
}
