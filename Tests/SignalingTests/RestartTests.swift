// Sessions of an earlier run of the server.

import NetTypes
import Signaling
import Testing

@Suite struct RestartTests {
  private let data = RawJSON("1")

  /// A room of two in one run, and the next run.
  private func restarted(
    _ limits: SignalingLimits = SignalingLimits()
  ) throws -> (World, ann: Joined, bob: Joined) {
    let before = World(limits)
    let ann = try #require(before.join("tea", name: "Ann"))
    before.pass(.milliseconds(5))
    let grant = Grant(role: Role("host"), permissions: [.signal, .message, .moderate])
    let bob = try #require(before.join("tea", name: "Bob", grant: grant))
    before.pass(.seconds(3))
    return (before.restarted(), ann.joined, bob.joined)
  }

  @Test func aSecretIsEnoughToBeBackUnderTheOldName() throws {
    let (world, ann, bob) = try restarted()
    let back = world.comeBack(bob.session, ack: 7, number: 12)
    let joined = try #require(back.joined)
    #expect(joined.resumed && joined.gap == .restart && joined.settlingMs == 30_000)
    #expect(joined.peer == bob.peer && joined.profile == bob.profile)
    #expect(joined.profile.role == Role("host"))
    #expect(joined.permissions == bob.permissions && joined.relay == bob.relay)
    #expect(joined.peers == [] && joined.session != bob.session)
    #expect(world.server.counters.reborn == 1 && world.server.counters.gaps == [.restart: 1])
    #expect(world.heard(back.connection) == [])
    _ = ann
  }

  @Test func bothNumberingsGoOnWhereTheClientSaysTheyWere() throws {
    let (world, ann, bob) = try restarted()
    let back = world.comeBack(bob.session, ack: 7, number: 12)
    #expect(back.number == 7 && back.joined?.ack == 12)
    let other = world.comeBack(ann.session, ack: 3, number: 2)
    #expect(
      world.heard(back.connection) == [Heard(8, .change(ann.peer, .resumed(ann.profile)))])
    #expect(other.joined?.peers == [Joined.Peer(peer: bob.peer, profile: bob.profile)])
    world.say(back.connection, 13, .message(to: ann.peer, data: data))
    #expect(world.heard(other.connection) == [Heard(4, .message(from: bob.peer, data: data))])
  }

  @Test func whoCameBackGoesOnAsAnybody() throws {
    let (world, ann, bob) = try restarted()
    let back = world.comeBack(bob.session, ack: 7, number: 12)
    let other = world.comeBack(ann.session, ack: 3, number: 2)
    world.close(back.connection)
    world.say(other.connection, 3, .message(to: bob.peer, data: data))
    let again = world.comeBack(try #require(back.joined?.session), ack: 8, number: 12)
    #expect(again.joined?.resumed == true && again.joined?.gap == nil)
    #expect(again.rest == [Heard(9, .message(from: ann.peer, data: data))])
  }

  @Test func whoEntersWhileOthersMayComeBackIsPoliteToThem() throws {
    let (world, ann, bob) = try restarted()
    let cid = try #require(world.join("tea"))
    #expect(cid.joined.profile.order > bob.profile.order)
    _ = world.comeBack(ann.session, ack: 3)
    #expect(
      world.heard(cid.connection) == [Heard(2, .change(ann.peer, .resumed(ann.profile)))])
  }

  @Test func afterTheTimeToSettleASecretOfAnEarlierRunIsNoClaim() throws {
    let (world, ann, bob) = try restarted()
    world.pass(.milliseconds(29_999))
    let late = world.comeBack(bob.session, ack: 7, number: 12)
    #expect(late.joined?.gap == .restart && late.joined?.settlingMs == 1)
    world.pass(.milliseconds(1))
    let tooLate = world.comeBack(ann.session, ack: 3, number: 4)
    #expect(tooLate.joined?.resumed == false && tooLate.number == 1)
    #expect(tooLate.joined?.peer != ann.peer)
  }

  @Test func theGapIsToldAgainUntilAWordShowsThatItArrived() throws {
    let (world, ann, bob) = try restarted()
    let lost = world.comeBack(bob.session, ack: 7, number: 12)
    let other = world.comeBack(ann.session, ack: 3)
    let back = world.comeBack(bob.session, ack: 7, number: 13)
    #expect(world.closed == [lost.connection: .replaced])
    #expect(back.joined?.gap == .restart && back.number == 7 && back.joined?.ack == 13)
    #expect(back.joined?.peers?.map(\.peer) == [ann.peer])
    #expect(world.server.memberCount == 2)
    world.say(back.connection, 14, .message(to: nil, data: data))
    #expect(world.heard(other.connection).last?.message == .message(from: bob.peer, data: data))
    let thief = world.comeBack(bob.session, ack: 7, number: 14)
    #expect(world.closed[thief.connection] == .replaced && thief.heard == [])
  }

  @Test func whomALateJoinOvertookIsToldTheGapAgain() throws {
    let (world, ann, bob) = try restarted()
    let back = world.comeBack(bob.session, ack: 7, number: 12)
    _ = world.comeBack(ann.session, ack: 3, number: 2)
    let late = world.comeBack(bob.session, ack: 7, number: 12)
    #expect(world.closed[back.connection] == .replaced && late.joined?.gap == .restart)
    let again = world.comeBack(try #require(back.joined?.session), ack: 8, number: 12)
    #expect(again.joined?.gap == .restart && again.number == 8 && again.joined?.ack == 12)
    world.say(again.connection, 12, .ping(ack: 8))
    #expect(world.comeBack(bob.session, ack: 7, number: 12).joined == nil)
  }

  @Test func aNewerSecretOfTheEarlierRunTakesTheSessionFromAnOlderOne() throws {
    let before = World()
    let old = try #require(before.join("tea")).joined.session
    let new = try #require(before.comeBack(old, ack: 1).joined?.session)
    let world = before.restarted()
    let thief = world.comeBack(old, ack: 1)
    #expect(thief.joined?.gap == .restart)
    world.say(thief.connection, 2, .message(to: nil, data: data))
    let owner = world.comeBack(new, ack: 5, number: 9)
    #expect(world.closed == [thief.connection: .replaced])
    #expect(owner.joined?.gap == .restart && owner.number == 5 && owner.joined?.ack == 9)
    let again = world.comeBack(old, ack: 6, number: 10)
    #expect(again.heard == [] && world.closed[again.connection] == .replaced)
  }

  @Test func whoHasEndedInThisRunDoesNotComeBackOnceMore() throws {
    let (world, _, bob) = try restarted()
    let back = world.comeBack(bob.session, ack: 7, number: 12)
    world.say(back.connection, 13, .leave)
    let again = world.comeBack(bob.session, ack: 7, number: 13)
    #expect(again.joined?.resumed == false && again.joined?.peer != bob.peer)
  }

  @Test func withoutACommonKeySessionsEndWithTheirRun() throws {
    let before = World()
    let ann = try #require(before.join("tea"))
    let world = before.restarted(secrets: ["south"])
    #expect(world.comeBack(ann.joined.session, ack: 1).joined?.resumed == false)
  }

  @Test func anyOfTheOperatorsSecretsOpensWhatWasSealedUnderIt() throws {
    let before = World()
    let ann = try #require(before.join("tea"))
    let world = before.restarted(secrets: ["south", "north"])
    #expect(world.comeBack(ann.joined.session, ack: 1).joined?.gap == .restart)
  }

  @Test func aNameThatSomebodyElseHasNowIsNotTakenBack() throws {
    let before = World()
    let grant = Grant(peer: PeerID("ann"))
    let ann = try #require(before.join("tea", grant: grant))
    let world = before.restarted()
    _ = try #require(world.join("tea", grant: grant))
    let back = world.comeBack(ann.joined.session, ack: 1)
    #expect(back.joined?.resumed == false && world.closed.isEmpty)
  }

  @Test func whoComesBackNeedsAPlaceAsAnybody() throws {
    var limits = SignalingLimits()
    limits.peersPerRoomMax = 2
    let (world, ann, bob) = try restarted(limits)
    _ = try #require(world.join("tea"))
    #expect(world.comeBack(ann.session, ack: 1).joined?.gap == .restart)
    let late = world.comeBack(bob.session, ack: 1, number: 4)
    #expect(late.heard.first?.error?.code == .roomFull)
    #expect(late.heard.first?.error?.answers == 4)
    #expect(world.closed[late.connection] == .full)
  }

  @Test func noTwoHaveOnePlaceEvenIfTheCalendarWentBack() throws {
    let (world, ann, bob) = try restarted()
    _ = world.comeBack(ann.session, ack: 1)
    // Another run's secret with the same place, as of a calendar that was set back.
    let twin = World(seed: 99, now: world.now + (.zero - .seconds(3)) + (.zero - .milliseconds(5)))
    let other = try #require(twin.join("tea", name: "Twin"))
    let order = other.joined.profile.order
    let back = world.comeBack(other.joined.session, ack: 1)
    #expect(order == ann.profile.order)
    #expect(try #require(back.joined?.profile.order) > ann.profile.order)
    _ = bob
  }
}
