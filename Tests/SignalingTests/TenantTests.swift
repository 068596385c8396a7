// Tenants: their rooms, their limits, the policy about the relay.

import NetTypes
import Signaling
import Testing

@Suite struct TenantTests {
  private func grant(
    _ tenant: String = "acme", _ change: (inout TenantLimits) -> Void = { _ in }
  ) throws -> Grant {
    var grant = Grant(tenant: try #require(TenantID(tenant)))
    change(&grant.limits)
    return grant
  }

  private func refusal(_ world: World, _ room: String, _ grant: Grant) -> ErrorCode? {
    let connection = world.newConnection()
    world.enter(connection, room, admittance: .granted(grant))
    guard let error = world.heard(connection).first?.error else { return nil }
    #expect(world.closed[connection] == .full)
    return error.code
  }

  @Test func roomsOfTwoTenantsNeverMeet() throws {
    let world = World()
    let ann = try #require(world.join("tea", grant: try grant("acme")))
    let bob = try #require(world.join("tea", grant: try grant("other")))
    let cid = try #require(world.join("tea"))
    #expect(bob.joined.peers == [] && cid.joined.peers == [])
    world.say(ann.connection, 2, .message(to: bob.joined.peer, data: RawJSON("1")))
    #expect(world.heard(ann.connection).first?.error?.code == .noSuchPeer)
    #expect(world.server.snapshot().map(\.tenant.text) == ["", "acme", "other"])
    let claim = world.comeBack(
      ann.joined.session, ack: 1, admittance: .granted(try grant("other")))
    #expect(claim.joined?.resumed == false)
  }

  @Test func aTenantHasSoManyRoomsAndPeers() throws {
    let world = World()
    let few = try grant {
      $0.roomsMax = 2
      $0.peersMax = 3
    }
    let ann = try #require(world.join("one", grant: few))
    _ = try #require(world.join("two", grant: few))
    #expect(refusal(world, "three", few) == .tenantFull)
    let third = try #require(world.join("one", grant: few))
    #expect(refusal(world, "one", few) == .tenantFull)
    #expect(world.join("three", grant: try grant("other")) != nil)
    world.close(third.connection)
    #expect(refusal(world, "one", few) == .tenantFull, "whoever is away keeps the place")
    world.say(ann.connection, 2, .leave)
    #expect(world.join("one", grant: few) != nil)
    world.pass(.seconds(3_600))
    world.pass(.seconds(3_600))
    #expect(world.server.memberCount == 0)
    for index in 0..<2 { #expect(world.join("new\(index)", grant: few) != nil) }
    #expect(refusal(world, "new2", few) == .tenantFull)
  }

  @Test func aTenantsRoomsMayBeSmallerThanTheServersButNotLarger() throws {
    var limits = SignalingLimits()
    limits.peersPerRoomMax = 3
    let world = World(limits)
    let small = try grant { $0.peersPerRoomMax = 1 }
    let ann = try #require(world.join("small", grant: small))
    #expect(ann.joined.limits.peersPerRoomMax == 1)
    #expect(refusal(world, "small", small) == .roomFull)
    let large = try grant { $0.peersPerRoomMax = 100 }
    let bob = try #require(world.join("large", grant: large))
    #expect(bob.joined.limits.peersPerRoomMax == 3)
  }

  @Test func aTenantsClientsTogetherMaySendSoMuch() throws {
    let world = World()
    let few = try grant { $0.messages = Rate(perSecond: 10, burst: 4) }
    let ann = try #require(world.join("one", grant: few))
    let bob = try #require(world.join("two", grant: few))
    for member in [ann, bob] {
      for number in 2...3 {
        // Nobody hears it, so it costs nothing.
        world.say(member.connection, Int64(number), .message(to: nil, data: RawJSON("1")))
      }
    }
    let cid = try #require(world.join("two", grant: few))
    let dan = try #require(world.join("one", grant: few))
    for number in 4...5 {
      world.say(ann.connection, Int64(number), .message(to: nil, data: RawJSON("1")))
      world.say(bob.connection, Int64(number), .offer(to: cid.joined.peer, sdp: RawJSON("1")))
    }
    #expect(world.heard(dan.connection).count == 2 && world.heard(cid.connection).count == 2)
    _ = world.heard(ann.connection)
    world.say(ann.connection, 6, .message(to: nil, data: RawJSON("1")))
    let error = try #require(world.heard(ann.connection).first?.error)
    #expect(error.code == .rateLimited && error.retryAfterMs == 100)
    #expect(world.server.counters.limited == [.tenant: 1])
    world.pass(.milliseconds(100))
    world.say(ann.connection, 7, .message(to: nil, data: RawJSON("1")))
    #expect(world.heard(dan.connection).count == 1)
  }

  @Test(arguments: [
    (RelayPolicy.always, true, true), (.fallback, true, true), (.onDemand, false, true),
    (.never, false, false),
  ])
  func theRelayIsOfferedByThePolicy(policy: RelayPolicy, atOnce: Bool, asked: Bool) throws {
    let world = World()
    let ann = try #require(world.join("tea", grant: Grant(relay: policy)))
    func hasRelay(_ offer: ICEOffer) -> Bool { offer.servers.contains { $0.username != nil } }
    #expect(ann.joined.relay == policy)
    #expect(hasRelay(ann.joined.ice) == atOnce)
    func ask(_ number: Int64, relay: Bool) throws -> Bool {
      world.say(ann.connection, number, .ice(relay: relay))
      guard case .ice(let offer)? = world.heard(ann.connection).first?.message else { return false }
      return hasRelay(offer)
    }
    #expect(try ask(2, relay: false) == atOnce)
    #expect(try ask(3, relay: true) == asked)
    // Whoever needed it once is given fresh credentials for it.
    #expect(try ask(4, relay: false) == asked)
    let back = world.comeBack(ann.joined.session, ack: 4, number: 4)
    #expect(back.joined.map { hasRelay($0.ice) } == asked)
    #expect(world.server.counters.relayAsked == 1)
  }
}
