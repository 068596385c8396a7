// What a join token says, once it is believed.

internal import Signaling

/// The claims of a join token that say what its bearer gets.
struct JoinToken {
  /// Rooms it is for.
  let rooms: RoomScope
  let peer: PeerID?
  let name: DisplayName?
  let role: Role?
  let permissions: Permissions
  let relay: RelayPolicy?
  /// Seconds since 1970.
  let expires: Int64
}

/// Rooms by name, or by how their names begin.
struct RoomScope {
  private let names: Set<String>
  private let beginnings: [String]

  /// Nil when a pattern is neither the name of a room nor the beginning of one and `*`, or when
  /// there is none.
  init?(_ patterns: [String]) {
    guard !patterns.isEmpty else { return nil }
    var names: Set<String> = []
    var beginnings: [String] = []
    for pattern in patterns {
      if pattern.last == "*" {
        let beginning = String(pattern.dropLast())
        // As the beginning of a name of at least one character more.
        guard RoomName(beginning + "x") != nil else { return nil }
        beginnings.append(beginning)
      } else {
        guard RoomName(pattern) != nil else { return nil }
        names.insert(pattern)
      }
    }
    self.names = names
    self.beginnings = beginnings
  }

  func has(_ room: String) -> Bool {
    names.contains(room) || beginnings.contains { room.hasPrefix($0) }
  }
}
