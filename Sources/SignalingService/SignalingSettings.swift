// What an operator decides about signaling.

public import Admission
public import Gate
public import NetTypes
public import Signaling

/// Everything a `SignalingService` has to be told.
public struct SignalingSettings: Sendable {
  /// TCP addresses to listen at; with port 0 the system chooses one.
  public var listen: [SocketAddress]
  /// Origins of pages of other hosts that may connect, as browsers write them:
  /// `https://app.example`, or `*` for all. Pages of the host that was asked may in any case.
  public var allowedOrigins: [String] = []
  /// Whether calls go through the relay, where no join token says otherwise.
  public var relay = RelayPolicy.fallback
  /// Who may join, and whose backends are served. Without anybody's keys everybody may join.
  public var tenants = Tenants()
  /// Where browsers reach this server, `https://calls.example.org`, for backends that ask; nil when
  /// only their requests can tell.
  public var publicURL: String?
  /// Whether this server does TLS itself.
  public var isSecure = false
  /// What sessions' secrets are made with, the first one, and checked with, all. Without any they
  /// end with the process.
  public var sessionSecrets: [[UInt8]] = []
  /// Where peers find STUN and TURN.
  public var ice = ICESettings()
  /// The bounds of the protocol. `roomsMax` and `sessionsMax` are for the whole service; each
  /// loop keeps an equal share of them.
  public var limits = SignalingLimits()
  /// TCP connections, at most; further ones are closed at once.
  public var socketsMax = 20_000
  /// TCP connections that are not in a room, at most; further ones are closed at once.
  public var socketsNotJoinedMax = 4_000
  /// Those of them that are of one source, an IPv4 address or an IPv6 /64, at most. Balancers that
  /// speak for others are no source.
  public var socketsNotJoinedOfSourceMax = 256
  /// Whose word on a client's address is taken.
  public var forwarding = ForwardingPolicy()
  /// How connections get in; with its count of half-open ones it is shared by all services.
  public var gate = GateSettings()
  /// Bytes of messages that may wait for all clients together. Beyond it the queue of each holds
  /// no more than one message of the largest size.
  public var queuedBytesMax = 256 << 20
  /// How long a connection may take to send a request, and wait for the next.
  public var requestTimeout = Duration.seconds(10)
  /// What others answer on the port, for each loop.
  var mounts: @Sendable (SignalingLoop) -> [Mount] = { _ in [] }
  /// How long a client in a room may take nothing of what waits for it.
  public var stallMax = Duration.seconds(30)
  /// How long clients have to answer the close frame when the service stops.
  public var stopGrace = Duration.seconds(1)

  /// Settings with the bounds of Docs/protocol.md.
  public init(listen: [SocketAddress]) { self.listen = listen }
}

/// Where peers find STUN and TURN.
public struct ICESettings: Sendable {
  /// How peers prove to the relay that they may use it.
  public enum Authentication: Sendable {
    /// Credentials made at each request under this key, which the relay knows too.
    case secret([UInt8])
    /// One user for all; for trials.
    case fixed(username: String, password: String)
  }

  /// `stun:` addresses (RFC 7064).
  public var stunURLs: [String] = []
  /// `turn:` addresses (RFC 7065).
  public var turnURLs: [String] = []
  /// Without it no TURN servers are handed out.
  public var authentication: Authentication?
  /// Between time and name in the user names of credentials.
  public var separator: Character = ":"
  /// Seconds for which credentials allow new allocations.
  public var ttlSeconds: Int64 = 600

  /// No servers at all.
  public init() {}
}
