// Where everybody is.

internal import NetTypes

/// The rooms of one server, and the sessions of their members: the one place that knows where a
/// peer is.
///
/// A room has a handle for as long as it lasts. Its members' sessions have that, so that no message
/// has to look for its room by name.
struct Directory {
  private var rooms: Slab<Room>
  private var handles: [RoomKey: SlabHandle] = [:]

  /// - Parameter roomsMax: whoever adds the first member of a room sees to it that no more begin.
  init(roomsMax: Int) { rooms = Slab(capacity: roomsMax) }

  var count: Int { handles.count }

  /// All rooms.
  var keys: some Sequence<RoomKey> { handles.keys }

  subscript(key: RoomKey) -> Room? { handles[key].flatMap { rooms[$0] } }

  func session(of peer: PeerID, in room: RoomKey) -> SessionID? { self[room]?.session(peer) }

  func members(of room: RoomKey) -> [SessionID] { self[room]?.members ?? [] }

  /// Adds a member and says where its room is, which begins with the first; nil when there is no
  /// place for another room.
  mutating func add(
    _ session: SessionID, _ peer: PeerID, order: Int64, to key: RoomKey, now: Instant
  ) -> SlabHandle? {
    guard let handle = handles[key] ?? rooms.insert(Room(key, now: now)) else { return nil }
    handles[key] = handle
    _ = rooms.update(handle) { $0.add(session, peer, order: order) }
    return handle
  }

  /// Removes a member; what is left of its room, which ends with the last.
  mutating func remove(_ session: SessionID, _ peer: PeerID, from key: RoomKey) {
    _ = update(key) { $0.remove(session, peer) }
  }

  mutating func removeRoom(_ key: RoomKey) {
    if let handle = handles.removeValue(forKey: key) { rooms.remove(handle) }
  }

  /// Changes a room where it is; nil when there is no such room.
  mutating func update<R>(_ key: RoomKey, _ body: (inout Room) -> R) -> R? {
    handles[key].flatMap { rooms.update($0, body) }
  }

  /// The same for the room at `handle`.
  mutating func update<R>(_ handle: SlabHandle, _ body: (inout Room) -> R) -> R? {
    rooms.update(handle, body)
  }
}
