// From what the operator configured to what signaling is told.

internal import Admission
public import Configuration
internal import Logging
internal import NetTypes
internal import Signaling

extension SignalingSettings {
  /// - Parameters:
  ///   - configuration: valid, as its `load` gives it; with an HTTP address.
  ///   - secret: what the relay accepts time-limited credentials under.
  public init(_ configuration: ServerConfiguration, secret: String?) {
    self.init(listen: configuration.http.map { [$0] } ?? [])
    allowedOrigins = configuration.allowedOrigins
    forwarding.trusted = configuration.trustedForwarders
    switch configuration.forwardedHeader {
    case .xForwardedFor: forwarding.field = .xForwardedFor
    case .forwarded: forwarding.field = .forwarded
    }
    limits.peersPerRoomMax = configuration.maxPeersPerRoom
    limits.rates = ClientRates(messagesPerSecond: configuration.messageRate)
    limits.connectionAgeMaxMs = configuration.maxConnectionAge.map {
      $0.wholeNanoseconds / 1_000_000
    }
    if let most = configuration.maxConnections { socketsMax = most }
    switch configuration.relayPolicy {
    case .always: relay = .always
    case .fallback: relay = .fallback
    case .onDemand: relay = .onDemand
    case .never: relay = .never
    }
    tenants = Tenants(configuration.tenants)
    publicURL = configuration.publicURL
    isSecure = configuration.certificate != nil
    ice.stunURLs = configuration.stunURLs
    ice.turnURLs = configuration.turnURLs
    ice.separator = configuration.restSeparator
    ice.authentication = secret.map { .secret(Array($0.utf8)) }
    let secrets = configuration.secrets.map(\.text)
    sessionSecrets = (secrets.isEmpty ? [secret].compactMap(\.self) : secrets).map {
      Array($0.utf8)
    }
  }

  /// Lowers the numbers of connections to what `descriptors` allow.
  public mutating func fit(descriptors: Int) {
    guard socketsMax > descriptors else { return }
    Log.info(
      "connections lowered to the limit of open descriptors",
      ["connections": .public(socketsMax), "now": .public(descriptors)])
    socketsMax = descriptors
    socketsNotJoinedMax = min(socketsNotJoinedMax, max(1, descriptors / 2))
  }
}
