// A server whose operator changes his mind while clients use it.

import NetTypes
import STUN
import Testing

@testable import TURN

struct ReconfigureTests {
  private let bench = Bench()
  private let second = SocketAddress(IPAddress(9, 9, 9, 9), port: 9_000)

  private func change(_ adjust: (inout TURNConfiguration) -> Void) throws {
    let current = bench.turn.configuration?.value
    var configuration = try #require(current)
    adjust(&configuration)
    bench.turn.reconfigure(configuration)
  }

  private func deny(_ block: String) throws {
    try change {
      $0.peers = PeerFilter(
        deny: [CIDR(block)].compactMap(\.self), relayAddresses: [Bench.relayIP],
        ownServices: [bench.server])
    }
  }

  @Test("Trap 35: a peer that is denied while it is used loses permission and channel, others not")
  func liveDenial() throws {
    try bench.allocate()
    let relay = try bench.lastRelay()
    #expect(try bench.bind(0x4000, bench.peer).isSuccess)
    #expect(try bench.bind(0x4001, second).isSuccess)
    try deny("8.8.8.0/24")
    #expect(bench.records.map(\.permissions) == [1])
    #expect(bench.records.map(\.channels) == [1])
    #expect(bench.receive(bench.channelData(0x4000, [1])) == .drop(.noChannel))
    #expect(bench.receive(bench.sendIndication([1], to: bench.peer)) == .drop(.noPermission))
    #expect(bench.receive([1], fromPeer: bench.peer, at: relay).0 == .drop(.noPermission))
    #expect(try bench.permit(bench.peer).code == 403)
    #expect(try bench.bind(0x4000, bench.peer).code == 403)
    guard case .toPeer = bench.receive(bench.channelData(0x4001, [1])) else {
      Issue.record("the other peer is gone too")
      return
    }
    // Allowed again, the number is free for it.
    try deny("7.7.7.7/32")
    #expect(try bench.bind(0x4000, bench.peer).isSuccess)
  }

  @Test func `no allocation ends, whatever changes, and its client goes on with its nonce`() throws
  {
    try bench.allocate()
    let nonce = bench.nonce()
    try change {
      $0.nonces = NonceMint(key: Array(repeating: 9, count: 32), lifetime: .seconds(600))
      $0.realm = "other"
      $0.relayAddresses = []
      $0.limits.allocationLifetimeMax = .seconds(900)
      $0.limits.permissionsPerAllocationMax = 0
      $0.limits.unauthenticatedRepliesPerSecond = 1
      $0.limits.allocationBandwidth = Bandwidth(bytesPerSecond: 1_000)
      $0.isMobile = true
      $0.relaysTCP = false
      $0.defaultFamily = .ipv6
      $0.alternates = [AlternateServer(second)]
    }
    #expect(bench.records.count == 1 && !bench.openRelays.isEmpty)
    let refreshed = try bench.ask(
      bench.request(.refresh, nonce: nonce) { $0.add(.lifetime, uint32: 3_600) })
    #expect(refreshed.lifetime == 3_600)
    #expect(try bench.permit(bench.peer).isSuccess)
    let current = bench.turn.configuration?.value
    let kept = try #require(current)
    #expect(kept.realm == Bench.realm && kept.relayAddresses == [Bench.relayIP, Bench.relayIPv6])
    #expect(kept.limits.unauthenticatedRepliesPerSecond == 1_000)
    #expect(kept.limits.allocationBandwidth == nil && !kept.isMobile && kept.relaysTCP)
    #expect(kept.defaultFamily == .ipv4 && kept.alternates.isEmpty)
  }

  @Test func `what can change while the server runs is taken, keys of authorization servers too`()
    throws
  {
    try change {
      $0.authorization = ThirdPartyAuthorization(
        serverName: "relay",
        keys: [AuthorizationKey(id: "k", key: Array(repeating: 1, count: 16), .a128GCM)])
      $0.hasStrictExpiry = true
      $0.legacyChannels = true
    }
    let challenge = try bench.ask(.allocate, username: nil)
    #expect(challenge.message.has(.thirdPartyAuthorization))
    try bench.allocate()
    #expect(try bench.bind(0x7000, bench.peer).isSuccess)
    // Another reload that says nothing of them takes them away again.
    try change { $0.authorization = nil }
    #expect(try !bench.ask(.allocate, username: nil).message.has(.thirdPartyAuthorization))
    let isStrict = bench.turn.configuration?.value.hasStrictExpiry
    #expect(isStrict == true)
  }

  @Test func `a user who is taken out cannot refresh, and one who is put in can allocate`() throws {
    try bench.allocate()
    try change {
      $0.credentials = CredentialStore(realm: Bench.realm, users: ["eve": "pw"], secrets: [])
    }
    #expect(try bench.ask(.refresh) { $0.add(.lifetime, uint32: 600) }.code == 401)
    #expect(bench.records.count == 1)
    let other = SocketAddress(IPAddress(198, 51, 100, 9), port: 5_000)
    #expect(try bench.allocate(username: "eve", from: other).isSuccess)
    bench.advance(by: .seconds(601))
    #expect(bench.records.isEmpty && bench.quota.total == 0)
  }

  @Test func `a server for Binding alone has nothing to change`() throws {
    let current = bench.turn.configuration?.value
    let configuration = try #require(current)
    var stun = TURNServer(
      nil, quota: nil, ports: nil, random: SplitMix64(seed: 1),
      wallClock: WallClock(unixNanoseconds: 0, at: bench.now), now: bench.now)
    stun.reconfigure(configuration)
    let isNone = stun.configuration == nil
    #expect(isNone)
  }
}
