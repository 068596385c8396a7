// One DTLS 1.2 session without a socket: datagrams in, datagrams out (RFC 6347).

internal import COpenSSL
public import EventLoop

/// One side of a DTLS session. One thread at a time uses it.
///
/// OpenSSL reads the system's clock for its retransmissions, and only while it shakes hands.
@safe public final class DTLSEngine {
  /// Bytes of one datagram of a handshake: fits every path of today, tunnels included.
  static let datagramMax = 1_200
  /// RFC 6347 §4.1.1: the plaintext of one record, which one datagram is.
  public static let plaintextMax = 16_384

  private let ssl: OpaquePointer
  private let wire: Wire
  /// Holds what OpenSSL's callbacks point to.
  private let context: TLSContext
  public private(set) var progress = CipherProgress.handshaking
  /// Why ``progress`` is failed, for the log.
  public private(set) var failure: TLSError?

  /// Takes over an SSL that has seen a ClientHello with a good cookie; see ``DTLSGate``.
  init(_ ssl: OpaquePointer, _ wire: Wire, _ context: TLSContext) {
    unsafe self.ssl = ssl
    self.wire = wire
    self.context = context
    ERR_clear_error()
    shakeHands()
  }

  /// The client's side, which wants a certificate for `name`. Its first datagram waits to be sent.
  public init(connectingTo name: String, by context: TLSContext) {
    self.context = context
    wire = context.makeWire()
    unsafe ssl = context.makeSSL(wire)
    unsafe SSL_set_connect_state(ssl)
    _ = unsafe parley_ssl_set_server_name(ssl, name)
    _ = unsafe SSL_set1_host(ssl, name)
    ERR_clear_error()
    shakeHands()
  }

  deinit { unsafe SSL_free(ssl) }

  /// What was agreed on by ALPN (RFC 7443); `nil` for nothing, or not yet.
  public var applicationProtocol: String? { unsafe applicationProtocolName(ssl) }

  // MARK: In

  /// Takes the datagram `bytes[payload]` and goes on with the handshake, or decrypts it.
  ///
  /// - Returns: where the plaintext of its first record with data is now, in place; then ask
  ///   ``next(_:in:)``. `nil`: it held none.
  public func open(_ bytes: inout MutableSpan<UInt8>, at payload: Range<Int>) -> Range<Int>? {
    guard progress == .handshaking || progress == .established else { return nil }
    // Errors are noted by thread, and another session's would be taken for ours.
    ERR_clear_error()
    unsafe bytes.withUnsafeMutableBytes { buffer in
      unsafe wire.begin(UnsafeRawBufferPointer(rebasing: buffer[payload]))
    }
    defer { wire.end() }
    if progress == .handshaking { shakeHands() }
    return next(&bytes, in: payload)
  }

  /// The next record of the datagram that was just opened; its plaintext, which is shorter than the
  /// record was, is put to the beginning of `room`, a part of where the datagram was.
  public func next(_ bytes: inout MutableSpan<UInt8>, in room: Range<Int>) -> Range<Int>? {
    guard progress == .established else { return nil }
    let start = room.lowerBound
    let count = unsafe bytes.withUnsafeMutableBytes { buffer in
      unsafe SSL_read(
        ssl, buffer.baseAddress.map { unsafe $0 + start }, Int32(room.count))
    }
    if count > 0 { return start..<start + Int(count) }
    switch unsafe SSL_get_error(ssl, count) {
    case SSL_ERROR_WANT_READ: break
    case SSL_ERROR_ZERO_RETURN: progress = .ended
    default: fail("record")
    }
    return nil
  }

  private func shakeHands() {
    let result = unsafe SSL_do_handshake(ssl)
    if result == 1 {
      progress = .established
      wire.asking = nil
    } else if unsafe SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ {
      fail("handshake")
    }
  }

  private func fail(_ what: String) {
    progress = .failed
    failure = .last(what)
  }

  // MARK: Out

  /// Makes one datagram of `bytes[range]`, for ``takeOutput(_:)``. `false`: the session is not
  /// established, or that is more than a record holds.
  public func seal(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    guard progress == .established, !range.isEmpty, range.count <= Self.plaintextMax else {
      return false
    }
    ERR_clear_error()
    let written = unsafe bytes.extracting(range).withUnsafeBytes { buffer in
      unsafe SSL_write(ssl, buffer.baseAddress, Int32(buffer.count))
    }
    return written > 0
  }

  /// Announces, once, that nothing more comes from us.
  public func close() {
    guard progress == .established || progress == .ended else { return }
    progress = .ended
    ERR_clear_error()
    _ = unsafe SSL_shutdown(ssl)
  }

  /// Hands each datagram that waits to be sent to `send`, and forgets them.
  public func takeOutput(_ send: (Span<UInt8>, Range<Int>) -> Void) { wire.takeOutput(send) }

  // MARK: Time

  /// How long to wait before ``retransmit()``; `nil` when nothing waits for an answer.
  public var timeout: Duration? {
    var seconds: Int64 = 0
    var microseconds: Int64 = 0
    guard unsafe parley_dtls_timeout(ssl, &seconds, &microseconds) == 1 else { return nil }
    return .seconds(seconds) + .microseconds(microseconds)
  }

  /// Sends the last flight again if its time has come (RFC 6347 §4.2.4).
  public func retransmit() {
    guard progress == .handshaking else { return }
    ERR_clear_error()
    if unsafe parley_dtls_retransmit(ssl) < 0 { fail("handshake") }
  }
}
