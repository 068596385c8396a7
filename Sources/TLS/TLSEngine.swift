// One TLS connection without a socket: bytes in, bytes out (RFC 8446, RFC 5246).

internal import COpenSSL
public import EventLoop

/// One side of a TLS connection. One thread at a time uses it.
@safe public final class TLSEngine: StreamCipher {
  /// RFC 8446 §5.1: plaintext of one record.
  private static let recordMax = 16_384
  /// What a record has besides its plaintext: 5 bytes of header, and at most 256 of padding,
  /// nonce and tag (RFC 8446 §5.2).
  private static let recordOverheadMax = 5 + 256

  private let ssl: OpaquePointer
  private let wire: Wire
  /// Holds what OpenSSL's callbacks point to.
  private let context: TLSContext
  public private(set) var progress = CipherProgress.handshaking
  /// Why ``progress`` is failed, for the log.
  public private(set) var failure: TLSError?
  private var isClosing = false

  /// The server's side.
  public init(serving context: TLSContext) {
    self.context = context
    wire = context.makeWire()
    unsafe ssl = context.makeSSL(wire)
    unsafe SSL_set_accept_state(ssl)
  }

  /// The client's side, which wants a certificate for `name`.
  public init(connectingTo name: String, by context: TLSContext) {
    self.context = context
    wire = context.makeWire()
    unsafe ssl = context.makeSSL(wire)
    unsafe SSL_set_connect_state(ssl)
    _ = unsafe parley_ssl_set_server_name(ssl, name)
    _ = unsafe SSL_set1_host(ssl, name)
  }

  deinit { unsafe SSL_free(ssl) }

  /// What was agreed on by ALPN; `nil` for nothing, or not yet.
  public var applicationProtocol: String? {
    unsafe applicationProtocolName(ssl)
  }

  /// `TLSv1.3` or `TLSv1.2`, for the log.
  public var version: String { unsafe String(cString: SSL_get_version(ssl)) }

  // MARK: StreamCipher

  public func open(
    _ ciphertext: Span<UInt8>, into plaintext: inout [UInt8], answering output: inout [UInt8]
  ) {
    guard progress == .handshaking || progress == .established else { return }
    // Errors are noted by thread, and another connection's would be taken for ours.
    ERR_clear_error()
    swap(&wire.output, &output)
    wire.feeding(ciphertext) {
      if progress == .handshaking { shakeHands() }
      if progress == .established {
        readAll(into: &plaintext, atOnce: min(Self.recordMax, max(256, ciphertext.count)))
      }
    }
    swap(&wire.output, &output)
  }

  private func shakeHands() {
    let result = unsafe SSL_do_handshake(ssl)
    if result == 1 {
      progress = .established
    } else if unsafe SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ {
      fail("handshake")
    }
  }

  /// Decrypts where the plaintext is to be, without a buffer in between.
  private func readAll(into plaintext: inout [UInt8], atOnce: Int) {
    var end = plaintext.count
    while true {
      // Only what the last record has used is made anew: a record may be of one byte.
      plaintext.append(contentsOf: repeatElement(0, count: end + atOnce - plaintext.count))
      let count = unsafe plaintext.withUnsafeMutableBytes { buffer in
        unsafe SSL_read(ssl, buffer.baseAddress.map { unsafe $0 + end }, Int32(atOnce))
      }
      end += max(0, Int(count))
      guard count <= 0 else { continue }
      plaintext.removeLast(plaintext.count - end)
      switch unsafe SSL_get_error(ssl, count) {
      case SSL_ERROR_WANT_READ: break
      case SSL_ERROR_ZERO_RETURN: progress = .ended
      default: fail("record")
      }
      return
    }
  }

  private func fail(_ what: String) {
    progress = .failed
    failure = .last(what)
  }

  public func sealedCount(_ count: Int) -> Int {
    count + (count / Self.recordMax + 1) * Self.recordOverheadMax
  }

  public func seal(_ plaintext: Span<UInt8>, into output: inout [UInt8]) {
    guard !plaintext.isEmpty, !isClosing else { return }
    precondition(progress == .established || progress == .ended, "sealed before the handshake")
    ERR_clear_error()
    swap(&wire.output, &output)
    let written = unsafe plaintext.withUnsafeBytes { bytes in
      unsafe SSL_write(ssl, bytes.baseAddress, Int32(bytes.count))
    }
    swap(&wire.output, &output)
    if written <= 0 { fail("sealing") }
  }

  public func close(into output: inout [UInt8]) {
    guard !isClosing else { return }
    isClosing = true
    guard progress == .established || progress == .ended else { return }
    ERR_clear_error()
    swap(&wire.output, &output)
    _ = unsafe SSL_shutdown(ssl)
    swap(&wire.output, &output)
  }
}
