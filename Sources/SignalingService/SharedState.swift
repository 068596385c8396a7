// What the loops of one service share: settings that never change, and three counts.

internal import Crypto
internal import EventLoop
internal import NetTypes
internal import Signaling
internal import Synchronization

/// The common part of a service's loops.
final class SharedState: Sendable {
  let settings: SignalingSettings
  let group: LoopGroup
  let incarnation: Incarnation
  private let sockets = Atomic<Int>(0)
  private let notJoined = Atomic<Int>(0)
  /// What waits to be sent to all clients.
  let queues = QueueTotal()

  init(_ settings: SignalingSettings, _ group: LoopGroup) {
    self.settings = settings
    self.group = group
    incarnation = Self.incarnation(settings)
  }

  private static func incarnation(_ settings: SignalingSettings) -> Incarnation {
    var random = SecureRandom()
    let secrets = settings.sessionSecrets
    let sessions = secrets.isEmpty ? SessionKey(from: &random) : SessionKey(secrets: secrets)
    let now = Clock.now()
    return Incarnation(
      sessions: sessions, start: now, startUnixMs: Clock.wallClock().unixMilliseconds(at: now),
      random: &random)
  }

  /// Takes a place for a new socket; what is full, if there is none.
  func admit() -> SocketDrop? {
    guard Self.take(sockets, upTo: settings.socketsMax) else { return .full }
    guard Self.take(notJoined, upTo: settings.socketsNotJoinedMax) else {
      sockets.subtract(1, ordering: .relaxed)
      return .fullOutsideRooms
    }
    return nil
  }

  /// The socket no longer counts as being outside of rooms.
  func joined() { notJoined.subtract(1, ordering: .relaxed) }

  /// The socket is closed.
  func closed(hadJoined: Bool) {
    sockets.subtract(1, ordering: .relaxed)
    if !hadJoined { notJoined.subtract(1, ordering: .relaxed) }
  }

  private static func take(_ count: borrowing Atomic<Int>, upTo max: Int) -> Bool {
    if count.add(1, ordering: .relaxed).newValue <= max { return true }
    count.subtract(1, ordering: .relaxed)
    return false
  }
}
