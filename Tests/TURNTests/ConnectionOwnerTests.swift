// RFC 6062 §4.4: a connection is for the credentials of its allocation, though they may be over.

import NetTypes
import STUN
import Testing

@testable import TURN

struct ConnectionOwnerTests {
  /// The loop that has the allocation, and one that the data connection comes to.
  private let bench: Bench
  private let other: Bench
  /// Where the client's data connection comes from.
  private let data = SocketAddress(IPAddress(198, 51, 100, 7), port: 4_001)
  private static let serverName = "relay.example"
  private static let authorizationKey = AuthorizationKey(
    id: "north", key: Array(repeating: 5, count: 16), .a128GCM)
  private static let macKey = Array("01234567890123456789".utf8)
  private static let strangersKey = Array("98765432109876543210".utf8)

  init() {
    let benches = (0..<2).map { index in
      let bench = Bench(loop: LoopPlace(index: index, count: 2)) {
        $0.authorization = ThirdPartyAuthorization(
          serverName: Self.serverName, keys: [Self.authorizationKey])
      }
      bench.transport = .tcp
      return bench
    }
    (other, bench) = (benches[0], benches[1])
  }

  private typealias Ask = (STUN.Method, SocketAddress, (inout MessageBuilder) -> Void) -> [UInt8]

  /// An allocation of TCP, and a connection of it that waits to be bound.
  private func connect(after pause: Duration = .zero, _ ask: Ask) throws -> UInt32 {
    let made = try bench.ask(
      ask(.allocate, bench.client) { $0.add(.requestedTransport, uint32: 6 << 24) })
    try #require(made.isSuccess)
    bench.advance(by: pause)
    other.advance(by: pause)
    let peer = bench.peer
    let request = ask(.connect, bench.client) { $0.add(.xorPeerAddress, address: peer) }
    try #require(bench.receive(request) == .pending)
    let connection = try #require(bench.connections.last)
    bench.turn.peerConnected(connection, ok: true, now: bench.now, effects: &bench.effects)
    bench.advance(by: .zero)
    let answer = try Answer(try #require(bench.sent.last).1)
    let id = answer.message.uint32(.connectionID, answer.bytes.span)
    return try #require(id)
  }

  private func isBound(_ request: [UInt8]) -> Bool {
    bench.receive(request, from: data) == bench.connections.last.map { .bindStream($0) }
  }

  // MARK: Time-limited names

  private func ask(_ rest: RESTCredential, password: String? = nil) -> Ask {
    { method, from, body in
      bench.request(
        method, username: rest.username, password: password ?? rest.password, from: from, body)
    }
  }

  private func rest(_ name: String) -> RESTCredential {
    RESTCredential(
      name: name, secret: Array(Bench.secret.utf8), unixSeconds: Bench.unixStart, ttlSeconds: 100)
  }

  @Test func `a name whose time is over binds the connections of its allocation, and no others`()
    throws
  {
    let id = try connect(after: .seconds(200), ask(rest("cem")))
    let bind = { (ask: Ask) in ask(.connectionBind, data) { $0.add(.connectionID, uint32: id) } }
    #expect(try bench.ask(bind(ask(rest("eve"))), from: data).code == 401)
    #expect(try bench.ask(bind(ask(rest("cem"), password: "guess")), from: data).code == 401)
    #expect(
      try bench.ask(
        bench.request(.connectionBind, from: data) {
          $0.add(.connectionID, uint32: id)
        }, from: data
      ).code == 441)
    // It makes no allocation any more.
    let again = ask(rest("cem"))(.allocate, data) { $0.add(.requestedTransport, uint32: 6 << 24) }
    #expect(try bench.ask(again, from: data).code == 401)
    let wrong = ask(rest("cem"))(.connectionBind, data) {
      $0.add(.connectionID, uint32: id ^ 0x100)
    }
    #expect(try bench.ask(wrong, from: data).code == 401)
    #expect(isBound(bind(ask(rest("cem")))))
  }

  @Test func `a name whose time is over finds the loop of its connection, by its password only`()
    throws
  {
    let id = try connect(after: .seconds(200), ask(rest("cem")))
    let bind = { (ask: Ask) in ask(.connectionBind, data) { $0.add(.connectionID, uint32: id) } }
    #expect(try other.ask(bind(ask(rest("cem"), password: "guess")), from: data).code == 401)
    #expect(other.receive(bind(ask(rest("cem"))), from: data) == .moveStream(loop: 1))
    #expect(isBound(bind(ask(rest("cem")))))
  }

  // MARK: Tokens

  private func sealed(_ macKey: [UInt8]) -> [UInt8] {
    let now = bench.turn.wallClock.unixSeconds(at: bench.now)
    return AccessToken(macKey: macKey, issuedAt: now, lifetimeSeconds: 600)
      .sealed(Self.authorizationKey, serverName: Self.serverName, nonce: Array(0..<12))
  }

  /// - Parameter sendsToken: otherwise in Allocate only, as clients do.
  private func token(
    _ macKey: [UInt8] = macKey, name: String = "north", sendsToken: Bool = false,
    nonce: String? = nil
  ) -> Ask {
    { method, from, body in
      var builder = MessageBuilder()
      builder.begin(MessageType(method, .request), TransactionID(using: &bench.random))
      body(&builder)
      builder.add(.username, text: name)
      builder.add(.realm, text: Bench.realm)
      builder.add(.nonce, text: nonce ?? bench.nonce(from))
      if sendsToken || method == .allocate { builder.add(.accessToken, bytes: sealed(macKey)) }
      builder.finish(integrityKey: IntegrityKey(macKey))
      return builder.bytes
    }
  }

  @Test(arguments: [false, true])
  func `the key of the allocation's token binds, with the token or without`(sendsToken: Bool) throws
  {
    let id = try connect(token())
    let bind = { (ask: Ask) in ask(.connectionBind, data) { $0.add(.connectionID, uint32: id) } }
    #expect(try bench.ask(bind(token(Self.strangersKey)), from: data).code == 401)
    #expect(try bench.ask(bind(token(name: "south")), from: data).code == 401)
    #expect(isBound(bind(token(sendsToken: sendsToken))))
  }

  @Test("Trap 9: another's token of the same authorization server does not bind, nor a password")
  func owners() throws {
    let id = try connect(token())
    let bind = { (ask: Ask) in ask(.connectionBind, data) { $0.add(.connectionID, uint32: id) } }
    let stranger = token(Self.strangersKey, sendsToken: true)
    #expect(try bench.ask(bind(stranger), from: data).code == 441)
    let password = bench.request(.connectionBind, from: data) { $0.add(.connectionID, uint32: id) }
    #expect(try bench.ask(password, from: data).code == 441)
    #expect(isBound(bind(token())))
  }

  @Test func `without its token a client is sent to the loop that has its key, with a nonce only`()
    throws
  {
    let id = try connect(token())
    let bind = { (ask: Ask) in ask(.connectionBind, data) { $0.add(.connectionID, uint32: id) } }
    #expect(other.receive(bind(token()), from: data) == .moveStream(loop: 1))
    #expect(try other.ask(bind(token(name: "south")), from: data).code == 401)
    #expect(try other.ask(bind(token(nonce: "none")), from: data).code == 401)
    let here = token()(.connectionBind, data) { $0.add(.connectionID, uint32: id & ~0xff) }
    #expect(try other.ask(here, from: data).code == 401)
    other.transport = .udp
    #expect(try other.ask(bind(token()), from: data).code == 401)
    #expect(isBound(bind(token())))
  }
}
