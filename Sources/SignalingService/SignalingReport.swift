// What an operator can see of the service.

public import Gate
public import NetTypes
public import Signaling

/// The service at one moment; loops are asked one after the other, so not all at the same instant.
public struct SignalingReport: Sendable {
  /// To tell from the instants in `rooms` how long ago they were.
  public internal(set) var now = Instant.zero
  /// All rooms, by name.
  public internal(set) var rooms: [RoomSnapshot] = []
  /// Open sockets, in rooms or not.
  public internal(set) var sockets = 0
  /// What the rooms' members did.
  public internal(set) var counters = SignalingCounters()
  /// What happened to sockets, requests and frames.
  public internal(set) var service = ServiceCounters()
  /// What came to the ports, and did not get as far as being served.
  public internal(set) var gate = GateFigures()

  mutating func add(_ other: SignalingReport) {
    now = max(now, other.now)
    rooms.append(contentsOf: other.rooms)
    rooms.sort { ($0.tenant.text, $0.name.text) < ($1.tenant.text, $1.name.text) }
    sockets += other.sockets
    counters.add(other.counters)
    service.add(other.service)
    gate.add(other.gate)
  }
}
