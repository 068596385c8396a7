// What members say to each other, and what the server answers.

import NetTypes
import Signaling
import Testing

@Suite struct MessageTests {
  private let sdp = RawJSON(#""v=0\r\n""#)

  private func pair(
    _ limits: SignalingLimits = SignalingLimits()
  ) throws -> (
    World, ann: (connection: ConnectionID, joined: Joined),
    bob: (
      connection: ConnectionID, joined: Joined
    )
  ) {
    let world = World(limits)
    let ann = try #require(world.join("tea"))
    let bob = try #require(world.join("tea"))
    _ = world.heard(ann.connection)
    return (world, ann, bob)
  }

  @Test func everySignalReachesItsPeerUntouched() throws {
    let (world, ann, bob) = try pair()
    let to = bob.joined.peer
    let from = ann.joined.peer
    let candidate = RawJSON(#"{ "candidate":"x" , "new":[1] }"#)
    world.say(ann.connection, 2, .offer(to: to, sdp: sdp))
    world.say(ann.connection, 3, .answer(to: to, sdp: sdp))
    world.say(ann.connection, 4, .candidate(to: to, candidate: candidate))
    world.say(ann.connection, 5, .endOfCandidates(to: to, usernameFragment: RawJSON("\"u\"")))
    world.say(ann.connection, 6, .endOfCandidates(to: to, usernameFragment: nil))
    world.say(ann.connection, 7, .message(to: to, data: RawJSON("[null]")))
    #expect(
      world.heard(bob.connection) == [
        Heard(2, .offer(from: from, sdp: sdp)), Heard(3, .answer(from: from, sdp: sdp)),
        Heard(4, .candidate(from: from, candidate: candidate)),
        Heard(5, .endOfCandidates(from: from, usernameFragment: RawJSON("\"u\""))),
        Heard(6, .endOfCandidates(from: from, usernameFragment: nil)),
        Heard(7, .message(from: from, data: RawJSON("[null]"))),
      ])
    #expect(world.heard(ann.connection) == [])
  }

  @Test func aMessageToEverybodyIsOneBroadcastToTheOthers() throws {
    let (world, ann, bob) = try pair()
    let cid = try #require(world.join("tea"))
    _ = world.heard(bob.connection)
    world.say(cid.connection, 2, .message(to: nil, data: RawJSON("1")))
    #expect(world.effects.count == 1)
    guard case .broadcast(let recipients, _) = world.effects.first else {
      return #expect(Bool(false), "\(world.effects)")
    }
    #expect(recipients.map(\.connection) == [ann.connection, bob.connection])
    #expect(recipients.map(\.number) == [4, 3])
  }

  @Test func aMessageToEverybodyWhenAloneGoesNowhere() throws {
    let world = World()
    let ann = try #require(world.join("tea"))
    world.say(ann.connection, 2, .message(to: nil, data: RawJSON("1")))
    #expect(world.effects == [])
  }

  @Test func aPeerThatIsNotThereIsSaidSo() throws {
    let (world, ann, bob) = try pair()
    world.say(bob.connection, 2, .leave)
    _ = world.heard(ann.connection)
    let bodies: [ClientMessage.Body] = [
      .offer(to: bob.joined.peer, sdp: sdp), .answer(to: PeerID(""), sdp: sdp),
      .candidate(to: PeerID("p"), candidate: RawJSON("{}")),
      .endOfCandidates(to: PeerID("p"), usernameFragment: nil),
      .message(to: PeerID("p"), data: RawJSON("1")),
      .offer(to: ann.joined.peer, sdp: sdp),
    ]
    for (index, body) in bodies.enumerated() {
      let number = Int64(index + 2)
      world.say(ann.connection, number, body)
      let heard = world.heard(ann.connection)
      #expect(heard.map { $0.error?.code } == [.noSuchPeer])
      #expect(heard.first?.error?.answers == number)
    }
    #expect(world.closed == [bob.connection: .left])
  }

  @Test func freshICEServersComeOnDemand() throws {
    let (world, ann, _) = try pair()
    world.say(ann.connection, 2, .ice(relay: false))
    let room = try #require(RoomName("tea"))
    let offer = FixedICE().offer(
      for: ann.joined.peer, in: RoomKey(name: room), withRelay: true)
    #expect(world.heard(ann.connection) == [Heard(3, .ice(offer))])
  }

  @Test func leavingIsFinalAndTheOthersSeeItAtOnce() throws {
    let (world, ann, bob) = try pair()
    world.say(ann.connection, 2, .leave)
    #expect(world.closed[ann.connection] == .left)
    #expect(world.heard(bob.connection) == [Heard(2, .change(ann.joined.peer, .left(.left)))])
    world.say(ann.connection, 3, .message(to: nil, data: RawJSON("1")))
    #expect(world.effects == [])
    #expect(world.server.counters.drops == [.noSession: 1])
  }

  @Test func aSecondJoinIsAnErrorOnly() throws {
    let (world, ann, bob) = try pair()
    world.say(ann.connection, 2, .join(JoinRequest(room: "coffee")))
    #expect(world.heard(ann.connection).first?.error?.code == .alreadyJoined)
    world.say(ann.connection, 3, .offer(to: bob.joined.peer, sdp: sdp))
    #expect(world.heard(bob.connection).count == 1)
  }

  @Test(arguments: [ErrorCode.badMessage, .unknownType])
  func whatIsNotUnderstoodIsAnErrorOnlyAndUsesItsNumber(code: ErrorCode) throws {
    let (world, ann, bob) = try pair()
    world.say(ann.connection, 2, .invalid(code, detail: "why"))
    world.say(ann.connection, nil, .invalid(.badMessage, detail: "not JSON"))
    world.say(ann.connection, 4, .offer(to: bob.joined.peer, sdp: sdp))
    let errors = world.heard(ann.connection)
    #expect(errors.map(\.number) == [3, 4])
    #expect(errors.map { $0.error?.code } == [code, .badMessage])
    #expect(errors.map { $0.error?.answers } == [2, nil])
    #expect(errors.first?.error?.text == "why")
    #expect(world.heard(bob.connection).count == 1)
    #expect(world.closed.isEmpty)
  }

  @Test func stoppingTellsEverybodyWhenToComeBackAndEndsWith1001() throws {
    let (world, ann, bob) = try pair()
    _ = try #require(world.join("coffee"))
    world.close(try #require(world.join("tea")).connection)
    _ = (world.heard(ann.connection), world.heard(bob.connection))
    world.perform { $0.stop(now: world.now, into: &$1) }
    var pauses: Set<Int64> = []
    for connection in [ann.connection, bob.connection] {
      let error = try #require(world.heard(connection).first?.error)
      #expect(error.code == .goingAway && world.closed[connection] == .goingAway)
      pauses.insert(try #require(error.retryAfterMs))
    }
    #expect(pauses.count == 2 && pauses.allSatisfy { (0...5_000).contains($0) })
    #expect(world.closed.count == 3)
    #expect(world.server.memberCount == 0 && world.server.roomCount == 0)
    #expect(world.server.nextDeadline == nil)
  }

  @Test func everyErrorHasThePropertiesOfTheTable() {
    let temporary: Set<ErrorCode> = [
      .tooManyAttempts, .roomFull, .serverFull, .tenantFull, .rateLimited, .goingAway,
    ]
    let closes: [ErrorCode: CloseCode] = [
      .notJoined: .protocolError, .outOfOrder: .protocolError, .badRoom: .refused,
      .badName: .refused, .badToken: .refused, .tokenExpired: .refused, .forbidden: .refused,
      .tooManyAttempts: .tooManyAttempts, .roomFull: .full, .serverFull: .full,
      .tenantFull: .full, .goingAway: .goingAway, .kicked: .kicked, .roomClosed: .roomClosed,
    ]
    for code in ErrorCode.allCases {
      #expect(code.isTemporary == temporary.contains(code))
      #expect(code.closes == closes[code])
    }
  }
}
