// Who is in a room, in the order of their joins.

/// One room's members; their sessions are the server's.
struct Room: Sendable {
  struct Member: Sendable {
    let peer: PeerID
    let connection: ConnectionID
  }

  private(set) var members: [Member] = []

  var isEmpty: Bool { members.isEmpty }

  func member(_ peer: PeerID) -> Member? {
    members.first { $0.peer == peer }
  }

  mutating func add(_ member: Member) {
    members.append(member)
  }

  mutating func remove(_ connection: ConnectionID) {
    members.removeAll { $0.connection == connection }
  }
}
