// From what the operator configured to what the gate is told.

public import Configuration
public import TLS

/// RFC 7443 §2: what STUN and TURN are called in the handshake of TLS.
enum ApplicationProtocols {
  static let stun = ["stun.turn", "stun.nat-discovery"]
  static let http = "http/1.1"

  static func areSTUN(_ name: String) -> Bool { stun.contains(name) }
}

extension GateSettings {
  /// Reads the certificate and the key, where there are any.
  ///
  /// - Parameters:
  ///   - configuration: valid, as its `load` gives it.
  ///   - hasHTTP: HTTP is served too.
  public init(_ configuration: ServerConfiguration, hasHTTP: Bool = false) throws(TLSError) {
    self.init(proxies: configuration.proxies, halfOpenMax: configuration.halfOpenMax)
    guard let files = configuration.certificate else { return }
    certificates = try CertificateStore(
      certificates: files.chain, key: files.key,
      protocols: ApplicationProtocols.stun + (hasHTTP ? [ApplicationProtocols.http] : []))
  }
}
