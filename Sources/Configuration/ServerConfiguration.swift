// What the servers are told: the typed result of flags, variables and file.

internal import Crypto
public import Logging
public import NetTypes

/// The programs that share this configuration.
public enum Program: String, Sendable, CaseIterable {
  /// Signaling, relay and pages in one process.
  case parleyd
  /// STUN alone.
  case stund
  /// STUN and TURN.
  case turnd
}

/// The settings of a server. Values are well formed and, from `load`, fit together.
public struct ServerConfiguration: Sendable {
  /// Where STUN and TURN are served.
  public struct Listener: Sendable, Equatable {
    public let transport: Transport
    /// Port 0 leaves the choice to the system.
    public let address: SocketAddress
  }

  /// A public address, and the address of this host that a NAT has it for.
  public struct External: Sendable, Equatable {
    public let outside: IPAddress
    /// `nil`: the relay address of the same family.
    public let inside: IPAddress?
  }

  /// A user with a long-term credential (RFC 8489 §9.2).
  public struct User: Sendable, Equatable {
    /// What shows that a client is this user.
    public enum Proof: Sendable, Equatable {
      case password(Secret)
      /// A key that was made of it: 32 hexadecimal digits for MD5, 64 for SHA-256.
      case key(hex: Secret)
    }

    /// Private: for logs, wrap it in `Redacted`.
    public let name: String
    public let proof: Proof

    /// The password as clients may have prepared it: by OpaqueString for RFC 8489, by SASLprep for
    /// RFC 5389, or as it is; each once, and none for a key.
    public var passwords: [String] {
      guard case .password(let secret) = proof else { return [] }
      let text = secret.text
      var forms: [String] = []
      // By their bytes: for Swift, composed and decomposed characters are equal.
      for form in [OpaqueString.prepare(text), SASLprep.prepare(text), text].compactMap({ $0 })
      where !forms.contains(where: { Array($0.utf8) == Array(form.utf8) }) {
        forms.append(form)
      }
      return forms
    }

    /// The bytes of the key; `nil` for a password.
    public var key: [UInt8]? {
      guard case .key(let secret) = proof else { return nil }
      return OptionValues.bytes(hex: secret.text)
    }
  }

  /// A key that an authorization server seals tokens with (RFC 7635 §4.1).
  public struct AuthorizationKey: Sendable, Equatable {
    /// RFC 7635 §9, by the names that other TURN servers have for them.
    public enum Algorithm: String, Sendable, CaseIterable {
      case a256GCM = "A256GCM"
      case a128GCM = "A128GCM"

      var keyBytesMin: Int { self == .a256GCM ? 32 : 16 }
    }

    public let id: String
    public let algorithm: Algorithm
    let base64: Secret

    /// At least as many bytes as the algorithm needs.
    public var bytes: [UInt8] { OptionValues.bytes(base64: base64.text) ?? [] }
  }

  /// When browsers use the relay, as `Docs/protocol.md` has it.
  public enum RelayPolicy: String, Sendable, CaseIterable {
    /// All media goes through the relay.
    case always
    /// The relay serves those who can not reach one another directly.
    case fallback
    /// The same, and its credentials are handed out only to those who tried in vain.
    case onDemand = "on-demand"
    /// No relay is handed out.
    case never
  }

  /// Where HTTP proxies say whom they speak for.
  public enum ForwardedHeader: String, Sendable, CaseIterable {
    case xForwardedFor = "x-forwarded-for"
    /// RFC 7239.
    case forwarded
  }

  /// Loopback addresses, loopback peers, and no credentials needed: for trying things out.
  public internal(set) var isDevelopment = false

  /// Sockets for STUN and TURN; at least one.
  public internal(set) var listeners: [Listener] = []
  /// PEM files as given; see `certificate`.
  var certificateChain: String?
  var certificateKey: String?
  /// Where stund answers NAT behaviour discovery, at most one per family; see `natDiscoveries`.
  public internal(set) var natDiscovery: [SocketAddress] = []
  /// Load balancers whose PROXY headers are believed.
  public internal(set) var proxies: [CIDR] = []
  /// The most TCP connections at a time that have proved nothing yet.
  public internal(set) var halfOpenMax = 1
  /// Where parleyd serves HTTP and WebSocket over TCP; `nil` for the others.
  public internal(set) var http: SocketAddress?
  /// HTTP proxies whose word on a client's address is taken.
  public internal(set) var trustedForwarders: [CIDR] = []
  /// Where they say it.
  public internal(set) var forwardedHeader = ForwardedHeader.xForwardedFor
  /// Origins besides its own that parleyd lets use its WebSocket: `https://example.org`, or `*`.
  public internal(set) var allowedOrigins: [String] = []
  /// Where browsers reach this server, `https://HOST`, as backends are told; `nil` for the host
  /// that they ask.
  public internal(set) var publicURL: String?
  /// Secrets of join tokens for one tenant, as given; see `tenants`.
  var joinSecrets: [SignatureKey] = []
  /// Digests of API keys for one tenant, as given; see `tenants`.
  var apiKeyDigests: [[UInt8]] = []
  /// The file of several tenants, as given, and what is in it; see `tenants`.
  var tenantsPath: String?
  var tenantsInFile: TenantsInFile?
  /// The most TCP connections of parleyd for pages and signaling; `nil` for half of the descriptors
  /// that it may open, up to 20,000.
  public internal(set) var maxConnections: Int?
  /// The most peers a room of parleyd holds.
  public internal(set) var maxPeersPerRoom = 0
  /// Messages a second that one peer may send, and as many ICE candidates.
  public internal(set) var messageRate = 1

  /// Addresses that relay sockets are bound to, one per family. Empty only for stund and for a
  /// parleyd that never relays.
  public internal(set) var relayAddresses: [IPAddress] = []
  /// The addresses that a NAT has for relay addresses, as given; see `externalAddresses`.
  var givenExternal: [External] = []
  /// Ports of relay sockets.
  public internal(set) var portRange = PortRange.dynamic
  /// Peers that may be reached though they are refused by default. They win over `deniedPeers`
  /// only where the relay says so.
  public internal(set) var allowedPeers: [CIDR] = []
  /// Peers that may not be reached though they are fine by default.
  public internal(set) var deniedPeers: [CIDR] = []
  /// The most allocations of one user name at a time; `nil` for no limit but `totalQuota`.
  public internal(set) var userQuota: Int?
  /// The most allocations of all users at a time.
  public internal(set) var totalQuota = 0
  /// What an allocation may pass in each direction, in bytes per second; `nil` for no limit.
  public internal(set) var allocationBandwidth: Int?
  /// What all allocations of one user may pass in each direction, in bytes per second; `nil` for no
  /// limit.
  public internal(set) var userBandwidth: Int?
  /// Whether clients may have TCP relayed (RFC 6062).
  public internal(set) var relaysTCP = true
  /// What holds of each allocation.
  public internal(set) var allocations = AllocationSettings()
  /// Whether channels that RFC 8656 no longer has may be bound.
  public internal(set) var hasLegacyChannels = false
  /// What parleyd tells browsers about using the relay.
  public internal(set) var relayPolicy = RelayPolicy.fallback
  /// After how long signaling connections are replaced by new ones; never when nil.
  public internal(set) var maxConnectionAge: Duration?
  /// What parleyd tells clients to use as servers, as given; see `stunURLs` and `turnURLs`.
  public internal(set) var givenURLs: [String] = []

  /// The realm of long-term credentials (RFC 8489 §14.9).
  public internal(set) var realm = ""
  /// Users with long-term credentials; no name twice.
  public internal(set) var users: [User] = []
  /// More than a rotation needs; each is tried for each request.
  static let secretsMax = 8
  /// Secrets of time-limited credentials, the first for new ones. All are accepted.
  public internal(set) var secrets: [Secret] = []
  /// Where users are kept besides these; `nil` for nowhere.
  public internal(set) var redisUsers: RedisUsers?
  /// What stands between time and name in time-limited user names.
  public internal(set) var restSeparator: Character = ":"
  /// Whether time-limited credentials end allocations that were made with them.
  public internal(set) var hasStrictExpiry = false
  static let authorizationKeysMax = 32
  /// Keys of authorization servers; no name twice.
  public internal(set) var authorizationKeys: [AuthorizationKey] = []
  /// What tokens are made for; `nil` for the realm.
  var givenServerName: String?
  /// What tokens are made for.
  public var serverName: String { givenServerName ?? realm }
  /// Answers a second to one network that proves nothing; 0 for no limit.
  public internal(set) var unauthenticatedRate = 0

  /// Event loops that the relay runs; `nil` for one per processor.
  public internal(set) var requestedThreads: Int?
  /// The processors that event loops are kept on, one on each; empty where the system decides.
  public internal(set) var processors: [Int] = []
  /// Where parleyctl may ask; `nil` for nowhere.
  public internal(set) var admin: AdminAddress?
  /// How long a server that drains waits for its allocations to end.
  public internal(set) var drainDeadline = Duration.zero
  /// The same for a server that is told to stop.
  public internal(set) var stopGrace = Duration.zero
  /// What the log shows.
  public internal(set) var logLevel = Log.Level.info
  /// Whether the log shows addresses and user names.
  public internal(set) var logsPrivateValues = false

  init() {}
}
