// From what the operator configured to what the relay is told.

public import Configuration
internal import Crypto
public import EventLoop
internal import Logging
internal import NetTypes
internal import STUN
internal import TURN

extension LoopGroup {
  /// The event loops of a server, on the processors where an operator wants them.
  public convenience init(_ configuration: ServerConfiguration) throws(SystemError) {
    try self.init(count: configuration.threads, processors: configuration.processors)
  }
}

extension RelayService.Settings {
  /// RFC 8489 §9.2: how long a nonce is good before clients are asked to take a new one.
  private static let nonceLifetime = Duration.seconds(600)

  /// - Parameters:
  ///   - configuration: valid, as its `load` gives it.
  ///   - relays: `false` for STUN alone.
  ///   - ownSecret: a secret of this process, accepted besides the configured ones.
  public init(_ configuration: ServerConfiguration, relays: Bool, ownSecret: String? = nil) {
    var listeners = configuration.listeners.map { RelayListener($0.transport, $0.address) }
    let discoveries = configuration.natDiscoveries.compactMap {
      BehaviourDiscovery(primary: $0.primary, alternate: $0.alternate)
    }
    for address in discoveries.flatMap(\.addresses) {
      let listener = RelayListener(.udp, address)
      if !listeners.contains(listener) { listeners.append(listener) }
    }
    self.init(
      listeners: listeners,
      turn: relays ? Self.turn(configuration, listeners.map(\.address), ownSecret) : nil,
      userQuota: configuration.userQuota, totalQuota: configuration.totalQuota)
    self.discoveries = discoveries
    portRest = .seconds(configuration.allocations.portRestSeconds)
    userBandwidth = configuration.userBandwidth.map { Bandwidth(bytesPerSecond: $0) }
  }

  /// Lowers the quota of all users to `descriptors`, of which each relayed address takes one: who
  /// comes when there is none left is to be told so, and everything else of the process to go on.
  /// Where clients come over connections, these may take a third of them, and connections with
  /// peers, which have two each, another.
  ///
  /// - Parameter hasGate: connections come in by another service's gate too.
  public mutating func fit(descriptors: Int, hasGate: Bool = false) {
    let hasStreams = hasGate || listeners.contains { $0.transport.isStream }
    let forEach = hasStreams ? max(2, descriptors / 3) : descriptors
    streamsMax = min(streamsMax, forEach)
    peerConnectionsMax = min(peerConnectionsMax, forEach / 2)
    guard totalQuota > forEach else { return }
    Log.info(
      "quota lowered to the limit of open descriptors",
      ["total_quota": .public(totalQuota), "now": .public(forEach)])
    totalQuota = forEach
  }

  private static func turn(
    _ configuration: ServerConfiguration, _ listeners: [SocketAddress], _ ownSecret: String?
  ) -> TURNConfiguration {
    var random = SecureRandom()
    var services = listeners
    if let http = configuration.http { services.append(http) }
    if case .tcp(let address)? = configuration.admin { services.append(address) }
    // coturn #1946: nobody is to reach the database through the relay.
    if let redis = configuration.redisUsers, let ip = IPAddress(redis.host) {
      services.append(SocketAddress(ip, port: redis.port))
    }
    var limits = TURNLimits()
    // Each loop sees its share of the clients, and of those who forge addresses.
    let rate = configuration.unauthenticatedRate
    limits.unauthenticatedRepliesPerSecond =
      rate == 0 ? 0 : max(1, rate / configuration.threads)
    limits.allocationBandwidth = configuration.allocationBandwidth.map {
      Bandwidth(bytesPerSecond: $0)
    }
    let allocations = configuration.allocations
    limits.allocationLifetimeDefault = .seconds(allocations.lifetimeDefaultSeconds)
    limits.allocationLifetimeMax = .seconds(allocations.lifetimeMaxSeconds)
    limits.permissionsPerAllocationMax = allocations.permissionsMax
    limits.channelsPerAllocationMax = allocations.channelsMax
    var turn = TURNConfiguration(
      realm: configuration.realm,
      credentials: CredentialStore(
        realm: configuration.realm, users: users(configuration),
        // The own one last: it has to make room for those of the operator.
        secrets: Array(
          (configuration.secrets.map(\.text) + (ownSecret.map { [$0] } ?? []))
            .prefix(CredentialStore.secretsMax)),
        separator: configuration.restSeparator),
      nonces: NonceMint(key: random.bytes(32), lifetime: nonceLifetime),
      peers: PeerFilter(
        allow: configuration.allowedPeers, deny: configuration.deniedPeers,
        relayAddresses: configuration.relayAddresses
          + configuration.externalAddresses.map(\.outside),
        relayPorts: configuration.portRange, ownServices: everywhere(services)),
      relayAddresses: configuration.relayAddresses, relayPorts: configuration.portRange,
      limits: limits, defaultFamily: DefaultFamily(allocations.defaultFamily),
      alternates: allocations.alternates.map { AlternateServer($0.address, domain: $0.domain) },
      relaysTCP: configuration.relaysTCP, legacyChannels: configuration.hasLegacyChannels)
    turn.isMobile = allocations.areMobile
    turn.external = ExternalAddresses(configuration.externalAddresses)
    turn.hasStrictExpiry = configuration.hasStrictExpiry
    turn.authorization = authorization(configuration)
    return turn
  }

  private static func authorization(_ configuration: ServerConfiguration)
    -> ThirdPartyAuthorization?
  {
    let keys = configuration.authorizationKeys.map { key in
      let algorithm: AuthorizationKey.Algorithm =
        switch key.algorithm {
        case .a256GCM: .a256GCM
        case .a128GCM: .a128GCM
        }
      return AuthorizationKey(id: key.id, key: key.bytes, algorithm)
    }
    guard !keys.isEmpty else { return nil }
    return ThirdPartyAuthorization(serverName: configuration.serverName, keys: keys)
  }

  /// What is served on all addresses of a family is served on each that an interface has, besides
  /// the loopback and the relay's, which the filter knows.
  static func everywhere(_ services: [SocketAddress]) -> [SocketAddress] {
    guard services.contains(where: \.ip.isUnspecified) else { return services }
    let local: [IPAddress]
    do throws(SystemError) {
      local = try LocalAddresses.all()
    } catch {
      Log.warning("own addresses unknown", ["reason": .public(error)])
      return services
    }
    return services.flatMap { service in
      guard service.ip.isUnspecified else { return [service] }
      return [service]
        + local.filter { $0.family == service.ip.family }
        .map { SocketAddress($0, port: service.port) }
    }
  }

  private static func users(_ configuration: ServerConfiguration) -> [CredentialStore.User] {
    configuration.users.map { user in
      user.key.map { CredentialStore.User(user.name, key: $0) }
        ?? CredentialStore.User(user.name, passwords: user.passwords)
    }
  }
}

extension Lifecycle.Patience {
  /// - Parameter configuration: valid, as its `load` gives it.
  public init(_ configuration: ServerConfiguration) {
    self.init(
      drainDeadline: configuration.drainDeadline, stopGrace: configuration.stopGrace)
  }
}
