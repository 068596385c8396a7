// What the loops of one service share: settings that never change, and three counts.

internal import EventLoop
internal import Synchronization

/// The common part of a service's loops.
final class SharedState: Sendable {
  let settings: SignalingSettings
  let group: LoopGroup
  private let sockets = Atomic<Int>(0)
  private let notJoined = Atomic<Int>(0)
  /// What waits to be sent to all clients.
  let queues = QueueTotal()

  init(_ settings: SignalingSettings, _ group: LoopGroup) {
    self.settings = settings
    self.group = group
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
