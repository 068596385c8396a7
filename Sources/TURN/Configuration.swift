// What an operator decides about a TURN server, and the limits that hold without deciding.

public import NetTypes
public import STUN

/// Everything a ``TURNServer`` is told at start.
public struct TURNConfiguration: Sendable {
  /// REALM; at most 763 bytes.
  public var realm: String
  public var credentials: CredentialStore
  public var nonces: NonceMint
  public var peers: PeerFilter
  public var limits: TURNLimits
  /// The addresses that relay ports are opened at, at most one for each family.
  public var relayAddresses: [IPAddress]
  public var relayPorts: PortRange
  /// What stands for the relay addresses where a NAT is in front of them.
  public var external = ExternalAddresses.none
  /// Whether allocations may be of TCP too (RFC 6062).
  public var relaysTCP: Bool
  /// The family of a relay when the client names none.
  public var defaultFamily: DefaultFamily
  /// Where clients are sent when there is no room here.
  public var alternates: [AlternateServer]
  /// Whether channels 0x5000...0x7FFF of RFC 5766 may be bound too.
  public var legacyChannels: Bool
  /// Whether allocations may move with their clients (RFC 8016).
  public var isMobile = false
  /// Whether time-limited credentials are good for no longer than their time. Otherwise they are
  /// for making allocations, and one that was made in time goes on.
  public var hasStrictExpiry = false
  /// `nil` without authorization servers.
  public var authorization: ThirdPartyAuthorization?

  public init(
    realm: String, credentials: CredentialStore, nonces: NonceMint, peers: PeerFilter,
    relayAddresses: [IPAddress], relayPorts: PortRange = .dynamic, limits: TURNLimits = .init(),
    defaultFamily: DefaultFamily = .ipv4, alternates: [AlternateServer] = [],
    relaysTCP: Bool = true, legacyChannels: Bool = false
  ) {
    self.realm = realm
    self.credentials = credentials
    self.nonces = nonces
    self.peers = peers
    self.limits = limits
    self.relayAddresses = relayAddresses
    self.relayPorts = relayPorts
    self.relaysTCP = relaysTCP
    self.defaultFamily = defaultFamily
    self.alternates = alternates
    self.legacyChannels = legacyChannels
  }

  /// What the nonce says. Who brings a token has no name that could be told from its hash.
  public var features: SecurityFeatures {
    authorization == nil
      ? credentials.features : credentials.features.subtracting(.usernameAnonymity)
  }

  /// The relay address of a family; `nil` when the family is not relayed.
  func relayAddress(_ family: IPAddress.Family) -> IPAddress? {
    relayAddresses.first { $0.family == family }
  }
}

/// What a server goes by now. A reference, for every request looks at it, and a copy of all those
/// tables costs more than what it asks.
final class CurrentConfiguration: Sendable {
  let value: TURNConfiguration

  init(_ value: TURNConfiguration) { self.value = value }
}

/// The family of the relayed address when no REQUESTED-ADDRESS-FAMILY names one.
///
/// RFC 8656 §7.2 step 7 wants IPv4, for clients of either family; where there is no IPv4, clients
/// that cannot ask, such as browsers, would get nothing.
public enum DefaultFamily: String, CaseIterable, Sendable {
  case ipv4, ipv6
  /// The client's own.
  case keep
}

/// A server that clients may try instead (RFC 8489 §10).
public struct AlternateServer: Equatable, Sendable {
  public let address: SocketAddress
  /// The name in its certificate; `nil` when it is the same as here.
  public let domain: String?

  public init(_ address: SocketAddress, domain: String? = nil) {
    self.address = address
    self.domain = domain
  }
}

/// Bounds on everything that lives in a ``TURNServer``, and the lifetimes of the RFC.
public struct TURNLimits: Sendable {
  /// RFC 8656 §3.2: the lifetime an allocation gets when none or a shorter one is asked for.
  public var allocationLifetimeDefault = Duration.seconds(600)
  /// RFC 8656 §7.2 recommends one hour.
  public var allocationLifetimeMax = Duration.seconds(3_600)
  /// RFC 8656 §9: fixed.
  public static let permissionLifetime = Duration.seconds(300)
  /// RFC 8656 §12: fixed.
  public static let channelLifetime = Duration.seconds(600)
  /// How long a connection to a peer may take (RFC 6062 §5.2).
  public static let connectTimeout = Duration.seconds(30)
  /// RFC 6062 §5.2 and §5.3: how long a connection waits for its ConnectionBind.
  public static let connectionBindTimeout = Duration.seconds(30)
  /// Longer than a request of the RFCs is with every attribute at its longest. Who sends it proved
  /// nothing yet, and it is hashed once for each secret.
  public static let requestBytesMax = 4_096
  /// Answers a second to the requests of one network that prove nothing, over UDP; 0 for no limit.
  /// Enough for some thousand clients behind one NAT to come back within seconds.
  public var unauthenticatedRepliesPerSecond = 1_000
  /// How long after a Refresh with a ticket its client may wait before it is heard from its new
  /// 5-tuple; later it has to announce that again.
  public static let moveTimeout = Duration.seconds(60)
  /// 5-tuples on one loop that were announced and are awaited from other loops.
  public static let arrivalsMax = 32_768
  /// Refreshes with a ticket on one loop that other loops are being asked about.
  public static let askedMovesMax = 256
  /// Allocations on one loop.
  public var allocationsMax = 16_384
  public var permissionsPerAllocationMax = 256
  public var channelsPerAllocationMax = 256
  /// TCP connections with peers (RFC 6062), of one allocation and on one loop.
  public var connectionsPerAllocationMax = 32
  public var connectionsMax = 4_096
  /// Ports that the system may refuse to one Allocate before 508.
  public var portAttemptsMax = 64
  /// How long a reserved port waits for its RESERVATION-TOKEN (RFC 8656 §7.2: at least 30 s).
  public var reservationLifetime = Duration.seconds(30)

  /// Of each allocation's data, in each direction; `nil` for no limit.
  public var allocationBandwidth: Bandwidth?

  public init() {}

  /// RFC 8656 §7.2 and §8.2: the lifetime to grant; one function for Allocate and Refresh.
  func grant(_ requestedSeconds: UInt32?) -> Duration {
    let requested = Duration.seconds(Int64(requestedSeconds ?? 0))
    return min(max(requested, allocationLifetimeDefault), allocationLifetimeMax)
  }

  /// The same, and no longer than the user's credentials allow.
  func grant(_ requestedSeconds: UInt32?, to user: AuthenticatedUser) -> Duration {
    min(grant(requestedSeconds), user.lifetimeMax ?? allocationLifetimeMax)
  }
}

/// What a quota says to one more.
public enum QuotaAnswer: Sendable {
  case reserved
  /// The account has as many as it may have (RFC 8656 §7.2 step 10: 486).
  case accountFull
  /// All accounts together have: another server may have room.
  case full
}

/// How many relayed addresses there may be, reserved ones included, counted over all loops: asked
/// on Allocate, told on the end, never touched by a packet.
public protocol AllocationQuota: AnyObject, Sendable {
  /// Counts one more of `account`, unless that would pass a limit.
  func reserve(_ account: String) -> QuotaAnswer
  /// Counts one less. Exactly once for each ``QuotaAnswer/reserved``.
  func release(_ account: String)
}
