// The rules of "Numbers" in Docs/protocol.md.

import NetTypes
import Signaling
import Testing

@Suite struct NumberTests {
  private func pair() throws -> (World, ann: ConnectionID, bob: ConnectionID, Joined) {
    let world = World()
    let ann = try #require(world.join("tea"))
    let bob = try #require(world.join("tea"))
    _ = world.heard(ann.connection)
    return (world, ann.connection, bob.connection, ann.joined)
  }

  @Test func aNumberSeenBeforeIsDroppedSilently() throws {
    let (world, ann, bob, _) = try pair()
    world.say(ann, 2, .message(to: nil, data: RawJSON("1")))
    world.say(ann, 2, .message(to: nil, data: RawJSON("2")))
    world.say(ann, 1, .leave)
    world.say(ann, 0, .invalid(.unknownType, detail: ""))
    world.say(ann, 3, .message(to: nil, data: RawJSON("3")))
    #expect(world.heard(bob).count == 2)
    #expect(world.heard(ann) == [])
    #expect(world.server.counters.drops == [.seenBefore: 3])
  }

  @Test(arguments: [Int64(4), 5, .max])
  func aGapEndsTheConnection(number: Int64) throws {
    let (world, ann, bob, joined) = try pair()
    world.say(ann, 2, .message(to: nil, data: RawJSON("1")))
    _ = world.heard(bob)
    world.say(ann, number, .message(to: nil, data: RawJSON("2")))
    let heard = world.heard(ann)
    #expect(heard.map { $0.error?.code } == [.outOfOrder])
    #expect(heard.first?.error?.answers == number)
    #expect(world.closed[ann] == .protocolError)
    #expect(world.heard(bob) == [Heard(3, .change(joined.peer, .left(.error)))])
  }

  @Test func aMessageWhoseNumberCannotBeReadHasUsedTheNext() throws {
    let (world, ann, bob, _) = try pair()
    world.say(ann, nil, .invalid(.badMessage, detail: "not JSON"))
    world.say(ann, 3, .message(to: nil, data: RawJSON("1")))
    #expect(world.heard(bob).count == 1)
    world.say(ann, 3, .ping(ack: 2))
    let heard = world.heard(ann)
    #expect(heard.first?.error?.code == .badMessage)
    #expect(heard.last == Heard(3, .pong(ack: 3)))
    #expect(world.closed.isEmpty)
  }

  @Test func pingAndPongRepeatTheLastNumber() throws {
    let (world, ann, bob, _) = try pair()
    world.say(ann, 1, .ping(ack: 1))
    world.say(ann, 2, .message(to: nil, data: RawJSON("1")))
    world.say(ann, 2, .ping(ack: 2))
    world.say(bob, 1, .ping(ack: 2))
    #expect(world.heard(ann) == [Heard(2, .pong(ack: 1)), Heard(2, .pong(ack: 2))])
    #expect(world.heard(bob).last == Heard(2, .pong(ack: 1)))
    #expect(world.closed.isEmpty)
  }

  @Test func aPingAheadOfTheNumbersIsAGap() throws {
    let (world, ann, _, _) = try pair()
    world.say(ann, 2, .ping(ack: 1))
    #expect(world.heard(ann).first?.error?.code == .outOfOrder)
    #expect(world.closed[ann] == .protocolError)
  }

  @Test func acknowledgementsOnlyGrowAndNeverPassWhatWasSent() throws {
    let (world, ann, _, _) = try pair()
    func acknowledged() -> Int64? { world.server.snapshot().first?.members.first?.acknowledged }
    world.say(ann, 1, .ping(ack: 2))
    #expect(acknowledged() == 2)
    world.say(ann, 1, .ping(ack: 1))
    #expect(acknowledged() == 2)
    _ = world.heard(ann)
    world.say(ann, 1, .ping(ack: 3))
    #expect(world.heard(ann).map { $0.error?.code } == [.badMessage])
    #expect(acknowledged() == 2)
    #expect(world.closed.isEmpty)
  }
}
