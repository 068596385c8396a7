// What is kept for those who are away, and what they are told when that was not enough.

import NetTypes
import Signaling
import Testing

@Suite struct GapTests {
  private func pair(
    _ change: (inout SignalingLimits) -> Void = { _ in }
  ) throws -> (
    World, ann: (connection: ConnectionID, joined: Joined),
    bob: (connection: ConnectionID, joined: Joined)
  ) {
    var limits = SignalingLimits()
    limits.rates.message = Rate(perSecond: 10_000, burst: 10_000)
    change(&limits)
    let world = World(limits)
    let ann = try #require(world.join("tea"))
    let bob = try #require(world.join("tea"))
    _ = world.heard(ann.connection)
    return (world, ann, bob)
  }

  private func say(_ world: World, _ ann: ConnectionID, _ numbers: ClosedRange<Int64>, bytes: Int) {
    let data = RawJSON("\"\(String(repeating: "x", count: bytes))\"")
    for number in numbers { world.say(ann, number, .message(to: nil, data: data)) }
  }

  private func expectOverflow(_ back: Return, _ world: World, last: Int64) throws {
    #expect(back.joined?.resumed == true && back.joined?.gap == .overflow)
    #expect(back.number == last, "the next one has the number after it")
    #expect(back.rest == [], "all or nothing")
    #expect(back.joined?.peers?.count == 1)
    #expect(world.server.counters.gaps == [.overflow: 1])
  }

  @Test func twoHundredAndFiftySixMessagesAreKept() throws {
    let (world, ann, bob) = try pair()
    world.close(bob.connection)
    say(world, ann.connection, 2...257, bytes: 1)
    let back = world.comeBack(bob.joined.session, ack: 1)
    #expect(back.joined?.gap == nil && back.rest.map(\.number) == Array(2...257))
  }

  @Test func oneMoreIsAGapAndASnapshot() throws {
    let (world, ann, bob) = try pair()
    world.close(bob.connection)
    say(world, ann.connection, 2...258, bytes: 1)
    try expectOverflow(world.comeBack(bob.joined.session, ack: 1), world, last: 258)
    #expect(world.server.counters.drops == [.replayMessages: 1])
  }

  @Test func whoReceivedTheOneTooManyHasNoGap() throws {
    let (world, ann, bob) = try pair()
    say(world, ann.connection, 2...258, bytes: 1)
    let back = world.comeBack(bob.joined.session, ack: 2)
    #expect(back.joined?.gap == nil && back.rest.map(\.number) == Array(3...258))
  }

  @Test func aQuarterOfAMegabyteIsKept() throws {
    let (world, ann, bob) = try pair()
    world.close(bob.connection)
    say(world, ann.connection, 2...9, bytes: 30_000)
    let back = world.comeBack(bob.joined.session, ack: 1)
    #expect(back.joined?.gap == nil && back.rest.count == 8)
    world.close(back.connection)
    say(world, ann.connection, 10...10, bytes: 30_000)
    let secret = try #require(back.joined?.session)
    try expectOverflow(world.comeBack(secret, ack: 1), world, last: 10)
    #expect(world.server.counters.drops == [.replayBytes: 1])
  }

  @Test func aMinuteIsKept() throws {
    let (world, ann, bob) = try pair { $0.resumeWindowMs = 600_000 }
    say(world, ann.connection, 2...2, bytes: 1)
    world.close(bob.connection)
    for _ in 0..<2 {
      world.pass(.milliseconds(29_999))
      world.say(ann.connection, 2, .ping(ack: 1))
    }
    let back = world.comeBack(bob.joined.session, ack: 1)
    #expect(back.joined?.gap == nil && back.rest.count == 1)
    world.close(back.connection)
    world.pass(.milliseconds(2))
    let secret = try #require(back.joined?.session)
    let late = world.comeBack(secret, ack: 1)
    #expect(late.joined?.gap == .overflow)
  }

  @Test func whatIsKeptTooLongIsForgottenWithoutAnybodyAsking() throws {
    let (world, ann, bob) = try pair { $0.resumeWindowMs = 600_000 }
    world.close(bob.connection)
    world.close(ann.connection)
    _ = bob
    world.pass(.seconds(60))
    let waiting = world.server.snapshot().flatMap(\.members).map(\.waitingMessages)
    #expect(waiting == [0, 0])
    // Ann was told of bob's coming and of his break, bob of hers.
    #expect(world.server.counters.drops == [.replayAge: 3])
  }

  @Test func whoMissedNothingHasNoGapHoweverLongItWasAway() throws {
    var limits = SignalingLimits()
    limits.resumeWindowMs = 600_000
    let world = World(limits)
    let bob = try #require(world.join("tea"))
    world.close(bob.connection)
    world.pass(.seconds(500))
    let back = world.comeBack(bob.joined.session, ack: 1)
    #expect(back.joined?.resumed == true && back.joined?.gap == nil && back.rest == [])
  }

  @Test func anAcknowledgedMessageIsNotKept() throws {
    let (world, ann, bob) = try pair()
    say(world, ann.connection, 2...200, bytes: 1_000)
    func waiting() -> (Int, Int)? {
      world.server.snapshot().first?.members.last.map { ($0.waitingMessages, $0.waitingBytes) }
    }
    #expect(waiting()?.0 == 199 && (waiting()?.1 ?? 0) > 199_000)
    world.say(bob.connection, 1, .ping(ack: 200))
    #expect(waiting()?.0 == 0 && waiting()?.1 == 0)
  }

  @Test func whatTheClientSentIsNotTouchedByAGap() throws {
    let (world, ann, bob) = try pair()
    world.say(bob.connection, 2, .message(to: nil, data: RawJSON("1")))
    world.close(bob.connection)
    say(world, ann.connection, 2...300, bytes: 1)
    _ = world.heard(ann.connection)
    let back = world.comeBack(bob.joined.session, ack: 1, number: 3)
    #expect(back.joined?.gap == .overflow && back.joined?.ack == 2)
    world.say(back.connection, 3, .message(to: nil, data: RawJSON("3")))
    let heard = world.heard(ann.connection)
    #expect(heard.last?.message == .message(from: bob.joined.peer, data: RawJSON("3")))
  }

  @Test func theOthersHearOfAGapEvenIfTheyNeverHeardOfABreak() throws {
    let (world, ann, bob) = try pair()
    say(world, ann.connection, 2...300, bytes: 1)
    _ = world.heard(ann.connection)
    let back = world.comeBack(bob.joined.session, ack: 1)
    #expect(back.joined?.gap == .overflow)
    let told = world.heard(ann.connection).map(\.message)
    #expect(told == [.change(bob.joined.peer, .resumed(bob.joined.profile))])
  }

  @Test func aGapIsToldAgainWhenTheAnswerWasLost() throws {
    let (world, ann, bob) = try pair()
    world.close(bob.connection)
    say(world, ann.connection, 2...300, bytes: 1)
    let lost = world.comeBack(bob.joined.session, ack: 1)
    #expect(lost.joined?.gap == .overflow)
    say(world, ann.connection, 301...301, bytes: 1)
    let back = world.comeBack(bob.joined.session, ack: 1)
    #expect(back.joined?.gap == .overflow && back.number == 301 && back.rest == [])
    say(world, ann.connection, 302...302, bytes: 1)
    #expect(world.heard(back.connection).map(\.number) == [302])
  }
}
