// Decides whether settings that are well formed one by one also make sense together.

internal import Foundation
public import NetTypes

extension ServerConfiguration {
  /// Reads the settings of a server from all its sources and makes sure that it can start.
  ///
  /// - Parameters:
  ///   - arguments: the command line without the name of the program.
  ///   - environment: all variables; those that begin with `PARLEY_` and name an option are used.
  ///   - readFile: gives the bytes of the file that `--config` names.
  public static func load(
    program: Program, arguments: [String], environment: [String: String],
    readFile: @escaping (String) throws -> [UInt8]
  ) throws(ConfigurationError) -> Outcome<ServerConfiguration> {
    let outcome = try table(for: program).read(
      arguments: arguments, environment: environment, readFile: readFile)
    switch outcome {
    case .run(let values): return .run(try made(for: program, of: values, readFile))
    case .help(let text): return .help(text)
    case .version(let text): return .version(text)
    }
  }

  /// Makes settings of the values in force, and makes sure that a server can run with them.
  static func made(
    for program: Program, of values: EffectiveValues,
    _ readFile: @escaping (String) throws -> [UInt8]
  ) throws(ConfigurationError) -> ServerConfiguration {
    var settings = try table(for: program).fill(ServerConfiguration(), with: values)
    if let path = settings.tenantsPath {
      settings.tenantsInFile = try TenantsFile.read(path, readFile)
    }
    settings.deriveRelayAddresses(for: program)
    try settings.validate(for: program)
    return settings
  }

  /// What relays do not say of their address follows from where they listen.
  private mutating func deriveRelayAddresses(for program: Program) {
    guard program != .stund, relayAddresses.isEmpty else { return }
    relayAddresses = givenExternal.compactMap(\.inside)
    guard relayAddresses.isEmpty else { return }
    for family in [IPAddress.Family.v4, .v6] {
      let named = listeners.map(\.address.ip).first { $0.family == family && !$0.isUnspecified }
      if let named { relayAddresses.append(named) }
    }
    if relayAddresses.isEmpty && isDevelopment { relayAddresses = [.loopbackV4] }
  }

  /// Refuses what would start and then not work, or work for strangers.
  ///
  /// - Throws: one line that says what to give.
  public func validate(for program: Program) throws(ConfigurationError) {
    guard !listeners.isEmpty else {
      throw ConfigurationError("--listen is empty: give udp:HOST:PORT at least once")
    }
    if !processors.isEmpty, let threads = requestedThreads, threads != processors.count {
      throw ConfigurationError(
        "--threads: \(threads), but --pin names \(processors.count); leave --threads out")
    }
    let fixed = listeners.filter { $0.address.port != 0 }.map { listener in
      "\(listener.transport.text):\(listener.address.text)"
    }
    if let twice = Self.firstRepeated(fixed) {
      throw ConfigurationError("--listen: \(twice) is given twice")
    }
    try validateCertificate()
    try validateDiscovery()
    try validateTenants()
    if program != .stund { try validateRelay(for: program) }
  }

  private func validateTenants() throws(ConfigurationError) {
    guard tenantsPath == nil || (joinSecrets.isEmpty && apiKeyDigests.isEmpty) else {
      throw ConfigurationError(
        "--tenants has the keys of all: put --join-secret and --api-key there")
    }
    guard joinSecrets.count <= TenantsFile.namelessSecretsMax else {
      throw ConfigurationError(
        "--join-secret: \(joinSecrets.count) given, at most \(TenantsFile.namelessSecretsMax) are"
          + " accepted at a time")
    }
  }

  /// RFC 5780 §6: two addresses of one family and two ports, all known.
  private func validateDiscovery() throws(ConfigurationError) {
    if let family = Self.firstRepeated(natDiscovery.map(\.ip.family)) {
      throw ConfigurationError(
        "--nat-discovery: only one \(family == .v4 ? "IPv4" : "IPv6") address")
    }
    for alternate in natDiscovery {
      guard let primary = discoveryPrimary(for: alternate) else {
        throw ConfigurationError(
          "--nat-discovery \(alternate.text): give --listen udp:HOST:PORT with an address of this"
            + " host, not \(alternate.ip.family == .v4 ? "0.0.0.0" : "[::]")")
      }
      guard !alternate.ip.isUnspecified, alternate.port != 0, primary.ip != alternate.ip,
        primary.port != alternate.port
      else {
        throw ConfigurationError(
          "--nat-discovery \(alternate.text): has to differ from \(primary.text) of --listen in the"
            + " address and in the port")
      }
    }
  }

  private func discoveryPrimary(for alternate: SocketAddress) -> SocketAddress? {
    listeners.filter { $0.transport == .udp }.map(\.address).first {
      $0.ip.family == alternate.ip.family && !$0.ip.isUnspecified && $0.port != 0
    }
  }

  private func validateRelay(for program: Program) throws(ConfigurationError) {
    let relays = !(program == .parleyd && relayPolicy == .never)
    try validateCredentials(areNeeded: relays && !isDevelopment)
    if relays && relayAddresses.isEmpty {
      throw ConfigurationError(
        "no relay address: give --relay-ip ADDRESS, the address of this host that peers reach")
    }
    for family in [IPAddress.Family.v4, .v6] {
      let ofFamily = relayAddresses.filter { $0.family == family }
      guard ofFamily.count > 1 else { continue }
      let name = family == .v4 ? "IPv4" : "IPv6"
      throw ConfigurationError(
        "--relay-ip: \(ofFamily[0].text) and \(ofFamily[1].text), but only one \(name) address")
    }
    try validateExternal()
    guard allocations.lifetimeDefaultSeconds <= allocations.lifetimeMaxSeconds else {
      throw ConfigurationError(
        "--default-lifetime: \(allocations.lifetimeDefaultSeconds) is more than --max-lifetime,"
          + " \(allocations.lifetimeMaxSeconds)")
    }
    if let block = allowedPeers.first(where: deniedPeers.contains) {
      throw ConfigurationError("--allow-peer and --deny-peer both name \(block.text)")
    }
  }

  private func validateCredentials(areNeeded: Bool) throws(ConfigurationError) {
    if areNeeded && users.isEmpty && secrets.isEmpty && authorizationKeys.isEmpty
      && redisUsers == nil
    {
      throw ConfigurationError(
        "no credentials: give --secret SECRET or --user NAME:PASSWORD, or --dev to try it here")
    }
    guard secrets.count <= Self.secretsMax else {
      throw ConfigurationError(
        "--secret: \(secrets.count) given, at most \(Self.secretsMax) are accepted at a time")
    }
    if let name = Self.firstRepeated(users.map(\.name)) {
      throw ConfigurationError("--user: the name \(Quoted.text(name)) is given twice")
    }
    guard authorizationKeys.count <= Self.authorizationKeysMax else {
      throw ConfigurationError(
        "--oauth-key: \(authorizationKeys.count) given, at most \(Self.authorizationKeysMax) are"
          + " accepted at a time")
    }
    if let name = Self.firstRepeated(authorizationKeys.map(\.id)) {
      throw ConfigurationError("--oauth-key: the key \(Quoted.text(name)) is given twice")
    }
    if givenServerName != nil && authorizationKeys.isEmpty {
      throw ConfigurationError("--server-name says what tokens are for: give --oauth-key too")
    }
  }

  private func validateExternal() throws(ConfigurationError) {
    for external in givenExternal where inside(external) == nil {
      let relay = external.inside?.text ?? "an address of its family"
      throw ConfigurationError(
        "--external-ip \(external.outside.text): give --relay-ip \(relay)")
    }
    if let twice = Self.firstRepeated(externalAddresses.map(\.inside)) {
      throw ConfigurationError("--external-ip: two for \(twice.text)")
    }
  }

  private func inside(_ external: External) -> IPAddress? {
    relayAddresses.first {
      $0.family == external.outside.family && (external.inside ?? $0) == $0
    }
  }

  private static func firstRepeated<Element: Hashable>(_ elements: [Element]) -> Element? {
    var seen: Set<Element> = []
    return elements.first { !seen.insert($0).inserted }
  }
}

extension ServerConfiguration {
  /// Event loops of the relay: what was asked for, or one per processor; 1...256.
  public var threads: Int {
    if !processors.isEmpty { return processors.count }
    return requestedThreads ?? min(max(ProcessInfo.processInfo.activeProcessorCount, 1), 256)
  }

  /// Where NAT behaviour discovery is answered: each alternate with the first listener of its
  /// family that has an address and a port.
  public var natDiscoveries: [(primary: SocketAddress, alternate: SocketAddress)] {
    natDiscovery.compactMap { alternate in
      discoveryPrimary(for: alternate).map { (primary: $0, alternate: alternate) }
    }
  }

  /// The relay addresses behind a NAT, and the public address of each.
  public var externalAddresses: [(inside: IPAddress, outside: IPAddress)] {
    givenExternal.compactMap { external in
      inside(external).map { (inside: $0, outside: external.outside) }
    }
  }

  /// parleyd hands out time-limited credentials; without `--secret` it makes one for itself, which
  /// then ends with the process.
  public var needsOwnSecret: Bool {
    secrets.isEmpty && relayPolicy != .never
  }

  /// What clients are told to ask for their own address: `stun:HOST:PORT`.
  public var stunURLs: [String] {
    let given = givenURLs.filter { $0.hasPrefix("stun") }
    if !given.isEmpty { return given }
    if givenURLs.isEmpty {
      // RFC 7064 has no transport: browsers ask over UDP.
      return reachableListeners.filter { $0.transport == .udp }.map { "stun:\($0.address.text)" }
    }
    // A TURN server answers STUN on the same port; TLS would need `stuns`, which few clients take.
    let places = givenURLs.compactMap { $0.dropping(prefix: "turn:") }.map { rest in
      "stun:" + rest.prefix { $0 != "?" }
    }
    var seen: Set<String> = []
    return places.filter { seen.insert($0).inserted }
  }

  /// What clients are told to relay through: `turn:HOST:PORT?transport=udp`, and `tcp` for those
  /// whom no UDP reaches. Empty when the policy is never to relay.
  public var turnURLs: [String] {
    if relayPolicy == .never { return [] }
    if !givenURLs.isEmpty { return givenURLs.filter { $0.hasPrefix("turn") } }
    // No browser speaks DTLS to a relay; who does is told so by hand.
    return reachableListeners.filter { $0.transport != .dtls }.map { listener in
      let scheme = listener.transport.isSecure ? "turns" : "turn"
      let transport = listener.transport.isStream ? "tcp" : "udp"
      return "\(scheme):\(listener.address.text)?transport=\(transport)"
    }
  }

  /// The listeners, with the relay's address where they listen on all addresses of a family, and
  /// what is outside of a NAT for what is inside.
  private var reachableListeners: [Listener] {
    var all = listeners
    // The HTTP port serves TURN too. Without a certificate there is mostly a web server in front,
    // which does not pass TURN on.
    if let http, certificate != nil { all.append(Listener(transport: .tls, address: http)) }
    return all.compactMap { listener in
      let ip = listener.address.ip
      let here = ip.isUnspecified ? relayAddresses.first { $0.family == ip.family } : ip
      return here.map { here in
        let seen = externalAddresses.first { $0.inside == here }?.outside ?? here
        return Listener(
          transport: listener.transport, address: SocketAddress(seen, port: listener.address.port))
      }
    }
  }
}
