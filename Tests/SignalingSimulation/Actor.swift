// One client of the simulation, with its socket.

internal import NetTypes
internal import SignalingTesting

/// Whoever sits before one client.
struct Actor {
  let index: Int
  let room: String
  /// How many sessions it began on purpose, for its name.
  var lives = 0
  var client: ProtocolClient
  /// The socket that it uses.
  var link: Link?
  /// Whether `comesBack` is on its way.
  var isComing = false
  /// For which instant `due` is on its way.
  var dueAt = Instant.distantFuture
  var failures = 0
  /// Whether it stays away until all heals.
  var isAway = false

  init(_ index: Int, room: String, habits: ProtocolClient.Habits) {
    self.index = index
    self.room = room
    client = Self.client(index, 0, room, habits)
  }

  /// Begins anew as somebody else.
  mutating func beReborn(habits: ProtocolClient.Habits, expectsStrangers: Bool) {
    lives += 1
    client = Self.client(index, lives, room, habits)
    client.roster.expectsStrangers = expectsStrangers
    link = nil
    isAway = false
    failures = 0
  }

  private static func client(
    _ index: Int, _ life: Int, _ room: String, _ habits: ProtocolClient.Habits
  ) -> ProtocolClient {
    ProtocolClient(room: room, name: "client \(index).\(life)", habits: habits)
  }
}
