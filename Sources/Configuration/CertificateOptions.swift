// The options of the server's certificate.

internal import NetTypes

extension ServerConfiguration {
  /// PEM files for TLS and DTLS.
  public struct Certificate: Equatable, Sendable {
    /// The chain, the server's own certificate first.
    public var chain: String
    public var key: String
  }

  /// Bytes of a path that the system takes (PATH_MAX).
  private static let pathBytesMax = 4_095

  static let certificates = [
    Row(
      programs: all,
      option: ServerOption.value(
        "cert", "FILE",
        help: "Certificate for TLS and DTLS: a PEM file, the server's own first, then those up to"
          + " the root. TCP listeners take TLS too then."
      ) {
        $0.certificateChain = try OptionValues.text($1, bytesMax: pathBytesMax)
      }),
    Row(
      programs: all,
      option: ServerOption.value(
        "key", "FILE", help: "Its private key: a PEM file without a password."
      ) {
        $0.certificateKey = try OptionValues.text($1, bytesMax: pathBytesMax)
      }),
  ]

  /// What ``certificateChain`` and ``certificateKey`` name; `nil` for none.
  public var certificate: Certificate? {
    guard let chain = certificateChain, let key = certificateKey else { return nil }
    return Certificate(chain: chain, key: key)
  }

  func validateCertificate() throws(ConfigurationError) {
    switch (certificateChain, certificateKey) {
    case (nil, _?): throw ConfigurationError("--key without --cert: give the certificate too")
    case (_?, nil): throw ConfigurationError("--cert without --key: give its private key too")
    case (_?, _?): break
    case (nil, nil):
      guard let listener = listeners.first(where: \.transport.isSecure) else { break }
      throw ConfigurationError(
        "--listen \(listener.transport.text):\(listener.address.text): give --cert and --key")
    }
  }
}
