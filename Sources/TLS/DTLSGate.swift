// Who may have a DTLS session: whoever returns our cookie, and until then he costs no memory.

internal import COpenSSL
public import NetTypes

/// Answers ClientHellos with cookies (RFC 6347 §4.2.1). One object serves all clients of a loop:
/// OpenSSL parses each hello afresh in the same place.
@safe public final class DTLSGate {
  private let mint: CookieMint
  /// Waits for a hello with a good cookie, and then becomes its session.
  private var waiting: (ssl: OpaquePointer, wire: Wire, context: TLSContext)?
  /// `BIO_ADDR` that OpenSSL wants to write a peer to.
  private let scratch: OpaquePointer

  public init(_ mint: CookieMint) {
    self.mint = mint
    guard let scratch = unsafe BIO_ADDR_new() else { preconditionFailure("out of memory") }
    unsafe self.scratch = scratch
  }

  deinit {
    unsafe BIO_ADDR_free(scratch)
    if let waiting = unsafe waiting { unsafe SSL_free(waiting.ssl) }
  }

  /// Takes a datagram that is a ClientHello.
  ///
  /// - Returns: a session when it has our cookie; else there may be one datagram to be sent to him,
  ///   no longer than his: ``takeOutput(_:)``.
  public func admit(
    _ bytes: Span<UInt8>, _ payload: Range<Int>, from tuple: FiveTuple, now: Instant,
    by context: TLSContext
  ) -> DTLSEngine? {
    let (ssl, wire) = unsafe place(context)
    wire.asking = CookieQuestion(mint: mint, tuple: tuple, now: now)
    ERR_clear_error()
    let result = wire.feeding(bytes.extracting(payload)) {
      unsafe DTLSv1_listen(ssl, scratch)
    }
    if result == 1 {
      unsafe waiting = nil
      return unsafe DTLSEngine(ssl, wire, context)
    }
    if result < 0 {
      unsafe SSL_free(ssl)
      unsafe waiting = nil
    }
    return nil
  }

  /// The place where hellos are parsed, made anew after each session and each new certificate.
  private func place(_ context: TLSContext) -> (OpaquePointer, Wire) {
    if let waiting = unsafe waiting {
      if unsafe waiting.context === context { return unsafe (waiting.ssl, waiting.wire) }
      unsafe SSL_free(waiting.ssl)
    }
    let wire = context.makeWire()
    let ssl = unsafe context.makeSSL(wire)
    unsafe SSL_set_accept_state(ssl)
    unsafe waiting = (ssl, wire, context)
    return unsafe (ssl, wire)
  }

  /// Hands each datagram that waits to be sent to `send`, and forgets them.
  public func takeOutput(_ send: (Span<UInt8>, Range<Int>) -> Void) {
    unsafe waiting?.wire.takeOutput(send)
  }
}

/// For whom OpenSSL asks, when it asks for a cookie.
struct CookieQuestion {
  let mint: CookieMint
  let tuple: FiveTuple
  let now: Instant
}

/// Lets OpenSSL make and check the cookies of the context's servers by ``Wire/asking``.
func answerWithCookies(_ context: OpaquePointer) {
  unsafe SSL_CTX_set_cookie_generate_cb(context) { ssl, target, length in
    guard let question = unsafe Wire.of(SSL_get_rbio(ssl))?.asking, let target = unsafe target
    else { return 0 }
    let cookie = question.mint.cookie(for: question.tuple, at: question.now)
    unsafe target.update(from: cookie, count: cookie.count)
    unsafe length?.pointee = UInt32(cookie.count)
    return 1
  }
  unsafe SSL_CTX_set_cookie_verify_cb(context) { ssl, cookie, length in
    guard let question = unsafe Wire.of(SSL_get_rbio(ssl))?.asking, let cookie = unsafe cookie
    else { return 0 }
    let bytes = unsafe Array(UnsafeBufferPointer(start: cookie, count: Int(length)))
    return question.mint.accepts(bytes, from: question.tuple, at: question.now) ? 1 : 0
  }
}
