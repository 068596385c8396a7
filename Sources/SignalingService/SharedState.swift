// What the loops of one service share: settings that never change, and three counts.

internal import Admission
internal import Crypto
internal import EventLoop
internal import Gate
internal import NetTypes
internal import Signaling
internal import Synchronization

/// The common part of a service's loops.
final class SharedState: Sendable {
  let settings: SignalingSettings
  let group: LoopGroup
  let incarnation: Incarnation
  let tenants = SharedTenantLedger()
  let throttle: FailureThrottle
  private let sockets = Atomic<Int>(0)
  /// Sockets that are not in a room.
  private let outside: HalfOpen
  /// What waits to be sent to all clients.
  let queues = QueueTotal()

  init(_ settings: SignalingSettings, _ group: LoopGroup) {
    self.settings = settings
    self.group = group
    incarnation = Self.incarnation(settings)
    outside = HalfOpen(
      max: max(1, settings.socketsNotJoinedMax),
      perSourceMax: settings.socketsNotJoinedOfSourceMax)
    var random = SecureRandom()
    throttle = FailureThrottle(HashKey(using: &random))
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

  /// Takes a place for a new socket; what is full, if there is none. It counts as outside of rooms
  /// until its place there is released.
  func admit(_ client: IPAddress) throws(SocketDrop) -> HalfOpenPlace {
    guard Self.take(sockets, upTo: settings.socketsMax) else { throw .full }
    guard let place = outside.enter() else {
      closed()
      throw .fullOutsideRooms
    }
    let isBalancer = settings.gate.proxies.contains { $0.contains(client) }
    let speaksForOthers = isBalancer || settings.forwarding.isTrusted(client.unmapped)
    guard speaksForOthers || place.claim(client) else {
      place.release()
      closed()
      throw .sourceOutsideRooms
    }
    return place
  }

  /// A socket is closed.
  func closed() { sockets.subtract(1, ordering: .relaxed) }

  private static func take(_ count: borrowing Atomic<Int>, upTo max: Int) -> Bool {
    if count.add(1, ordering: .relaxed).newValue <= max { return true }
    count.subtract(1, ordering: .relaxed)
    return false
  }
}
