// Who hears of whom, when, and in which order.

import NetTypes
import Signaling
import Testing

@Suite struct PresenceTests {
  private let data = RawJSON("1")

  /// A room with more members than are told of each change at once.
  private func crowd(_ count: Int = 33) throws -> (World, [(connection: ConnectionID, Joined)]) {
    var limits = SignalingLimits()
    limits.peersPerRoomMax = 1_000
    let world = World(limits)
    let members = try (0..<count).map { _ in
      let member = try #require(world.join("tea"))
      return (connection: member.connection, member.joined)
    }
    world.pass(.milliseconds(200))
    for member in members { _ = world.heard(member.connection) }
    return (world, members)
  }

  private func changes(_ heard: [Heard]) -> [PresenceChange] {
    heard.flatMap { heard -> [PresenceChange] in
      if case .presence(let changes) = heard.message { changes } else { [] }
    }
  }

  @Test func inARoomOfThirtyTwoEachChangeIsToldAtOnce() throws {
    let (world, members) = try crowd(31)
    let last = try #require(world.join("tea"))
    #expect(world.heard(members[0].connection).map(\.message) == [last.joined.arrival])
    world.close(last.connection)
    #expect(world.heard(members[0].connection).count == 1)
    #expect(world.server.counters.collected == 0)
  }

  @Test func inALargerRoomTheyAreToldTogether() throws {
    let (world, members) = try crowd()
    let cid = try #require(world.join("tea"))
    world.close(members[5].connection)
    world.say(members[6].connection, 2, .leave)
    #expect(world.heard(members[0].connection) == [])
    #expect(world.server.nextDeadline == world.now + .milliseconds(200))
    world.pass(.milliseconds(199))
    #expect(world.heard(members[0].connection) == [])
    world.pass(.milliseconds(1))
    let heard = world.heard(members[0].connection)
    #expect(heard.count == 1)
    #expect(
      changes(heard) == [
        PresenceChange(cid.joined.peer, .joined(cid.joined.profile)),
        PresenceChange(members[5].1.peer, .suspended),
        PresenceChange(members[6].1.peer, .left(.left)),
      ])
    #expect(world.server.counters.collected >= 3)
    guard case .broadcast(let recipients, _) = world.effects.last else {
      return #expect(Bool(false), "\(world.effects.count) effects")
    }
    #expect(recipients.count == 31, "encoded but once")
  }

  @Test func nobodyIsToldWhatItKnowsAndNobodyOfItself() throws {
    let (world, members) = try crowd()
    world.close(members[5].connection)
    let cid = try #require(world.join("tea"))
    #expect(cid.joined.peers?.first { $0.peer == members[5].1.peer }?.isSuspended == true)
    let dan = try #require(world.join("tea"))
    let back = world.comeBack(members[5].1.session, ack: 1)
    world.pass(.milliseconds(200))
    let resumed = PresenceChange(members[5].1.peer, .resumed(members[5].1.profile))
    let arrival = PresenceChange(dan.joined.peer, .joined(dan.joined.profile))
    #expect(changes(world.heard(cid.connection)) == [arrival, resumed])
    #expect(changes(world.heard(dan.connection)) == [resumed])
    let own = changes(world.heard(back.connection))
    #expect(own.map(\.peer) == [cid.joined.peer, dan.joined.peer])
  }

  @Test func aPeerIsToldOfBeforeItsMessageToOne() throws {
    let (world, members) = try crowd()
    let cid = try #require(world.join("tea"))
    world.say(cid.connection, 2, .offer(to: members[0].1.peer, sdp: data))
    #expect(
      world.heard(members[0].connection).map(\.message) == [
        cid.joined.arrival, .offer(from: cid.joined.peer, sdp: data),
      ])
    // And everybody with the one, so that all see all in one order.
    #expect(world.heard(members[1].connection).map(\.message) == [cid.joined.arrival])
    world.pass(.milliseconds(200))
    #expect(world.effects == [])
  }

  @Test func aPeerIsToldOfBeforeItsMessageToEverybody() throws {
    let (world, members) = try crowd()
    let cid = try #require(world.join("tea"))
    world.say(cid.connection, 2, .message(to: nil, data: data))
    for member in members {
      #expect(
        world.heard(member.connection).map(\.message) == [
          cid.joined.arrival, .message(from: cid.joined.peer, data: data),
        ])
    }
    #expect(world.heard(cid.connection) == [])
  }

  @Test func aMessageOfSomebodyElseWaitsForNothing() throws {
    let (world, members) = try crowd()
    let cid = try #require(world.join("tea"))
    world.say(members[1].connection, 2, .message(to: nil, data: data))
    let message = ServerMessage.message(from: members[1].1.peer, data: data)
    #expect(world.heard(members[0].connection).map(\.message) == [message])
    world.pass(.milliseconds(200))
    #expect(world.heard(members[0].connection).map(\.message) == [cid.joined.arrival])
  }

  @Test func aShrinkingRoomKeepsTheOrder() throws {
    let (world, members) = try crowd()
    world.say(members[32].connection, 2, .leave)
    // Small again, but what waits comes first.
    world.say(members[31].connection, 2, .leave)
    world.pass(.milliseconds(200))
    let told = changes(world.heard(members[0].connection))
    #expect(told.map(\.peer) == [32, 31].map { members[$0].1.peer })
    world.say(members[30].connection, 2, .leave)
    #expect(changes(world.heard(members[0].connection)).count == 1)
  }

  @Test func whoIsAwayIsToldTogetherToo() throws {
    let (world, members) = try crowd()
    world.close(members[0].connection)
    world.pass(.milliseconds(200))
    _ = try #require(world.join("tea"))
    _ = try #require(world.join("tea"))
    world.pass(.milliseconds(200))
    let last = world.server.snapshot()[0].members[0].lastSent
    let back = world.comeBack(members[0].1.session, ack: last - 1)
    #expect(changes(back.rest).count == 2 && back.rest.count == 1)
  }

  @Test func whoseAnswerWithASnapshotWasOvertakenMissesNoChange() throws {
    var limits = SignalingLimits()
    limits.replay.messagesMax = 2
    limits.presenceAtOnceMax = 0
    let world = World(limits)
    let ann = try #require(world.join("tea"))
    let bob = try #require(world.join("tea"))
    world.pass(.milliseconds(200))
    world.close(ann.connection)
    for number in 2...5 {
      world.say(bob.connection, Int64(number), .message(to: ann.joined.peer, data: data))
    }
    let got = world.comeBack(ann.joined.session, ack: 2)
    let cid = try #require(world.join("tea"))
    let late = world.comeBack(ann.joined.session, ack: 2)
    #expect(got.joined?.gap == .overflow && late.joined?.gap == .overflow)
    let last = try #require(got.number)
    let again = world.comeBack(try #require(got.joined?.session), ack: last)
    #expect(again.joined?.gap == nil)
    let arrival = PresenceChange(cid.joined.peer, .joined(cid.joined.profile))
    #expect(changes(again.rest).contains(arrival))
  }

  @Test func aRoomThatEndsLeavesNothingToBeTold() throws {
    let (world, members) = try crowd()
    for member in members { world.say(member.connection, 2, .leave) }
    #expect(world.server.roomCount == 0 && world.server.nextDeadline == nil)
    world.pass(.milliseconds(200))
    #expect(world.effects == [])
  }
}
