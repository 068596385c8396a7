// A server's DTLS sessions and clients of it, with the datagrams between them in a test's hands.

import EventLoop
import Glibc
import NetTypes
import TLS
import TLSTesting

/// What one client's side sent or received, datagram by datagram.
typealias Datagrams = [[UInt8]]

struct DTLSClient {
  let engine: DTLSEngine
  let tuple: FiveTuple
  var received: Datagrams = []

  init(_ context: TLSContext, ip: IPAddress = IPAddress(192, 0, 2, 1), port: UInt16 = 5_000) {
    engine = DTLSEngine(connectingTo: "localhost", by: context)
    tuple = FiveTuple(
      client: SocketAddress(ip, port: port),
      server: SocketAddress(IPAddress(198, 51, 100, 1), port: 5_349), transport: .dtls)
  }

  func output() -> Datagrams { take(engine.takeOutput) }

  mutating func receive(_ datagrams: Datagrams) {
    for datagram in datagrams { received += opened(datagram, by: engine) }
  }

  func seal(_ bytes: [UInt8]) -> Datagrams {
    _ = engine.seal(bytes.span, 0..<bytes.count)
    return output()
  }
}

func take(_ source: ((Span<UInt8>, Range<Int>) -> Void) -> Void) -> Datagrams {
  var datagrams: Datagrams = []
  source { bytes, range in datagrams.append(range.map { bytes[$0] }) }
  return datagrams
}

/// The plaintext of a datagram's records, opened in place, with other datagrams before and behind.
func opened(_ datagram: [UInt8], by engine: DTLSEngine) -> Datagrams {
  var slot = [UInt8](repeating: 0, count: 64) + datagram + [UInt8](repeating: 0, count: 8)
  var bytes = slot.mutableSpan
  var plaintexts: Datagrams = []
  var next = engine.open(&bytes, at: 64..<64 + datagram.count)
  while let range = next {
    plaintexts.append(range.map { bytes[$0] })
    next = engine.next(&bytes, in: range.upperBound..<64 + datagram.count)
  }
  return plaintexts
}

/// The server's side, and a clock.
final class DTLSWorld {
  let sessions: DTLSSessions
  let store: CertificateStore
  let clients: TLSContext
  var now = Instant.zero + .seconds(1_000)
  var received: Datagrams = []
  var ended: [FiveTuple] = []
  var kept: Set<FiveTuple> = []

  init(
    _ limits: DTLSLimits = DTLSLimits(), protocols: [String] = [], clientProtocols: [String] = []
  )
    throws
  {
    let files = try certificate ?? TestCertificate()
    store = try CertificateStore(
      certificates: files.certificatePath, key: files.keyPath, protocols: protocols)
    clients = try TLSContext(
      trusting: files.certificatePath, protocols: clientProtocols, layer: .datagram)
    sessions = DTLSSessions(
      store, limits, cookies: CookieMint(secret: Array(0..<32)), random: SplitMix64(seed: 1),
      now: now)
  }

  /// Hands datagrams to the server as a relay does; returns its answers.
  func deliver(_ datagrams: Datagrams, from tuple: FiveTuple) -> Datagrams {
    var answers: Datagrams = []
    for datagram in datagrams {
      switch sessions.received(datagram.span, 0..<datagram.count, from: tuple, now: now) {
      case .drop: break
      case .asked: answers += take(sessions.gate.takeOutput)
      case .began(let session, let replacing):
        if replacing { ended.append(tuple) }
        answers += take(session.engine.takeOutput)
        if !sessions.goesOn(session) { ended.append(tuple) }
      case .known(let session):
        let plaintexts = opened(datagram, by: session.engine)
        if plaintexts.isEmpty { sessions.yieldedNothing(session, first: datagram[0]) }
        received += plaintexts
        if !sessions.goesOn(session) { ended.append(tuple) }
        answers += take(session.engine.takeOutput)
      }
    }
    return answers
  }

  /// Carries datagrams to and fro until nobody has anything to say.
  func shakeHands(_ client: inout DTLSClient) {
    var toServer = client.output()
    while !toServer.isEmpty {
      client.receive(deliver(toServer, from: client.tuple))
      toServer = client.output()
    }
  }

  func established(port: UInt16 = 5_000) -> DTLSClient {
    var client = DTLSClient(clients, port: port)
    shakeHands(&client)
    return client
  }

  /// Lets the time pass to `now + duration`, deadline by deadline; returns what the server sends.
  func wait(_ duration: Duration) -> Datagrams {
    let end = now + duration
    var sent: Datagrams = []
    while let next = sessions.nextDeadline, next <= end {
      now = max(now, next)
      sessions.advance(to: now, keeps: { kept.contains($0) }) { session, isOver in
        sent += take(session.engine.takeOutput)
        if isOver { ended.append(session.tuple) }
      }
    }
    now = end
    return sent
  }
}

/// Lets OpenSSL's own clock go on.
func sleepFor(_ duration: Duration) {
  usleep(UInt32(duration.wholeNanoseconds / 1_000))
}
