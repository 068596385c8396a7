// Floods and silence.

import NetTypes
import Signaling
import Testing

@Suite struct LimitTests {
  private func pair(
    _ limits: SignalingLimits = SignalingLimits()
  ) throws -> (World, ann: ConnectionID, bob: ConnectionID, Joined) {
    let world = World(limits)
    let ann = try #require(world.join("tea"))
    let bob = try #require(world.join("tea"))
    _ = world.heard(ann.connection)
    return (world, ann.connection, bob.connection, ann.joined)
  }

  private let message = ClientMessage.Body.message(to: nil, data: RawJSON("1"))

  @Test func aBurstIsDeliveredAndWhatGoesBeyondIsNot() throws {
    let (world, ann, bob, _) = try pair()
    // The join took the first of the 200.
    for number in 2...205 { world.say(ann, Int64(number), message) }
    #expect(world.heard(bob).count == 199)
    let errors = world.heard(ann)
    #expect(errors.map { $0.error?.code } == Array(repeating: .rateLimited, count: 5))
    #expect(errors.first?.error?.retryAfterMs == 20)
    #expect(errors.map { $0.error?.answers } == [201, 202, 203, 204, 205])
    #expect(world.closed.isEmpty)
  }

  @Test func afterRetryAfterTheNextNumberIsDelivered() throws {
    let (world, ann, bob, _) = try pair()
    for number in 2...201 { world.say(ann, Int64(number), message) }
    _ = world.heard(bob)
    let wait = try #require(world.heard(ann).last?.error?.retryAfterMs)
    world.pass(.milliseconds(wait - 1))
    world.say(ann, 202, message)
    #expect(world.heard(bob) == [])
    world.pass(.milliseconds(1))
    world.say(ann, 203, message)
    #expect(world.heard(bob).count == 1)
  }

  @Test func theLongRunAllowsFiftyASecond() throws {
    let (world, ann, bob, _) = try pair()
    for number in 2...1_201 {
      world.pass(.milliseconds(10))
      world.say(ann, Int64(number), message)
    }
    // 12 seconds of 50, and the burst that was saved up before: 600 + 200, less the join.
    #expect((798...801).contains(world.heard(bob).count))
  }

  @Test func aThousandRefusalsEndTheConnection() throws {
    let (world, ann, bob, joined) = try pair()
    for number in 2...200 { world.say(ann, Int64(number), message) }
    for number in 201...1_199 { world.say(ann, Int64(number), message) }
    #expect(world.closed.isEmpty)
    _ = world.heard(bob)
    world.say(ann, 1_200, message)
    #expect(world.closed[ann] == .flood)
    #expect(world.heard(ann).last?.error?.code == .rateLimited)
    #expect(world.heard(bob) == [Heard(201, .change(joined.peer, .left(.error)))])
  }

  @Test func whoSendsTwiceWhatIsAllowedStaysAndWhoSendsFarMoreDoesNot() throws {
    let (world, ann, bob, _) = try pair()
    for number in 2...10_000 {
      world.pass(.milliseconds(10))
      world.say(ann, Int64(number), message)
      if number % 1_000 == 0 { world.say(bob, 1, .ping(ack: 0)) }
    }
    #expect(world.closed.isEmpty)
    // 1,000 a second, of which 50 are allowed.
    for number in 2...2_000 where world.closed[bob] == nil {
      world.pass(.milliseconds(1))
      world.say(bob, Int64(number), message)
    }
    #expect(world.closed == [bob: .flood])
  }

  @Test func pingsAndDuplicatesCountAsMessages() throws {
    let (world, ann, _, _) = try pair()
    for _ in 0..<199 { world.say(ann, 1, .ping(ack: 1)) }
    _ = world.heard(ann)
    world.say(ann, 1, .ping(ack: 1))
    #expect(world.heard(ann).map { $0.error?.code } == [.rateLimited])
    for _ in 0..<998 { world.say(ann, 0, message) }
    #expect(world.closed.isEmpty)
    world.say(ann, 0, message)
    #expect(world.closed[ann] == .flood)
  }

  @Test func oneFlooderCostsTheOthersNothing() throws {
    let (world, ann, bob, _) = try pair()
    for number in 2...500 { world.say(ann, Int64(number), message) }
    _ = world.heard(ann)
    world.say(bob, 2, message)
    #expect(world.heard(bob).allSatisfy { $0.error == nil })
    #expect(world.heard(ann).count == 1)
  }

  @Test func silenceForTwoAndAHalfHeartbeatsEndsTheConnection() throws {
    let (world, ann, bob, joined) = try pair()
    #expect(world.server.nextDeadline == world.now + .milliseconds(37_500))
    world.pass(.milliseconds(20_000))
    world.say(bob, 1, .ping(ack: 1))
    _ = world.heard(bob)
    world.pass(.milliseconds(17_499))
    #expect(world.closed.isEmpty)
    world.pass(.milliseconds(1))
    #expect(world.closed == [ann: .silent])
    #expect(world.heard(bob) == [Heard(2, .change(joined.peer, .left(.timeout)))])
    #expect(world.server.nextDeadline == world.now + .milliseconds(20_000))
  }

  @Test func anythingHeardKeepsAConnection() throws {
    let (world, ann, bob, _) = try pair()
    for round in 0..<20 {
      world.pass(.milliseconds(37_000))
      world.say(ann, nil, .invalid(.badMessage, detail: "\(round)"))
      world.say(bob, 1, .ping(ack: 1))
    }
    #expect(world.closed.isEmpty)
  }

  @Test func everybodySilentAtOnceIsTimedOutInOneStep() throws {
    let world = World()
    for index in 0..<100 { _ = try #require(world.join("room\(index % 7)")) }
    world.pass(.seconds(3_600))
    #expect(world.closed.count == 100)
    #expect(world.server.roomCount == 0)
    #expect(world.server.nextDeadline == nil)
    #expect(world.server.counters.left == [.timeout: 100])
  }
}
