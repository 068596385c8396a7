// One connection between its accept and whoever serves it.

internal import EventLoop
internal import NetTypes
internal import TLS

/// Reads as little of a stream as tells who is to have it.
final class GateConnection: ByteStreamHandler {
  private enum Phase {
    /// A trusted proxy may say whom it speaks for.
    case proxyHeader
    /// The first byte tells the protocol.
    case first
    /// The answer to a stray client is on its way.
    case closing
  }

  let stream: ByteStream
  var handle = SlabHandle(index: -1, generation: 0)
  var deadline = Instant.distantFuture
  private var phase: Phase
  private var tuple: FiveTuple
  /// Once the first byte was TLS.
  private var engine: TLSEngine?
  private let door: Door
  private let place: HalfOpenPlace
  private unowned let gate: StreamGate

  init(
    _ stream: ByteStream, _ tuple: FiveTuple, _ door: Door, _ place: HalfOpenPlace,
    expectsProxyHeader: Bool, gate: StreamGate
  ) {
    self.stream = stream
    self.tuple = tuple
    self.door = door
    self.place = place
    self.gate = gate
    phase = expectsProxyHeader ? .proxyHeader : .first
    stream.handler = self
  }

  func received(on stream: ByteStream) {
    if phase == .proxyHeader { readProxyHeader() }
    if phase == .first, !stream.isClosed, let first = stream.input.first { pass(first) }
  }

  func drained(_ stream: ByteStream) {}

  func closed(_ stream: ByteStream) {
    if engine?.progress == .failed { gate.count(.tls) }
    place.release()
    gate.forget(self)
  }

  // MARK: Who it is

  private func readProxyHeader() {
    switch stream.withInput({ ProxyHeader.read($0.span) }) {
    case .needMore: return
    case .malformed: return gate.refuse(stream, .badProxyHeader)
    case .absent: break
    case .header(let client, let server, let length):
      stream.consume(length)
      tuple = FiveTuple(
        client: client ?? tuple.client, server: server ?? tuple.server, transport: tuple.transport)
    }
    phase = .first
    if !place.claim(tuple.client.ip) { gate.refuse(stream, .halfOpenOfSource) }
  }

  // MARK: What it speaks

  /// RFC 8446 §5.1: the type of a record that holds a ClientHello.
  private static let tlsHandshake: UInt8 = 22

  /// Begins the server's side of TLS with what has arrived; the first byte inside comes to `pass`.
  private func encrypt(_ context: TLSContext) {
    let engine = TLSEngine(serving: context)
    self.engine = engine
    tuple = FiveTuple(client: tuple.client, server: tuple.server, transport: .tls)
    stream.secure(by: engine)
  }

  /// A stream to the relay begins with a STUN message, for ChannelData needs an allocation, and
  /// that a new connection never has. So everything else may be HTTP, whose methods begin with
  /// letters, which as first bytes of ChannelData would be channel numbers (RFC 7983).
  private func pass(_ first: UInt8) {
    if engine == nil {
      if first == Self.tlsHandshake, let context = gate.settings.certificates?.tls {
        return encrypt(context)
      }
      guard door.transport == .tcp else { return gate.refuse(stream, .garbage) }
    }
    let isSTUN = first < 4
    // RFC 7301 §3.2: what was agreed on is what is spoken.
    if let agreed = engine?.applicationProtocol, isSTUN != ApplicationProtocols.areSTUN(agreed) {
      return gate.refuse(stream, .garbage)
    }
    if isSTUN {
      if let relay = door.relay { return hand(to: relay, place) }
      return gate.refuse(stream, .garbage)
    }
    if let http = door.http {
      place.release()
      return hand(to: http, nil)
    }
    if (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) { return turnAway() }
    gate.refuse(stream, .garbage)
  }

  private func hand(to tenant: Door.Tenant, _ place: HalfOpenPlace?) {
    gate.forget(self)
    stream.handler = nil
    tenant(GatedStream(stream: stream, tuple: tuple, place: place, deadline: deadline))
  }

  /// Health checks and curious people ask TURN ports for pages: they get a short answer and the
  /// end, so that nobody waits for more.
  private func turnAway() {
    gate.count(.http)
    phase = .closing
    let text = "STUN and TURN are served here, not HTTP.\n"
    let head =
      "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n"
      + "Content-Length: \(text.utf8.count)\r\nConnection: close\r\n\r\n"
    stream.consume(stream.input.count)
    stream.send(Array((head + text).utf8))
    stream.closeAfterWriting()
  }
}
