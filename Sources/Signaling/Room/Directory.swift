// Where everybody is.

internal import NetTypes

/// The rooms of one server, and the sessions of their members: the one place that knows where a
/// peer is.
struct Directory: Sendable {
  private(set) var rooms: [RoomKey: Room] = [:]

  var count: Int { rooms.count }

  subscript(key: RoomKey) -> Room? { rooms[key] }

  func session(of peer: PeerID, in room: RoomKey) -> SessionID? { rooms[room]?.session(peer) }

  func members(of room: RoomKey) -> [SessionID] { rooms[room]?.members ?? [] }

  /// Adds a member; its room begins with the first.
  mutating func add(
    _ session: SessionID, _ peer: PeerID, order: Int64, to room: RoomKey, now: Instant
  ) {
    rooms[room, default: Room(now: now)].add(session, peer, order: order)
  }

  /// Removes a member; what is left of its room, which ends with the last.
  mutating func remove(_ session: SessionID, _ peer: PeerID, from room: RoomKey) {
    rooms[room]?.remove(session, peer)
  }

  mutating func removeRoom(_ room: RoomKey) { rooms[room] = nil }

  /// Changes a room where it is; nil when there is no such room.
  mutating func update<R>(_ room: RoomKey, _ body: (inout Room) -> R) -> R? {
    guard let index = rooms.index(forKey: room) else { return nil }
    return body(&rooms.values[index])
  }
}
