// Coming back: nothing lost, nothing doubled, and the newest connection wins.

import NetTypes
import Signaling
import Testing

@Suite struct ResumeTests {
  private let hello = RawJSON("\"hello\"")

  private func pair(
    _ limits: SignalingLimits = SignalingLimits()
  ) throws -> (
    World, ann: (connection: ConnectionID, joined: Joined),
    bob: (connection: ConnectionID, joined: Joined)
  ) {
    let world = World(limits)
    let ann = try #require(world.join("tea", name: "Ann"))
    let bob = try #require(world.join("tea", name: "Bob"))
    _ = world.heard(ann.connection)
    return (world, ann, bob)
  }

  // MARK: Suspended

  @Test(arguments: [ConnectionEnd.lost, .slow])
  func aBrokenConnectionSuspendsItsSessionAndTheOthersAreTold(end: ConnectionEnd) throws {
    let (world, ann, bob) = try pair()
    world.close(bob.connection, end)
    #expect(world.heard(ann.connection) == [Heard(3, .change(bob.joined.peer, .suspended))])
    #expect(world.server.memberCount == 2)
    #expect(world.server.counters.suspended == [end: 1] && world.server.counters.left == [:])
    let cid = try #require(world.join("tea"))
    #expect(cid.joined.peers?.map(\.isSuspended) == [false, true])
  }

  @Test func aClientThatBrokeTheProtocolIsGoneAtOnce() throws {
    let (world, ann, bob) = try pair()
    world.close(bob.connection, .error)
    #expect(world.heard(ann.connection) == [Heard(3, .change(bob.joined.peer, .left(.error)))])
    #expect(world.comeBack(bob.joined.session, ack: 1).joined?.resumed == false)
  }

  @Test func whoDoesNotComeBackInTimeIsGone() throws {
    let (world, ann, bob) = try pair()
    world.close(bob.connection)
    _ = world.heard(ann.connection)
    world.say(ann.connection, 1, .ping(ack: 3))
    _ = world.heard(ann.connection)
    world.pass(.milliseconds(29_999))
    #expect(world.heard(ann.connection) == [])
    world.pass(.milliseconds(1))
    #expect(world.heard(ann.connection) == [Heard(4, .change(bob.joined.peer, .left(.timeout)))])
    #expect(world.server.counters.left == [.timeout: 1])
    let again = world.comeBack(bob.joined.session, ack: 1)
    #expect(again.joined?.resumed == false && again.number == 1)
    #expect(again.joined?.peer != bob.joined.peer)
    #expect(again.joined?.peers?.map(\.peer) == [ann.joined.peer])
  }

  @Test func aSuspendedSessionKeepsItsPlace() throws {
    var limits = SignalingLimits()
    limits.peersPerRoomMax = 2
    let (world, _, bob) = try pair(limits)
    world.close(bob.connection)
    let late = world.newConnection()
    world.enter(late, "tea")
    #expect(world.heard(late).first?.error?.code == .roomFull)
    #expect(world.comeBack(bob.joined.session, ack: 1).joined?.resumed == true)
  }

  // MARK: Nothing lost, nothing doubled

  @Test func whatWasMissedFollowsUnderItsOldNumbers() throws {
    let (world, ann, bob) = try pair()
    let to = bob.joined.peer
    world.say(ann.connection, 2, .offer(to: to, sdp: hello))
    world.close(bob.connection)
    world.say(ann.connection, 3, .candidate(to: to, candidate: hello))
    let cid = try #require(world.join("tea"))
    world.say(ann.connection, 4, .message(to: nil, data: hello))
    let back = world.comeBack(bob.joined.session, ack: 1)
    #expect(back.number == 1)
    #expect(back.joined?.resumed == true && back.joined?.gap == nil && back.joined?.peers == nil)
    #expect(back.joined?.peer == bob.joined.peer)
    #expect(back.joined?.profile == bob.joined.profile)
    let from = ann.joined.peer
    #expect(
      back.rest == [
        Heard(2, .offer(from: from, sdp: hello)),
        Heard(3, .candidate(from: from, candidate: hello)), Heard(4, cid.joined.arrival),
        Heard(5, .message(from: from, data: hello)),
      ])
    world.say(ann.connection, 5, .message(to: to, data: hello))
    #expect(world.heard(back.connection) == [Heard(6, .message(from: from, data: hello))])
    #expect(world.server.counters.replayed == 4 && world.server.counters.resumed == 1)
  }

  @Test func onlyWhatWasNotReceivedFollows() throws {
    let (world, ann, bob) = try pair()
    for number in 2...11 {
      world.say(ann.connection, Int64(number), .message(to: nil, data: RawJSON("\(number)")))
    }
    world.say(bob.connection, 1, .ping(ack: 5))
    world.close(bob.connection)
    let back = world.comeBack(bob.joined.session, ack: 8)
    #expect(back.number == 8 && back.rest.map(\.number) == [9, 10, 11])
    let again = world.comeBack(try #require(back.joined?.session), ack: 11)
    #expect(again.number == 11 && again.rest == [])
  }

  @Test func theClientIsToldWhatArrivedAndSendsTheRestUnderItsOldNumbers() throws {
    let (world, ann, bob) = try pair()
    world.say(bob.connection, 2, .message(to: nil, data: RawJSON("2")))
    world.close(bob.connection)
    _ = world.heard(ann.connection)
    let back = world.comeBack(bob.joined.session, ack: 1, number: 4)
    #expect(back.joined?.ack == 2)
    for number in 3...5 {
      world.say(back.connection, Int64(number), .message(to: nil, data: RawJSON("\(number)")))
    }
    world.say(back.connection, 2, .message(to: nil, data: RawJSON("2")))
    let heard = world.heard(ann.connection).dropFirst()
    #expect(
      heard.map(\.message)
        == (3...5).map { .message(from: bob.joined.peer, data: RawJSON("\($0)")) })
    #expect(world.server.counters.drops[.seenBefore] == 1)
  }

  @Test func theOthersAreToldOfTheReturn() throws {
    let (world, ann, bob) = try pair()
    world.close(bob.connection)
    _ = world.comeBack(bob.joined.session, ack: 1)
    #expect(
      world.heard(ann.connection) == [
        Heard(3, .change(bob.joined.peer, .suspended)),
        Heard(4, .change(bob.joined.peer, .resumed(bob.joined.profile))),
      ])
  }

  // MARK: Who wins

  @Test func theNewestConnectionWinsAndWhoNeverHeardOfABreakIsTold() throws {
    let (world, ann, bob) = try pair()
    let back = world.comeBack(bob.joined.session, ack: 1)
    #expect(world.closed == [bob.connection: .replaced])
    #expect(back.joined?.resumed == true)
    #expect(world.heard(ann.connection) == [], "nobody ever heard that it was away")
    world.close(bob.connection)
    world.say(bob.connection, 2, .leave)
    #expect(world.heard(ann.connection) == [] && world.server.memberCount == 2)
  }

  @Test func everyReturnMakesANewSecretAndTheOldOneIsGoodForNothing() throws {
    let (world, ann, bob) = try pair()
    let back = world.comeBack(bob.joined.session, ack: 1)
    let secret = try #require(back.joined?.session)
    #expect(secret != bob.joined.session)
    world.say(back.connection, 1, .ping(ack: 1))
    let thief = world.comeBack(bob.joined.session, ack: 1)
    #expect(thief.heard == [] && world.closed[thief.connection] == .replaced)
    #expect(world.closed[back.connection] == nil)
    #expect(world.server.counters.stale == 1)
    world.say(ann.connection, 2, .message(to: nil, data: hello))
    #expect(world.heard(back.connection).last?.number == 2)
    #expect(world.comeBack(secret, ack: 2).joined?.resumed == true)
  }

  @Test func theSecretBeforeWorksUntilTheAnswerIsKnownToHaveArrived() throws {
    let (world, ann, bob) = try pair()
    // Each answer is lost on its way.
    for _ in 0..<3 {
      let back = world.comeBack(bob.joined.session, ack: 1)
      #expect(back.joined?.resumed == true)
      world.close(back.connection)
    }
    world.say(ann.connection, 2, .message(to: nil, data: hello))
    let back = world.comeBack(bob.joined.session, ack: 1)
    #expect(back.rest == [Heard(2, .message(from: ann.joined.peer, data: hello))])
    // And with the secret of the last answer, which has shown that it arrived.
    world.close(back.connection)
    let secret = try #require(back.joined?.session)
    let next = world.comeBack(secret, ack: 2)
    #expect(next.joined?.resumed == true)
    let late = world.comeBack(bob.joined.session, ack: 2)
    #expect(world.closed[late.connection] == .replaced && late.heard == [])
    #expect(world.closed[next.connection] == nil)
  }

  @Test func aJoinThatWasLongUnderWayDoesNotTakeTheSessionFromANewerOne() throws {
    let (world, _, bob) = try pair()
    world.say(bob.connection, 2, .message(to: nil, data: hello))
    let back = world.comeBack(bob.joined.session, ack: 1, number: 5)
    let older = world.comeBack(bob.joined.session, ack: 1, number: 4)
    #expect(world.closed[older.connection] == .replaced && older.heard == [])
    #expect(world.closed[back.connection] == nil)
  }

  @Test func whomALateJoinOvertookComesBackWithTheAnswerThatItGot() throws {
    let world = World()
    let ann = try #require(world.join("tea"))
    let back = world.comeBack(ann.joined.session, ack: 1)
    let late = world.comeBack(ann.joined.session, ack: 1)
    #expect(world.closed[back.connection] == .replaced && late.joined?.resumed == true)
    let again = world.comeBack(try #require(back.joined?.session), ack: 1)
    #expect(again.joined?.resumed == true)
    #expect(world.comeBack(ann.joined.session, ack: 1).joined == nil, "it has a newer one")
  }

  @Test func twoTabsWithOneSecretDoNotFight() throws {
    let (world, _, bob) = try pair()
    let first = world.comeBack(bob.joined.session, ack: 1)
    world.say(first.connection, 2, .message(to: nil, data: hello))
    let second = world.comeBack(bob.joined.session, ack: 1, number: 2)
    #expect(world.closed[second.connection] == .replaced)
    #expect(world.closed[first.connection] == nil)
    #expect(!(CloseCode.replaced.rawValue < 4100))
  }

  @Test func leavingIsFinal() throws {
    let (world, ann, bob) = try pair()
    world.say(bob.connection, 2, .leave)
    let again = world.comeBack(bob.joined.session, ack: 1, number: 2)
    #expect(again.joined?.resumed == false && again.joined?.peer != bob.joined.peer)
    #expect(again.joined?.ack == 1, "its join is its number 1")
    world.say(again.connection, 2, .message(to: nil, data: hello))
    #expect(world.heard(ann.connection).last?.message.kind == .message)
  }

  @Test func aSecretOfNobodyOrOfAnotherRoomIsNoClaim() throws {
    let (world, ann, _) = try pair()
    let forged = world.comeBack(SessionSecret("nobody"), ack: 3, number: 9)
    #expect(forged.joined?.resumed == false)
    let elsewhere = world.comeBack(ann.joined.session, room: "coffee", ack: 1)
    #expect(elsewhere.joined?.resumed == false)
    #expect(world.closed.isEmpty)
  }

  @Test func nobodyReceivedWhatWasNotSent() throws {
    let (world, _, bob) = try pair()
    let back = world.comeBack(bob.joined.session, ack: 2)
    #expect(back.heard.first?.error?.code == .badMessage)
    #expect(world.closed == [back.connection: .protocolError])
    #expect(world.server.memberCount == 2)
  }

  // MARK: Admission

  @Test func aSecretIsEnoughWhereTheJoinTokenIsTooOld() throws {
    let (world, _, bob) = try pair()
    world.close(bob.connection)
    let refused = Admittance.refused(.tokenExpired, "too old")
    let back = world.comeBack(bob.joined.session, ack: 1, admittance: refused)
    #expect(back.joined?.resumed == true)
    world.say(back.connection, 2, .leave)
    let secret = try #require(back.joined?.session)
    let ended = world.comeBack(secret, ack: 1, number: 2, admittance: refused)
    #expect(ended.heard.first?.error?.code == .tokenExpired)
    #expect(world.closed[ended.connection] == .refused)
  }

  @Test func aSecretIsNotForWhomTheJoinTokenGivesAnotherName() throws {
    let (world, _, bob) = try pair()
    let other = Admittance.granted(Grant(peer: PeerID("eve")))
    let back = world.comeBack(bob.joined.session, ack: 1, admittance: other)
    #expect(back.joined?.resumed == false && back.joined?.peer == PeerID("eve"))
    #expect(world.closed.isEmpty)
  }

  @Test func whoEntersUnderAGrantedNameTakesItFromWhoHadIt() throws {
    let (world, ann, _) = try pair()
    let grant = Grant(peer: PeerID("eve"))
    let first = try #require(world.join("tea", grant: grant))
    _ = world.heard(ann.connection)
    let second = try #require(world.join("tea", grant: grant))
    #expect(world.closed == [first.connection: .replaced])
    #expect(
      world.heard(ann.connection).map(\.message) == [
        .change(PeerID("eve"), .left(.replaced)), second.joined.arrival,
      ])
  }

  // MARK: Advice

  @Test func anotherAddressAdvisesToRestartICE() throws {
    let world = World()
    let home = IPAddress("192.0.2.1")
    let bob = try #require(world.join("tea", address: home))
    let back = world.comeBack(bob.joined.session, ack: 1, address: home)
    #expect(back.joined?.restartIce == false)
    let secret = try #require(back.joined?.session)
    let abroad = world.comeBack(secret, ack: 1, address: IPAddress("192.0.2.2"))
    #expect(abroad.joined?.restartIce == true)
    let unknown = world.comeBack(try #require(abroad.joined?.session), ack: 1)
    #expect(unknown.joined?.restartIce == false)
  }

  @Test func beingAwayForLongAdvisesToRestartICE() throws {
    let (world, _, bob) = try pair()
    world.close(bob.connection)
    world.pass(.milliseconds(10_000))
    let back = world.comeBack(bob.joined.session, ack: 1)
    #expect(back.joined?.restartIce == false)
    world.close(back.connection)
    world.pass(.milliseconds(10_001))
    let late = world.comeBack(try #require(back.joined?.session), ack: 1)
    #expect(late.joined?.restartIce == true)
  }
}
