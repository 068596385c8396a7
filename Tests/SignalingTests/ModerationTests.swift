// What moderators, operators and permissions do.

import NetTypes
import Signaling
import Testing

@Suite struct ModerationTests {
  private let data = RawJSON("1")
  private let moderator = Grant(permissions: [.signal, .message, .moderate])

  @Test func aModeratorRemovesAPeerAndSaysWhy() throws {
    let world = World()
    let ann = try #require(world.join("tea", grant: moderator))
    let bob = try #require(world.join("tea"))
    let cid = try #require(world.join("tea"))
    for member in [ann, bob] { _ = world.heard(member.connection) }
    let reason = try #require(Reason("that was rude"))
    world.say(ann.connection, 2, .kick(bob.joined.peer, reason))
    let error = try #require(world.heard(bob.connection).last?.error)
    #expect(error.code == .kicked && error.text == "that was rude" && error.answers == nil)
    #expect(world.closed == [bob.connection: .kicked])
    for member in [ann, cid] {
      #expect(
        world.heard(member.connection).map(\.message) == [
          .change(bob.joined.peer, .left(.kicked))
        ])
    }
    #expect(world.comeBack(bob.joined.session, ack: 1).joined?.resumed == false)
  }

  @Test func whoIsAwayCanBeRemovedToo() throws {
    let world = World()
    let ann = try #require(world.join("tea", grant: moderator))
    let bob = try #require(world.join("tea"))
    world.close(bob.connection)
    world.say(ann.connection, 2, .kick(bob.joined.peer, .none))
    #expect(world.server.memberCount == 1 && world.closed.isEmpty)
    #expect(world.server.counters.left == [.kicked: 1])
  }

  @Test func aModeratorClosesTheRoomForEverybody() throws {
    let world = World()
    let ann = try #require(world.join("tea", grant: moderator))
    let bob = try #require(world.join("tea"))
    let cid = try #require(world.join("tea"))
    world.close(cid.connection)
    for member in [ann, bob] { _ = world.heard(member.connection) }
    world.say(ann.connection, 2, .closeRoom(try #require(Reason("it is late"))))
    for member in [ann, bob] {
      let heard = world.heard(member.connection)
      #expect(heard.map { $0.error?.code } == [.roomClosed])
      #expect(heard.first?.error?.text == "it is late")
      #expect(world.closed[member.connection] == .roomClosed)
    }
    #expect(world.server.roomCount == 0 && world.server.memberCount == 0)
    #expect(world.server.counters.left == [.closed: 3])
    #expect(world.server.nextDeadline == nil)
  }

  @Test func othersMayDoNeither() throws {
    let world = World()
    let ann = try #require(world.join("tea"))
    let bob = try #require(world.join("tea"))
    _ = world.heard(ann.connection)
    world.say(ann.connection, 2, .kick(bob.joined.peer, .none))
    world.say(ann.connection, 3, .closeRoom(.none))
    let heard = world.heard(ann.connection)
    #expect(heard.map { $0.error?.code } == [.notPermitted, .notPermitted])
    #expect(heard.map { $0.error?.answers } == [2, 3])
    #expect(world.closed.isEmpty && world.heard(bob.connection) == [])
  }

  @Test func nobodyRemovesWhoIsNotThere() throws {
    let world = World()
    let ann = try #require(world.join("tea", grant: moderator))
    world.say(ann.connection, 2, .kick(PeerID("p"), .none))
    world.say(ann.connection, 3, .kick(ann.joined.peer, .none))
    #expect(world.heard(ann.connection).map { $0.error?.code } == [.noSuchPeer, .noSuchPeer])
  }

  @Test func whoMayNotSignalOrSpeakIsToldSo() throws {
    let world = World()
    let listener = try #require(world.join("tea", grant: Grant(permissions: [])))
    let ann = try #require(world.join("tea"))
    _ = world.heard(listener.connection)
    let to = ann.joined.peer
    let bodies: [ClientMessage.Body] = [
      .offer(to: to, sdp: data), .answer(to: to, sdp: data), .candidate(to: to, candidate: data),
      .endOfCandidates(to: to, usernameFragment: nil), .message(to: to, data: data),
      .message(to: nil, data: data),
    ]
    for (index, body) in bodies.enumerated() {
      world.say(listener.connection, Int64(index + 2), body)
    }
    let errors = world.heard(listener.connection).map { $0.error?.code }
    #expect(errors == Array(repeating: .notPermitted, count: 6))
    #expect(world.heard(ann.connection) == [] && world.closed.isEmpty)
    world.say(ann.connection, 2, .message(to: nil, data: data))
    #expect(world.heard(listener.connection).count == 1)
    #expect(listener.joined.permissions.words == [])
    #expect(Permissions([.moderate, .signal]).words == ["signal", "moderate"])
  }

  @Test func theOperatorRemovesClosesAndSpeaks() throws {
    let world = World()
    let room = RoomKey(name: try #require(RoomName("tea")))
    let ann = try #require(world.join("tea"))
    let bob = try #require(world.join("tea"))
    _ = world.heard(ann.connection)
    var done: [Bool] = []
    world.perform { done.append($0.say("five minutes", in: room, now: world.now, into: &$1)) }
    #expect(world.heard(ann.connection) == [Heard(3, .notice("five minutes"))])
    #expect(world.heard(bob.connection) == [Heard(2, .notice("five minutes"))])
    world.perform { done.append($0.kick(bob.joined.peer, from: room, now: world.now, into: &$1)) }
    #expect(world.closed == [bob.connection: .kicked])
    world.perform { done.append($0.closeRoom(room, now: world.now, into: &$1)) }
    #expect(world.closed[ann.connection] == .roomClosed)
    #expect(done == [true, true, true])
    world.perform { server, effects in
      done = [
        server.say("?", in: room, now: world.now, into: &effects),
        server.kick(bob.joined.peer, from: room, now: world.now, into: &effects),
        server.closeRoom(room, now: world.now, into: &effects),
      ]
    }
    #expect(done == [false, false, false])
  }
}
