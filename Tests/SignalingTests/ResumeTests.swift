// Coming back: the newest connection of a session wins.

import NetTypes
import Signaling
import Testing

@Suite struct ResumeTests {
  @Test func theOlderConnectionOfTheSessionIsReplaced() throws {
    let world = World()
    let ann = try #require(world.join("tea", name: "Ann"))
    let bob = try #require(world.join("tea", name: "Bob"))
    let claim = ResumeRequest(session: bob.joined.session, ack: 1)
    let again = try #require(world.join("tea", name: "Bob", resume: claim))
    #expect(world.closed[bob.connection] == .replaced)
    #expect(!again.joined.resumed)
    #expect(again.joined.session != bob.joined.session)
    #expect(again.joined.peers?.map(\.peer) == [ann.joined.peer])
    #expect(
      world.heard(ann.connection) == [
        Heard(2, bob.joined.arrival),
        Heard(3, .change(bob.joined.peer, .left(.replaced))),
        Heard(4, again.joined.arrival),
      ])
    world.close(bob.connection)
    #expect(world.heard(ann.connection) == [])
  }

  @Test func aFullRoomHasAPlaceForWhoeverIsInItAlready() throws {
    var limits = SignalingLimits()
    limits.peersPerRoomMax = 1
    let world = World(limits)
    let ann = try #require(world.join("tea"))
    let claim = ResumeRequest(session: ann.joined.session, ack: 1)
    #expect(world.join("tea", resume: claim) != nil)
    #expect(world.closed[ann.connection] == .replaced)
  }

  @Test func aSecretOfNobodyOrOfAnotherRoomIsNoClaim() throws {
    let world = World()
    let ann = try #require(world.join("tea"))
    _ = try #require(
      world.join("tea", resume: ResumeRequest(session: SessionSecret("nobody"), ack: 3)))
    _ = try #require(
      world.join("coffee", resume: ResumeRequest(session: ann.joined.session, ack: 1)))
    #expect(world.closed.isEmpty)
  }

  @Test func aSecretEndsWithItsSession() throws {
    let world = World()
    let ann = try #require(world.join("tea"))
    _ = try #require(world.join("tea"))
    world.close(ann.connection)
    let claim = ResumeRequest(session: ann.joined.session, ack: 1)
    let again = try #require(world.join("tea", resume: claim))
    #expect(!again.joined.resumed)
    #expect(world.closed.isEmpty)
  }
}
