// What all connections of a server have in common: its certificate, and what it agrees to.

internal import COpenSSL

/// A certificate with its key, versions, ciphers and protocols. Any thread may make engines of it;
/// it never changes: see ``CertificateStore`` for files that do.
@safe public final class TLSContext: @unchecked Sendable {
  /// Forward secrecy and authenticated encryption only (RFC 9325 §4.2); TLS 1.3 has nothing else.
  private static let cipherList = "ECDHE+AESGCM:ECDHE+CHACHA20"

  let raw: OpaquePointer
  private let protocols: [[UInt8]]

  /// A server's: TLS 1.2 and 1.3.
  ///
  /// - Parameters:
  ///   - certificates: a PEM file with the chain, the server's own certificate first.
  ///   - key: a PEM file with its private key, without a password.
  ///   - protocols: what to agree on by ALPN, the dearest first. A client that speaks of ALPN and
  ///     knows none of them is refused (RFC 7301 §3.2); one that does not is served.
  public convenience init(certificates: String, key: String, protocols: [String])
    throws(TLSError)
  {
    unsafe try self.init(TLS_server_method(), protocols, from: TLS1_2_VERSION, to: TLS1_3_VERSION)
    try use(certificates: certificates, key: key)
    unsafe SSL_CTX_set_alpn_select_cb(
      raw, selectProtocol, Unmanaged.passUnretained(self).toOpaque())
  }

  /// A client's, who trusts only who can prove himself by the certificates in the PEM file
  /// `trusting`.
  public convenience init(
    trusting: String, protocols: [String], versions: ClosedRange<TLSVersion> = .tls12 ... .tls13
  ) throws(TLSError) {
    unsafe try self.init(
      TLS_client_method(), protocols, from: versions.lowerBound.rawValue,
      to: versions.upperBound.rawValue)
    guard unsafe SSL_CTX_load_verify_file(raw, trusting) == 1 else { throw .last(trusting) }
    unsafe SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nil)
    // RFC 7301 §3.1: each with its length in front.
    let list = self.protocols.flatMap { [UInt8($0.count)] + $0 }
    if !list.isEmpty { _ = unsafe SSL_CTX_set_alpn_protos(raw, list, UInt32(list.count)) }
  }

  private init(
    _ method: OpaquePointer?, _ protocols: [String], from minimum: Int32, to maximum: Int32
  ) throws(TLSError) {
    ERR_clear_error()
    guard let raw = unsafe SSL_CTX_new(method) else { throw .last("no TLS") }
    unsafe self.raw = raw
    self.protocols = protocols.map { Array($0.utf8) }
    unsafe parley_ssl_ctx_set_options(raw)
    // Tickets let clients resume; the server keeps nothing for it.
    unsafe parley_ssl_ctx_set_no_session_cache(raw)
    guard unsafe parley_ssl_ctx_set_min_version(raw, minimum) == 1,
      unsafe parley_ssl_ctx_set_max_version(raw, maximum) == 1,
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

  /// RFC 7301 §3.2, in the server's order: the place of the protocol's name in `offered`.
  fileprivate func select(of offered: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
    for name in protocols {
      var position = 0
      while position < offered.count {
        let start = position + 1
        position = unsafe start + Int(offered[position])
        // OpenSSL has checked that the lengths add up.
        if unsafe offered[start..<position].elementsEqual(name) { return start..<position }
      }
    }
    return nil
  }

  fileprivate var speaksALPN: Bool { !protocols.isEmpty }
}

/// RFC 8996 leaves these two; a server of ours speaks both.
public enum TLSVersion: Int32, Comparable, Sendable {
  case tls12 = 0x0303
  case tls13 = 0x0304

  public static func < (a: TLSVersion, b: TLSVersion) -> Bool { a.rawValue < b.rawValue }
}

/// The context lives as long as its engines, each of which holds it.
private func selectProtocol(
  _: OpaquePointer?, _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
  _ length: UnsafeMutablePointer<UInt8>?, _ offered: UnsafePointer<UInt8>?, _ count: UInt32,
  _ context: UnsafeMutableRawPointer?
) -> Int32 {
  guard let context = unsafe context, let offered = unsafe offered else {
    return SSL_TLSEXT_ERR_ALERT_FATAL
  }
  let server = unsafe Unmanaged<TLSContext>.fromOpaque(context).takeUnretainedValue()
  guard server.speaksALPN else { return SSL_TLSEXT_ERR_NOACK }
  let list = unsafe UnsafeBufferPointer(start: offered, count: Int(count))
  guard let place = unsafe server.select(of: list) else { return SSL_TLSEXT_ERR_ALERT_FATAL }
  unsafe chosen?.pointee = offered + place.lowerBound
  unsafe length?.pointee = UInt8(place.count)
  return SSL_TLSEXT_ERR_OK
}
