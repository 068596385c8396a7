// What a relay is doing, for those who watch it.

public import Gate
public import TURN

/// The allocations and counters of all loops at about one time.
public struct RelaySnapshot: Sendable {
  public var allocations: [AllocationRecord] = []
  /// Datagrams received by the listeners and by the relays' sockets.
  public var receivedFromClients: UInt64 = 0
  public var receivedFromPeers: UInt64 = 0
  /// Datagrams that came there and were lost, because the socket's buffer was full.
  public var overflowsFromClients: UInt64 = 0
  public var overflowsFromPeers: UInt64 = 0
  /// By ``DropReason``; reasons that never occurred are missing.
  public var drops: [String: UInt64] = [:]
  /// Datagrams that the kernel could not deliver whole or without a sender.
  public var unusable: UInt64 = 0
  public var bindingRequests: UInt64 = 0
  public var requests: UInt64 = 0
  /// Error responses by code.
  public var errors: [Int: UInt64] = [:]
  public var allocationsCreated: UInt64 = 0
  /// Sum over the allocations that ended.
  public var ended = AllocationCounters()
  public var sendFailures: UInt64 = 0
  public var streams = StreamFigures()
  public var dtls = DTLSFigures()

  static func sum(_ parts: [RelaySnapshot]) -> RelaySnapshot {
    parts.reduce(into: RelaySnapshot()) { sum, part in
      sum.allocations += part.allocations
      sum.receivedFromClients += part.receivedFromClients
      sum.receivedFromPeers += part.receivedFromPeers
      sum.overflowsFromClients += part.overflowsFromClients
      sum.overflowsFromPeers += part.overflowsFromPeers
      sum.drops.merge(part.drops, uniquingKeysWith: +)
      sum.unusable += part.unusable
      sum.bindingRequests += part.bindingRequests
      sum.requests += part.requests
      sum.errors.merge(part.errors, uniquingKeysWith: +)
      sum.allocationsCreated += part.allocationsCreated
      sum.ended = sum.ended + part.ended
      sum.sendFailures += part.sendFailures
      sum.streams.add(part.streams)
      sum.dtls.add(part.dtls)
    }
  }
}

/// What became of clients' connections over TCP and TLS.
public struct StreamFigures: Equatable, Sendable {
  public var accepted: UInt64 = 0
  public var live = 0
  /// Connections that the server closed, by a word for the reason; those that never occurred are
  /// missing.
  public var ended: [String: UInt64] = [:]
  /// What came to the relay's own TCP listeners, and did not get as far as the relay.
  public var gate = GateFigures()

  mutating func add(_ other: StreamFigures) {
    gate.add(other.gate)
    accepted += other.accepted
    live += other.live
    ended.merge(other.ended, uniquingKeysWith: +)
  }
}

/// What became of clients' datagrams over DTLS.
public struct DTLSFigures: Equatable, Sendable {
  /// Sessions whose handshake was done.
  public var established: UInt64 = 0
  /// Sessions, and those of them that shake hands.
  public var live = 0
  public var handshakes = 0
  /// Datagrams that were for no session, by ``DTLSDrop``; reasons that never occurred are missing.
  public var drops: [String: UInt64] = [:]

  mutating func add(_ other: DTLSFigures) {
    established += other.established
    live += other.live
    handshakes += other.handshakes
    drops.merge(other.drops, uniquingKeysWith: +)
  }
}
