// Which session goes over which connection.

internal import NetTypes

/// The sessions that have a connection, by that: asked for each message, so without hashing as
/// dictionaries do.
struct ConnectionTable {
  private struct Entry {
    var connection: ConnectionID
    var session: SessionID
  }

  private var table = SlotTable()
  /// By the session's place in the server's table; of those that `table` does not lead to, stale.
  private var entries: [Entry] = []

  /// The session that goes over a connection.
  subscript(connection: ConnectionID) -> SessionID? {
    let slot = table.find(connection.hash) { entries[$0].connection == connection }
    return slot.map { entries[$0].session }
  }

  /// Adds a connection that is not here yet, for a session that has none.
  mutating func insert(_ connection: ConnectionID, _ session: SessionID) {
    let slot = Int(session.handle.index)
    let entry = Entry(connection: connection, session: session)
    while entries.count <= slot { entries.append(entry) }
    entries[slot] = entry
    table.insert(connection.hash, slot: slot)
  }

  /// Removes a connection that `insert` has added for this session.
  mutating func remove(_ connection: ConnectionID, _ session: SessionID) {
    table.remove(connection.hash, slot: Int(session.handle.index))
  }
}
