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
    for number in 2...206 { world.say(ann, Int64(number), message) }
    #expect(world.heard(bob).count == 200)
    let errors = world.heard(ann)
    #expect(errors.map { $0.error?.code } == Array(repeating: .rateLimited, count: 5))
    #expect(errors.first?.error?.retryAfterMs == 20)
    #expect(errors.map { $0.error?.answers } == [202, 203, 204, 205, 206])
    #expect(world.closed.isEmpty)
  }

  @Test func afterRetryAfterTheNextNumberIsDelivered() throws {
    let (world, ann, bob, _) = try pair()
    for number in 2...202 { world.say(ann, Int64(number), message) }
    _ = world.heard(bob)
    let wait = try #require(world.heard(ann).last?.error?.retryAfterMs)
    world.pass(.milliseconds(wait - 1))
    world.say(ann, 203, message)
    #expect(world.heard(bob) == [])
    world.pass(.milliseconds(1))
    world.say(ann, 204, message)
    #expect(world.heard(bob).count == 1)
  }

  @Test func theLongRunAllowsFiftyASecond() throws {
    let (world, ann, bob, _) = try pair()
    for number in 2...1_201 {
      world.pass(.milliseconds(10))
      world.say(ann, Int64(number), message)
    }
    // 12 seconds of 50, and the burst that was saved up before.
    #expect((798...801).contains(world.heard(bob).count))
  }

  @Test func anOperatorMayAllowMoreOrLessAndBurstsGrowWithIt() throws {
    #expect(ClientRates(messagesPerSecond: 50) == ClientRates())
    let faster = ClientRates(messagesPerSecond: 500)
    #expect(faster.message == Rate(perSecond: 500, burst: 2_000))
    #expect(faster.candidate == Rate(perSecond: 500, burst: 5_000))
    #expect(faster.description == ClientRates().description)
    #expect(faster.other == ClientRates().other)
    #expect(ClientRates(messagesPerSecond: 1).message == Rate(perSecond: 1, burst: 4))
  }

  @Test func aThousandRefusalsEndTheSessionAndSayWhenToComeBack() throws {
    let (world, ann, bob, joined) = try pair()
    for number in 2...201 { world.say(ann, Int64(number), message) }
    for number in 202...1_200 { world.say(ann, Int64(number), message) }
    #expect(world.closed.isEmpty)
    _ = world.heard(bob)
    world.say(ann, 1_201, message)
    #expect(world.closed[ann] == .flood)
    let error = try #require(world.heard(ann).last?.error)
    #expect(error.code == .rateLimited && error.retryAfterMs == 30_000)
    #expect(world.heard(bob) == [Heard(202, .change(joined.peer, .left(.error)))])
    #expect(world.comeBack(joined.session, ack: 1, number: 1_201).joined?.resumed == false)
  }

  @Test func whoSendsTwiceWhatIsAllowedStaysAndWhoSendsFarMoreDoesNot() throws {
    let (world, ann, bob, _) = try pair()
    for number in 2...10_000 {
      world.pass(.milliseconds(10))
      world.say(ann, Int64(number), message)
      if number % 1_000 == 0 { world.say(bob, 1, .ping(ack: 1)) }
    }
    #expect(world.closed.isEmpty)
    // 1,000 a second, of which 50 are allowed.
    for number in 2...2_000 where world.closed[bob] == nil {
      world.pass(.milliseconds(1))
      world.say(bob, Int64(number), message)
    }
    #expect(world.closed == [bob: .flood])
  }

  @Test func duplicatesCountAndPingsAreLimitedToo() throws {
    let (world, ann, _, _) = try pair()
    // The join took the first of the 60.
    for _ in 0..<59 { world.say(ann, 1, .ping(ack: 1)) }
    _ = world.heard(ann)
    world.say(ann, 1, .ping(ack: 1))
    #expect(world.heard(ann).map { $0.error?.code } == [.rateLimited])
    for _ in 0..<200 { world.say(ann, 0, message) }
    for _ in 0..<999 { world.say(ann, 0, message) }
    #expect(world.closed.isEmpty)
    world.say(ann, 0, message)
    #expect(world.closed[ann] == .flood)
  }

  @Test func eachKindHasAnAllowanceOfItsOwn() throws {
    let text = RawJSON("\"\"")
    let (world, ann, _, _) = try pair()
    let to = PeerID("p")
    let kinds: [([ClientMessage.Body], Int)] = [
      (
        [.candidate(to: to, candidate: text), .endOfCandidates(to: to, usernameFragment: nil)], 500
      ),
      ([.offer(to: to, sdp: text), .answer(to: to, sdp: text)], 100),
      ([.message(to: to, data: text)], 200),
      (
        [.ice(relay: false), .join(JoinRequest(room: "x")), .invalid(.unknownType, detail: "")], 59
      ),
    ]
    var number: Int64 = 1
    for (bodies, burst) in kinds {
      for index in 0..<burst {
        number += 1
        world.say(ann, number, bodies[index % bodies.count])
      }
      #expect(world.heard(ann).allSatisfy { $0.error?.code != .rateLimited })
      for body in bodies {
        number += 1
        world.say(ann, number, body)
        #expect(world.heard(ann).map { $0.error?.code } == [.rateLimited])
      }
    }
    #expect(world.server.counters.limited == [.connection: 8])
  }

  @Test func aReturnFillsNoAllowance() throws {
    let (world, ann, _, joined) = try pair()
    for number in 2...201 { world.say(ann, Int64(number), message) }
    let back = world.comeBack(joined.session, ack: 2, number: 201)
    world.say(back.connection, 202, message)
    #expect(world.heard(back.connection).map { $0.error?.code } == [.rateLimited])
  }

  @Test func aRoomHasAnAllowanceOfWhichAMessageToEverybodyTakesOneForEach() throws {
    var limits = SignalingLimits()
    limits.roomDeliveries = Rate(perSecond: 10, burst: 6)
    let (world, ann, bob, joined) = try pair(limits)
    let cid = try #require(world.join("tea"))
    world.say(ann, 2, message)
    world.say(bob, 2, message)
    world.say(cid.connection, 2, .message(to: joined.peer, data: RawJSON("1")))
    world.say(cid.connection, 3, .offer(to: joined.peer, sdp: RawJSON("1")))
    for connection in [ann, bob, cid.connection] { _ = world.heard(connection) }
    world.say(bob, 3, .message(to: joined.peer, data: RawJSON("1")))
    let error = try #require(world.heard(bob).first?.error)
    #expect(error.code == .rateLimited && error.retryAfterMs == 100 && error.answers == 3)
    #expect(world.heard(ann) == [] && world.server.counters.limited == [.room: 1])
    world.pass(.milliseconds(100))
    world.say(bob, 4, .message(to: joined.peer, data: RawJSON("1")))
    #expect(world.heard(ann).count == 1)
    let other = try #require(world.join("coffee"))
    let friend = try #require(world.join("coffee"))
    world.say(other.connection, 2, message)
    #expect(world.heard(friend.connection).count == 1)
  }

  @Test func moreThanARoomsAllowanceIsDeliveredWhenItIsFull() throws {
    var limits = SignalingLimits()
    limits.roomDeliveries = Rate(perSecond: 10, burst: 2)
    let (world, ann, bob, _) = try pair(limits)
    _ = try (0..<5).map { _ in try #require(world.join("tea")) }
    _ = world.heard(bob)
    world.say(ann, 2, message)
    #expect(world.heard(bob).count == 1)
  }

  @Test func oneFlooderCostsTheOthersNothing() throws {
    let (world, ann, bob, _) = try pair()
    for number in 2...500 { world.say(ann, Int64(number), message) }
    _ = world.heard(ann)
    world.say(bob, 2, message)
    #expect(world.heard(bob).allSatisfy { $0.error == nil })
    #expect(world.heard(ann).count == 1)
  }

  @Test func silenceForTwoAndAHalfHeartbeatsSuspends() throws {
    let (world, ann, bob, joined) = try pair()
    #expect(world.server.nextDeadline == world.now + .milliseconds(37_500))
    world.pass(.milliseconds(20_000))
    world.say(bob, 1, .ping(ack: 1))
    _ = world.heard(bob)
    world.pass(.milliseconds(17_499))
    #expect(world.closed.isEmpty)
    world.pass(.milliseconds(1))
    #expect(world.closed == [ann: .silent])
    #expect(world.heard(bob) == [Heard(2, .change(joined.peer, .suspended))])
    #expect(world.server.counters.suspended == [.silent: 1])
    #expect(world.server.nextDeadline == world.now + .milliseconds(20_000))
    #expect(world.comeBack(joined.session, ack: 1).joined?.resumed == true)
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

  @Test func everybodySilentAtOnceIsSuspendedInOneStepAndGoneInAnother() throws {
    let world = World()
    for index in 0..<100 { _ = try #require(world.join("room\(index % 7)")) }
    world.pass(.milliseconds(37_500))
    #expect(world.closed.count == 100 && world.server.memberCount == 100)
    world.pass(.seconds(30))
    #expect(world.server.memberCount == 0 && world.server.roomCount == 0)
    #expect(world.server.nextDeadline == nil)
    #expect(world.server.counters.left == [.timeout: 100])
  }

  @Test func anOldConnectionIsReplacedAtATimeOfItsOwn() throws {
    var limits = SignalingLimits()
    limits.connectionAgeMaxMs = 3_600_000
    let world = World(limits)
    var sessions: [ConnectionID: Joined] = [:]
    for _ in 0..<20 {
      let member = try #require(world.join("tea"))
      sessions[member.connection] = member.joined
    }
    var closings: Set<Instant> = []
    while world.closed.count < 20 {
      for connection in sessions.keys where world.closed[connection] == nil {
        world.say(connection, 1, .ping(ack: 1))
      }
      let before = world.closed.count
      world.pass(.seconds(30))
      if world.closed.count > before { closings.insert(world.now) }
      #expect(world.now <= Instant(nanoseconds: 1_000_000_000) + .seconds(3_631))
    }
    #expect(closings.count > 5)
    #expect(world.closed.values.allSatisfy { $0 == .aged })
    #expect(try #require(closings.min()) >= Instant(nanoseconds: 1_000_000_000) + .seconds(2_880))
    #expect(world.server.counters.suspended == [.aged: 20])
  }
}
