// Users and peer rules that come from elsewhere while the server runs.

import NetTypes
import STUN
import Testing

@testable import TURN

struct StoredUserTests {
  let bench = Bench()

  private func take(
    users: [CredentialStore.User] = [], secrets: [String] = ["new"], allow: [CIDR] = [],
    deny: [CIDR] = [], into bench: Bench? = nil
  ) throws {
    let bench = bench ?? self.bench
    let current = bench.turn.configuration?.value
    var configuration = try #require(current)
    configuration.credentials = configuration.credentials.adding(users: users, secrets: secrets)
    configuration.peers = configuration.peers.adding(allow: allow, deny: deny)
    bench.turn.reconfigure(configuration)
  }

  @Test func `A user who is added allocates, and one who was there keeps his password`() throws {
    let key = LongTermCredential.key(username: "cem", realm: Bench.realm, password: "other")
    let stranger = LongTermCredential.key(username: "ann", realm: Bench.realm, password: "other")
    try take(users: [.init("cem", key: key), .init("ann", key: stranger)])
    let client = SocketAddress(IPAddress(198, 51, 100, 9), port: 4_000)
    #expect(try bench.allocate(username: "cem", password: "other", from: client).isSuccess)
    #expect(try bench.allocate(username: "ann", password: "other").code == 401)
    #expect(try bench.allocate().isSuccess)
  }

  @Test func `A user whose key is MD5 keeps the server from offering SHA-256`() throws {
    #expect(bench.turn.configuration?.value.credentials.algorithms == [.sha256])
    try take(users: [.init("cem", key: Array(repeating: 7, count: 16))])
    #expect(bench.turn.configuration?.value.credentials.algorithms == [])
  }

  @Test("Trap 3: where stored users have MD5 keys alone, neither SHA-256 nor USERHASH is offered")
  func onlyMD5() throws {
    let key = LongTermCredential.key(username: "cem", realm: Bench.realm, password: "pw")
    for known in [[:], ["ann": "pw"]] {
      let bench = Bench {
        $0.credentials = CredentialStore(realm: Bench.realm, users: known, secrets: [])
      }
      try take(users: [.init("cem", key: key)], secrets: [], into: bench)
      let challenge = try bench.ask(.allocate, username: nil)
      let nonce = try #require(challenge.nonce)
      let features = SecurityFeatures(nonce: Array(nonce.utf8).span)
      #expect(features == [] && challenge.algorithms == nil)
      #expect(try bench.allocate(username: "cem").isSuccess)
    }
  }

  @Test func `A peer that is denied now loses its permission at once`() throws {
    try bench.allocate()
    #expect(try bench.permit(bench.peer).isSuccess)
    try take(deny: [try #require(CIDR("8.8.8.0/24"))])
    #expect(bench.receive(bench.sendIndication([1], to: bench.peer)) == .drop(.noPermission))
    #expect(try bench.permit(bench.peer).code == 403)
  }

  @Test func `A peer that is allowed now may be reached`() throws {
    let peer = SocketAddress(IPAddress(10, 1, 2, 3), port: 9)
    try bench.allocate()
    #expect(try bench.permit(peer).code == 403)
    try take(allow: [try #require(CIDR("10.1.2.0/24"))])
    #expect(try bench.permit(peer).isSuccess)
  }
}
