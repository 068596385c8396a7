// Who is in a room, in the order of their joins.

/// One room's members; their sessions are the server's.
struct Room: Sendable {
  struct Member: Sendable {
    let peer: PeerID
    let connection: ConnectionID
  }

  private(set) var members: [Member] = []
  private(set) var lastOrder: Int64 = 0

  var isEmpty: Bool { members.isEmpty }

  func member(_ peer: PeerID) -> Member? {
    members.first { $0.peer == peer }
  }

  mutating func add(_ member: Member, order: Int64) {
    members.append(member)
    lastOrder = order
  }

  mutating func remove(_ connection: ConnectionID) {
    members.removeAll { $0.connection == connection }
  }
}
