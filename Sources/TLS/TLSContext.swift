// What all connections of a server have in common: its certificate, and what it agrees to.

internal import COpenSSL

/// What the records of a connection are carried by.
public enum RecordLayer: Sendable {
  /// A stream: TLS 1.2 and 1.3, which are what RFC 8996 leaves.
  case stream
  /// Datagrams: DTLS 1.2, the only version left that OpenSSL 3.0 has.
  case datagram
}

/// The versions of TLS that we speak.
public enum TLSVersion: Int32, Comparable, Sendable {
  case tls12 = 0x0303
  case tls13 = 0x0304

  public static func < (a: TLSVersion, b: TLSVersion) -> Bool { a.rawValue < b.rawValue }
}

/// A certificate with its key, versions, ciphers and protocols. Any thread may make engines of it;
/// it never changes: see ``CertificateStore`` for files that do.
@safe public final class TLSContext: @unchecked Sendable {
  /// Forward secrecy and authenticated encryption only (RFC 9325 §4.2); TLS 1.3 has nothing else.
  private static let cipherList = "ECDHE+AESGCM:ECDHE+CHACHA20"

  let raw: OpaquePointer
  let protocols: [[UInt8]]
  private let layer: RecordLayer

  /// A server's.
  ///
  /// - Parameters:
  ///   - certificates: a PEM file with the chain, the server's own certificate first.
  ///   - key: a PEM file with its private key, without a password.
  ///   - protocols: what to agree on by ALPN, the dearest first. A client that speaks of ALPN and
  ///     knows none of them is refused (RFC 7301 §3.2); one that does not is served.
  public convenience init(
    certificates: String, key: String, protocols: [String], layer: RecordLayer = .stream
  ) throws(TLSError) {
    try self.init(layer, protocols, .tls12 ... .tls13)
    try use(certificates: certificates, key: key)
    chooseProtocols(for: self)
    if layer == .datagram { unsafe answerWithCookies(raw) }
  }

  /// A client's, who trusts only who can prove himself by the certificates in the PEM file
  /// `trusting`. The versions are those of a stream.
  public convenience init(
    trusting: String, protocols: [String], layer: RecordLayer = .stream,
    versions: ClosedRange<TLSVersion> = .tls12 ... .tls13
  ) throws(TLSError) {
    try self.init(layer, protocols, versions)
    guard unsafe SSL_CTX_load_verify_file(raw, trusting) == 1 else { throw .last(trusting) }
    unsafe SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nil)
    // RFC 7301 §3.1: each with its length in front.
    let list = self.protocols.flatMap { [UInt8($0.count)] + $0 }
    if !list.isEmpty { _ = unsafe SSL_CTX_set_alpn_protos(raw, list, UInt32(list.count)) }
  }

  private init(
    _ layer: RecordLayer, _ protocols: [String], _ versions: ClosedRange<TLSVersion>
  ) throws(TLSError) {
    ERR_clear_error()
    let method = unsafe layer == .stream ? TLS_method() : DTLS_method()
    guard let raw = unsafe SSL_CTX_new(method) else { throw .last("no TLS") }
    unsafe self.raw = raw
    self.layer = layer
    self.protocols = protocols.map { Array($0.utf8) }
    unsafe parley_ssl_ctx_set_options(raw)
    // Tickets let clients resume; the server keeps nothing for it.
    unsafe parley_ssl_ctx_set_no_session_cache(raw)
    let isStream = layer == .stream
    let lowest = isStream ? versions.lowerBound.rawValue : DTLS1_2_VERSION
    let highest = isStream ? versions.upperBound.rawValue : DTLS1_2_VERSION
    guard unsafe parley_ssl_ctx_set_min_version(raw, lowest) == 1,
      unsafe parley_ssl_ctx_set_max_version(raw, highest) == 1,
      unsafe SSL_CTX_set_cipher_list(raw, Self.cipherList) == 1
    else { throw .last("TLS settings") }
    // A key with a password is refused; OpenSSL would ask for it on the terminal.
    unsafe SSL_CTX_set_default_passwd_cb(raw) { _, _, _, _ in -1 }
  }

  deinit { unsafe SSL_CTX_free(raw) }

  private func use(certificates: String, key: String) throws(TLSError) {
    guard unsafe SSL_CTX_use_certificate_chain_file(raw, certificates) == 1 else {
      throw .last("certificate \(certificates)")
    }
    guard unsafe SSL_CTX_use_PrivateKey_file(raw, key, SSL_FILETYPE_PEM) == 1 else {
      throw .last("key \(key)")
    }
    guard unsafe SSL_CTX_check_private_key(raw) == 1 else {
      throw .last("key \(key) of certificate \(certificates)")
    }
  }

  /// A wire for one connection.
  func makeWire() -> Wire { Wire(datagrams: layer == .datagram) }

  /// An SSL that reads from and writes to `wire`, whose BIO it owns from now on.
  func makeSSL(_ wire: Wire) -> OpaquePointer {
    guard let ssl = unsafe SSL_new(raw) else { preconditionFailure("out of memory") }
    // One reference of the BIO serves for both directions.
    unsafe SSL_set_bio(ssl, wire.bio, wire.bio)
    if layer == .datagram { unsafe parley_ssl_set_datagrams(ssl, DTLSEngine.datagramMax) }
    return unsafe ssl
  }
}
