// The server's certificate as it is now: files can be read again while it serves.

internal import Synchronization

/// The contexts that new connections are made with. Any thread may ask and reload.
public final class CertificateStore: Sendable {
  private struct Contexts {
    let tls: TLSContext
    let dtls: TLSContext
  }

  private let certificates: String
  private let key: String
  private let protocols: [String]
  private let current: Mutex<Contexts>

  /// Reads the files; see ``TLSContext`` for what is in them and for `protocols`.
  public init(certificates: String, key: String, protocols: [String]) throws(TLSError) {
    self.certificates = certificates
    self.key = key
    self.protocols = protocols
    current = Mutex(try Self.read(certificates, key, protocols))
  }

  /// For the next connection: one lock and one retain, so once for a connection, not for a packet.
  public var tls: TLSContext { current.withLock { $0.tls } }
  public var dtls: TLSContext { current.withLock { $0.dtls } }

  /// Reads the files again, for the connections to come; those that are there keep what they have.
  /// What it throws names the file and the reason, and everything stays as it was.
  public func reload() throws(TLSError) {
    let contexts = try Self.read(certificates, key, protocols)
    current.withLock { $0 = contexts }
  }

  private static func read(_ certificates: String, _ key: String, _ protocols: [String])
    throws(TLSError) -> Contexts
  {
    Contexts(
      tls: try TLSContext(certificates: certificates, key: key, protocols: protocols),
      dtls: try TLSContext(
        certificates: certificates, key: key, protocols: protocols, layer: .datagram))
  }
}
