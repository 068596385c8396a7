// What the admin endpoint says of the relay.

/// Datagrams and their bytes, since the beginning of what is counted.
public struct TrafficDocument: Codable, Equatable, Sendable {
  public var packets: UInt64 = 0
  public var bytes: UInt64 = 0

  public init(packets: UInt64 = 0, bytes: UInt64 = 0) {
    self.packets = packets
    self.bytes = bytes
  }
}

/// A living allocation.
///
/// The client's side counts UDP payloads with the framing of TURN, the peers' side what is inside.
public struct AllocationDocument: Codable, Equatable, Sendable {
  /// 32 hexadecimal digits that no other allocation ever has.
  public var id = ""
  /// As the client gave it.
  public var username = ""
  /// The client's address, `HOST:PORT`.
  public var client = ""
  /// The relayed address, `HOST:PORT`, where peers send to.
  public var relay = ""
  /// The IPv6 address of an allocation of both families.
  public var otherRelay: String?
  /// How the client reaches the server: `udp`, `tcp`, `tls` or `dtls`.
  public var transport = ""
  public var ageSeconds: Int64 = 0
  /// Until it ends unless the client refreshes it.
  public var expiresInSeconds: Int64 = 0
  /// Live permissions and channels.
  public var permissions = 0
  public var channels = 0
  public var fromClient = TrafficDocument()
  public var toClient = TrafficDocument()
  public var fromPeer = TrafficDocument()
  public var toPeer = TrafficDocument()
  /// Datagrams that arrived for it and were not relayed.
  public var drops: UInt64 = 0

  public init() {}
}

/// The living allocations, oldest first.
public struct AllocationsDocument: Codable, Equatable, Sendable {
  public var allocations: [AllocationDocument] = []
  /// How many more there are than an answer holds; left out when it holds all.
  public var omitted: Int?

  public init() {}
}

/// What went through allocations that have ended.
public struct ClosedDocument: Codable, Equatable, Sendable {
  public var fromClient = TrafficDocument()
  public var toClient = TrafficDocument()
  public var fromPeer = TrafficDocument()
  public var toPeer = TrafficDocument()
  public var drops: UInt64 = 0

  public init() {}
}

/// Clients' connections over TCP and TLS since the process began.
public struct StreamsDocument: Codable, Equatable, Sendable {
  public var accepted: UInt64 = 0
  /// Those that the relay serves now.
  public var live = 0
  /// Those that the server closed, by reason.
  public var ended: [String: UInt64] = [:]
  /// Those that the relay's own listeners accepted, and that did not get as far, by reason.
  public var refused: [String: UInt64] = [:]

  public init() {}
}

/// Clients' sessions over DTLS since the process began.
public struct DTLSDocument: Codable, Equatable, Sendable {
  public var established: UInt64 = 0
  /// Those that are there now, and those of them that are not established yet.
  public var live = 0
  public var handshakes = 0
  /// Datagrams that were for no session, by reason.
  public var drops: [String: UInt64] = [:]

  public init() {}
}

/// The relay's counters since the process began.
public struct RelayStatsDocument: Codable, Equatable, Sendable {
  /// Datagrams at the listeners, and frames on connections.
  public var receivedFromClients: UInt64 = 0
  /// Datagrams at relayed addresses.
  public var receivedFromPeers: UInt64 = 0
  /// Datagrams that were lost there, because a socket's buffer was full when they came.
  public var overflowsFromClients: UInt64 = 0
  public var overflowsFromPeers: UInt64 = 0
  /// Datagrams neither answered nor relayed, by reason.
  public var drops: [String: UInt64] = [:]
  /// Datagrams that the kernel could not hand over whole or without a sender.
  public var unusable: UInt64 = 0
  public var bindingRequests: UInt64 = 0
  /// Requests of TURN.
  public var requests: UInt64 = 0
  /// Error responses, by the code of RFC 8489 and RFC 8656.
  public var errors: [String: UInt64] = [:]
  public var allocationsCreated: UInt64 = 0
  public var allocationsLive = 0
  /// Datagrams that the kernel did not take.
  public var sendFailures: UInt64 = 0
  public var streams = StreamsDocument()
  public var dtls = DTLSDocument()
  public var closed = ClosedDocument()

  public init() {}
}
