// RFC 8489 §9.2.4: who is let in, and what everybody else is told, in the RFC's order.

import NetTypes
import STUN
import Testing

@testable import TURN

struct AuthenticationTests {
  let bench = Bench()

  @Test("Trap 1: a request without integrity is challenged with realm and nonce, unsigned")
  func challenged() throws {
    let answer = try bench.ask(.allocate, username: nil)
    #expect(answer.code == 401)
    #expect(answer.realm == Bench.realm)
    #expect(answer.nonce?.isEmpty == false)
    #expect(!answer.message.hasIntegrity)
    #expect(bench.records.isEmpty)
  }

  @Test(
    "Trap 1: integrity without one of the others is a bad request, without a challenge",
    arguments: [Attribute.username, .realm, .nonce])
  func incomplete(missing: Attribute) throws {
    var builder = MessageBuilder()
    builder.begin(MessageType(.allocate, .request), TransactionID(high: 1, low: 2))
    builder.add(.requestedTransport, uint32: 17 << 24)
    if missing != .username { builder.add(.username, text: "ann") }
    if missing != .realm { builder.add(.realm, text: Bench.realm) }
    if missing != .nonce { builder.add(.nonce, text: bench.nonce()) }
    builder.finish(integrityKey: Bench.key)
    let answer = try bench.ask(builder.bytes)
    #expect(answer.code == 400)
    #expect(answer.realm == nil && answer.nonce == nil)
  }

  @Test("Trap 1: an unknown user and a wrong password are challenged alike")
  func unknown() throws {
    let unknown = try bench.ask(.allocate, username: "eve")
    let wrong = try bench.ask(.allocate, username: "ann", password: "guess")
    #expect(unknown.code == 401 && wrong.code == 401)
    #expect(unknown.nonce != nil && wrong.nonce != nil)
  }

  @Test("Trap 2: a nonce that is too old gives 438 with a fresh one, and that is taken")
  func stale() throws {
    let old = bench.nonce()
    bench.advance(by: .seconds(601))
    let answer = try bench.ask(
      bench.request(.allocate, nonce: old) { $0.add(.requestedTransport, uint32: 17 << 24) })
    #expect(answer.code == 438)
    #expect(answer.realm == Bench.realm)
    #expect(answer.algorithms == PasswordAlgorithm.value([.sha256]))
    #expect(!answer.message.hasIntegrity)
    let fresh = try #require(answer.nonce)
    #expect(fresh != old)
    let retried = try bench.ask(
      bench.request(.allocate, nonce: fresh) { $0.add(.requestedTransport, uint32: 17 << 24) })
    #expect(retried.isSuccess)
  }

  @Test func `a nonce that another client was given is stale here`() throws {
    let stranger = SocketAddress(IPAddress(203, 0, 113, 5), port: 1)
    let answer = try bench.ask(bench.request(.allocate, nonce: bench.nonce(stranger)))
    #expect(answer.code == 438)
  }

  @Test("Trap 1: integrity is checked before the nonce, as RFC 8489 orders it")
  func order() throws {
    let answer = try bench.ask(bench.request(.allocate, password: "guess", nonce: "stale"))
    #expect(answer.code == 401)
  }

  @Test("Trap 2: errors to a known user are signed, whatever their code")
  func signedErrors() throws {
    let mismatch = try bench.ask(.refresh)
    #expect(mismatch.code == 437 && mismatch.isSigned(by: Bench.key))
    let transport = try bench.ask(.allocate) { $0.add(.requestedTransport, uint32: 132 << 24) }
    #expect(transport.code == 442 && transport.isSigned(by: Bench.key))
  }

  @Test("Trap 8: an answer has a fingerprint exactly when the request had one")
  func fingerprint() throws {
    var builder = MessageBuilder()
    builder.begin(MessageType(.allocate, .request), TransactionID(high: 1, low: 2))
    builder.finish(fingerprint: true)
    #expect(try bench.ask(builder.bytes).message.hasFingerprint)
    #expect(try !bench.ask(.allocate, username: nil).message.hasFingerprint)
  }

  @Test func `a request longer than any client's is dropped before it is hashed for every secret`()
    throws
  {
    let long = bench.request(.allocate, username: "1800000100:x", password: "guess") {
      $0.add(.software, bytes: [UInt8](repeating: 0x20, count: 60_000))
    }
    #expect(bench.receive(long) == .drop(.tooLong))
    let peers = try bench.allocate {
      $0.add(.software, bytes: [UInt8](repeating: 0x20, count: 763))
    }
    #expect(peers.isSuccess)
  }

  @Test func `nobody who has not proved his address makes the server keep anything`() throws {
    for index in 0..<1_000 {
      let stranger = SocketAddress(IPAddress(v4: UInt32(index) << 8), port: 9)
      _ = try bench.ask(bench.request(.allocate, username: nil), from: stranger)
      _ = try bench.ask(bench.request(.allocate, from: stranger, nonce: "x"), from: stranger)
    }
    #expect(bench.records.isEmpty)
    #expect(bench.quota.total == 0)
    #expect(bench.turn.nextDeadline == nil)
  }
}

struct RESTCredentialTests {
  let bench = Bench()

  private func allocate(_ username: String, secret: String) throws -> Answer {
    try bench.allocate(
      username: username,
      password: RESTCredential.password(username: username, secret: Array(secret.utf8)))
  }

  @Test(arguments: ["1800000100:ann", "ann:1800000100", "1800000100"])
  func `a time-limited name is good until its time, in either order`(name: String) throws {
    #expect(try allocate(name, secret: Bench.secret).isSuccess)
  }

  @Test func `each of several secrets is good, as a rotation needs`() throws {
    #expect(try allocate("1800000100:x", secret: "old").isSuccess)
  }

  @Test(
    "turn-rs#108: an expired or malformed name is challenged",
    arguments: ["1799999999:ann", "ann:1799999999", "ann:soon", ":", "", "-1:ann"])
  func expired(name: String) throws {
    #expect(try allocate(name, secret: Bench.secret).code == 401)
  }

  @Test("Trap 10: an allocation made in time outlives its name, and no new one is made with it")
  func outlives() throws {
    let name = "1800000100:ann"
    let password = RESTCredential.password(username: name, secret: Array(Bench.secret.utf8))
    try #require(try bench.allocate(username: name, password: password).isSuccess)
    bench.advance(by: .seconds(500))
    #expect(try bench.ask(.refresh, username: name, password: password).lifetime == 600)
    let peer = bench.peer
    let permitted = try bench.ask(.createPermission, username: name, password: password) {
      $0.add(.xorPeerAddress, address: peer)
    }
    #expect(permitted.isSuccess)
    let other = SocketAddress(IPAddress(198, 51, 100, 8), port: 1)
    #expect(try bench.allocate(username: name, password: password, from: other).code == 401)
    #expect(
      try bench.ask(.refresh, username: name, password: password, from: other).code == 401)
    #expect(try bench.ask(.refresh, username: name, password: "guess").code == 401)
    let ended = try bench.ask(.refresh, username: name, password: password) {
      $0.add(.lifetime, uint32: 0)
    }
    #expect(ended.isSuccess)
    #expect(try bench.allocate(username: name, password: password).code == 401)
  }

  @Test(arguments: ["1800000200:eve", "eve:1800000300"])
  func `fresh credentials are no fresh quota`(fresh: String) throws {
    bench.quota.perUser = 1
    try #require(try allocate("1800000100:eve", secret: Bench.secret).isSuccess)
    let other = SocketAddress(IPAddress(198, 51, 100, 8), port: 1)
    func ask(_ name: String) throws -> Answer {
      try bench.allocate(
        username: name,
        password: RESTCredential.password(username: name, secret: Array(Bench.secret.utf8)),
        from: other)
    }
    #expect(try ask(fresh).code == 486)
    #expect(try ask("1800000200:adam").isSuccess)
    bench.advance(by: .seconds(601))
    #expect(bench.quota.held.values.allSatisfy { $0 == 0 })
  }

  @Test("Trap 10: with strict expiry an allocation ends with its credentials, and not before")
  func strict() throws {
    let bench = Bench { $0.hasStrictExpiry = true }
    let name = "1800000900:ann"
    let password = RESTCredential.password(username: name, secret: Array(Bench.secret.utf8))
    let made = try bench.allocate(username: name, password: password) {
      $0.add(.lifetime, uint32: 3_600)
    }
    #expect(made.lifetime == 900)
    bench.advance(by: .seconds(500))
    let refreshed = try bench.ask(.refresh, username: name, password: password) {
      $0.add(.lifetime, uint32: 3_600)
    }
    #expect(refreshed.lifetime == 400)
    // Who has no time has no end.
    let other = SocketAddress(IPAddress(198, 51, 100, 8), port: 1)
    let fixed = try bench.allocate(from: other) { $0.add(.lifetime, uint32: 3_600) }
    #expect(fixed.lifetime == 3_600)
    bench.advance(by: .seconds(399))
    #expect(bench.records.count == 2)
    bench.advance(by: .seconds(2))
    #expect(bench.records.map(\.username) == ["ann"])
    #expect(try bench.ask(.refresh, username: name, password: password).code == 401)
  }

  @Test(arguments: RESTCredential.Digest.allCases, ["old", Bench.secret])
  func `each secret is good with either digest, and with SHA-256 keys`(
    digest: RESTCredential.Digest, secret: String
  ) throws {
    let username = "1800000100:ann"
    let password = RESTCredential.password(
      username: username, secret: Array(secret.utf8), digest)
    #expect(try bench.allocate(username: username, password: password).isSuccess)
    let keys = PasswordAlgorithm.sha256.key(
      username: username, realm: Bench.realm, password: password)
    let configuration = bench.turn.configuration
    guard
      case .keys(let accepted, expiry: 1_800_000_100) = configuration?.value.credentials.lookup(
        username, .sha256, unixSeconds: Bench.unixStart)
    else {
      Issue.record("not known")
      return
    }
    #expect(accepted.contains(keys))
  }

  @Test func `another separator is good where it is configured, and only that one`() throws {
    let bench = Bench {
      $0.credentials = CredentialStore(
        realm: Bench.realm, users: [], secrets: [Bench.secret], separator: "-")
    }
    let secret = Array(Bench.secret.utf8)
    let issued = RESTCredential(
      name: "ann:1", secret: secret, unixSeconds: Bench.unixStart, ttlSeconds: 60, separator: "-")
    #expect(issued.username == "1800000060-ann:1")
    for (index, name) in [issued.username, "ann-1800000060", "1800000060:ann"].enumerated() {
      let client = SocketAddress(bench.client.ip, port: UInt16(index + 1))
      let answer = try bench.allocate(
        username: name, password: RESTCredential.password(username: name, secret: secret),
        from: client)
      #expect(answer.isSuccess == (index < 2), "\(name)")
    }
    #expect(bench.quota.held["ann:1"] == 1 && bench.quota.held["ann"] == 1)
  }

  @Test func `another secret is challenged`() throws {
    #expect(try allocate("1800000100:ann", secret: "guess").code == 401)
  }

  @Test func `the password is the HMAC that other implementations make`() {
    // printf 1800000100:ann | openssl dgst -sha1 -hmac sesame -binary | base64
    #expect(
      RESTCredential.password(username: "1800000100:ann", secret: Array("sesame".utf8))
        == "k24pr150XZboeRGE2T9KhYOTFm8=")
  }
}
