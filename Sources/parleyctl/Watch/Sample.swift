// What a server said at one moment, and how fast it went since the moment before.

import AdminAPI
import NetTypes

/// All that `watch` shows, at one moment.
struct Sample: Sendable {
  var at = Instant.zero
  /// `nil` for a server without rooms.
  var rooms: RoomsDocument?
  var allocations = AllocationsDocument()
  var stats = StatsDocument()
}

/// Changes per second between two samples. What began or ended between them counts as far as it is
/// seen: the server's sums go on, but those of a room are of its present members.
struct Rates: Codable, Equatable, Sendable {
  struct Room: Codable, Equatable, Sendable {
    var tenant = ""
    var room = ""
    /// Messages from and to its members.
    var received = 0.0
    var sent = 0.0
  }

  struct Allocation: Codable, Equatable, Sendable {
    var id = ""
    /// Bytes on the client's side.
    var fromClientBytes = 0.0
    var toClientBytes = 0.0
  }

  /// Messages from clients and to clients, errors told, and those of them for messages too many.
  var received = 0.0
  var sent = 0.0
  var errors = 0.0
  var rateLimited = 0.0
  /// Sessions begun.
  var joined = 0.0
  /// The relay's bytes on the side of clients and of peers, and datagrams dropped, by the server
  /// or for want of room in a socket's buffer.
  var fromClientsBytes = 0.0
  var toClientsBytes = 0.0
  var fromPeersBytes = 0.0
  var toPeersBytes = 0.0
  var drops = 0.0
  /// In the order of the newer sample.
  var rooms: [Room] = []
  var allocations: [Allocation] = []

  /// `nil` when no time is between the samples.
  init?(from old: Sample, to new: Sample) {
    let seconds = (new.at - old.at).inSeconds
    guard seconds > 0 else { return nil }
    func rate(_ value: (Sample) -> Double) -> Double {
      max(0, value(new) - value(old)) / seconds
    }
    received = rate { Double($0.stats.signaling?.received.total ?? 0) }
    sent = rate { Double($0.stats.signaling?.sent.total ?? 0) }
    errors = rate {
      Double(($0.stats.signaling?.errors.total ?? 0) + ($0.stats.signaling?.lobbyErrors.total ?? 0))
    }
    rateLimited = rate { Double($0.stats.signaling?.errors["rate_limited"] ?? 0) }
    joined = rate { Double($0.stats.signaling?.joined ?? 0) }
    fromClientsBytes = rate { $0.relayedBytes(\.fromClient, \.fromClient) }
    toClientsBytes = rate { $0.relayedBytes(\.toClient, \.toClient) }
    fromPeersBytes = rate { $0.relayedBytes(\.fromPeer, \.fromPeer) }
    toPeersBytes = rate { $0.relayedBytes(\.toPeer, \.toPeer) }
    drops = rate {
      let relay = $0.stats.relay
      let overflows = relay.overflowsFromClients &+ relay.overflowsFromPeers
      return Double(relay.drops.values.reduce(overflows, &+))
    }
    rooms = Self.rooms(from: old, to: new, seconds)
    allocations = Self.allocations(from: old, to: new, seconds)
  }

  private static func rooms(from old: Sample, to new: Sample, _ seconds: Double) -> [Room] {
    let before = Dictionary(
      (old.rooms?.rooms ?? []).map { ([$0.tenant, $0.room], $0) }, uniquingKeysWith: { $1 })
    return (new.rooms?.rooms ?? []).map { room in
      let earlier = before[[room.tenant, room.room]]
      return Room(
        tenant: room.tenant, room: room.room,
        received: Double(max(0, room.received - (earlier?.received ?? 0))) / seconds,
        sent: Double(max(0, room.sent - (earlier?.sent ?? 0))) / seconds)
    }
  }

  private static func allocations(
    from old: Sample, to new: Sample, _ seconds: Double
  ) -> [Allocation] {
    let before = Dictionary(
      old.allocations.allocations.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
    return new.allocations.allocations.map { allocation in
      let earlier = before[allocation.id]
      func rate(_ side: KeyPath<AllocationDocument, TrafficDocument>) -> Double {
        max(0, Double(allocation[keyPath: side].bytes) - Double(earlier?[keyPath: side].bytes ?? 0))
          / seconds
      }
      return Allocation(
        id: allocation.id, fromClientBytes: rate(\.fromClient), toClientBytes: rate(\.toClient))
    }
  }
}

extension Sample {
  /// What ended and what lives, together: it never goes down.
  fileprivate func relayedBytes(
    _ closed: KeyPath<ClosedDocument, TrafficDocument>,
    _ living: KeyPath<AllocationDocument, TrafficDocument>
  ) -> Double {
    allocations.allocations.reduce(Double(stats.relay.closed[keyPath: closed].bytes)) {
      $0 + Double($1[keyPath: living].bytes)
    }
  }
}

extension [String: Int] {
  fileprivate var total: Int { values.reduce(0, &+) }
}

extension Duration {
  fileprivate var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
