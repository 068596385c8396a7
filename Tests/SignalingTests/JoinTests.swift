// Coming in: the first message, the roster, the roles, the limits.

import NetTypes
import Signaling
import Testing

@Suite struct JoinTests {
  private func refusal(_ message: ClientMessage) -> (ErrorCode, CloseCode, Int64?)? {
    let verdict = Lobby.judge(message, sessions: SessionKey(secrets: [[1]])) { _, _ in
      .granted(Grant())
    }
    guard case .refuse(let error, let close) = verdict else { return nil }
    return (error.code, close, error.answers)
  }

  @Test func whateverComesBeforeTheJoinEndsTheConnection() throws {
    let bodies: [ClientMessage.Body] = [
      .offer(to: PeerID("p"), sdp: RawJSON("\"\"")), .answer(to: PeerID("p"), sdp: RawJSON("\"\"")),
      .candidate(to: PeerID("p"), candidate: RawJSON("{}")), .leave, .ice(relay: false),
      .ping(ack: 0),
      .endOfCandidates(to: PeerID("p"), usernameFragment: nil),
      .message(to: nil, data: RawJSON("1")), .invalid(.unknownType, detail: ""),
    ]
    for body in bodies {
      let (code, close, answers) = try #require(refusal(ClientMessage(number: 1, body: body)))
      #expect(code == .notJoined)
      #expect(close == .protocolError)
      #expect(answers == 1)
    }
  }

  @Test func aBrokenFirstMessageEndsTheConnection() throws {
    let message = ClientMessage(number: nil, body: .invalid(.badMessage, detail: "not JSON"))
    let (code, close, answers) = try #require(refusal(message))
    #expect(code == .badMessage && close == .protocolError && answers == nil)
  }

  @Test func theFirstNumberIsOne() throws {
    func first(_ number: Int64) -> (ErrorCode, CloseCode, Int64?)? {
      refusal(ClientMessage(number: number, body: .join(JoinRequest(room: "tea"))))
    }
    #expect(try #require(first(0)).0 == .badMessage)
    #expect(try #require(first(0)).1 == .protocolError)
    #expect(try #require(first(2)).0 == .outOfOrder)
    #expect(try #require(first(2)).1 == .protocolError)
    #expect(first(1) == nil)
  }

  @Test(arguments: [
    "", "a b", "ä", "a/b", "a\u{0}", String(repeating: "x", count: 65), "room!", " tea",
  ])
  func roomsHaveNarrowNames(room: String) throws {
    let refused = refusal(ClientMessage(number: 1, body: .join(JoinRequest(room: room))))
    let (code, close, answers) = try #require(refused)
    #expect(code == .badRoom && close == .refused && answers == 1)
  }

  @Test(arguments: ["a", "A-Z_0.9~", String(repeating: "x", count: 64)])
  func everyAllowedRoomNameIsTaken(room: String) {
    #expect(refusal(ClientMessage(number: 1, body: .join(JoinRequest(room: room)))) == nil)
  }

  @Test(arguments: ["a\u{0}", "a\nb", "\u{7F}", "\u{9B}31m", String(repeating: "é", count: 33)])
  func namesOfPeopleAreShortAndPrintable(name: String) throws {
    let join = ClientMessage.Body.join(JoinRequest(room: "tea", name: name))
    let (code, close, _) = try #require(refusal(ClientMessage(number: 1, body: join)))
    #expect(code == .badName && close == .refused)
  }

  @Test(arguments: ["", "Ann", "Zoë 🫖", String(repeating: "é", count: 32)])
  func everyAllowedNameOfAPersonIsTaken(name: String) {
    let join = ClientMessage.Body.join(JoinRequest(room: "tea", name: name))
    #expect(refusal(ClientMessage(number: 1, body: join)) == nil)
  }

  @Test func theNewcomerGetsTheRosterInTheOrderOfJoins() throws {
    let world = World()
    let ann = try #require(world.join("tea", name: "Ann"))
    #expect(ann.joined.peers == [])
    #expect(ann.joined.ack == 1)
    #expect(!ann.joined.resumed)
    #expect(ann.joined.room == RoomName("tea"))
    let bob = try #require(world.join("tea"))
    let cid = try #require(world.join("tea", name: "Cid"))
    #expect(ann.joined.profile.name == DisplayName("Ann"))
    #expect(bob.joined.profile.name == .none)
    let others = [
      Joined.Peer(peer: ann.joined.peer, profile: ann.joined.profile),
      Joined.Peer(peer: bob.joined.peer, profile: bob.joined.profile),
    ]
    #expect(cid.joined.peers == others)
    #expect(
      world.heard(ann.connection) == [
        Heard(2, bob.joined.arrival), Heard(3, cid.joined.arrival),
      ])
  }

  @Test func theNewcomerIsAnsweredBeforeTheOthersAreTold() throws {
    let world = World()
    let ann = try #require(world.join("tea"))
    let bob = try #require(world.join("tea"))
    guard case .send(let first, 1, .joined) = world.effects.first,
      case .broadcast(let recipients, .presence) = world.effects.last
    else { return #expect(Bool(false), "\(world.effects)") }
    #expect(first == bob.connection)
    #expect(recipients.map(\.connection) == [ann.connection])
  }

  @Test func roomsDoNotMeet() throws {
    let world = World()
    let ann = try #require(world.join("tea"))
    let bob = try #require(world.join("Tea"))
    #expect(bob.joined.peers == [])
    #expect(world.heard(ann.connection) == [])
    world.say(ann.connection, 2, .offer(to: bob.joined.peer, sdp: RawJSON("\"v\"")))
    #expect(world.heard(ann.connection).first?.error?.code == .noSuchPeer)
    #expect(world.heard(bob.connection) == [])
  }

  @Test func theOrderGrowsWithEachMemberFromTheCalendarOn() throws {
    let world = World()
    let orders = try (0..<3).map { _ in try #require(world.join("tea")).joined.profile.order }
    #expect(orders == [0, 1, 2].map { World.startUnixMs + $0 })
    world.pass(.milliseconds(500))
    #expect(try #require(world.join("tea")).joined.profile.order == World.startUnixMs + 500)
  }

  @Test func peersGetRandomNamesAndSecretsOfTheirOwn() throws {
    let world = World()
    var peers: Set<PeerID> = []
    var secrets: Set<SessionSecret> = []
    for _ in 0..<32 {
      let joined = try #require(world.join("tea")).joined
      #expect(joined.peer.text.utf8.count == 10)
      #expect(joined.ice.servers.last?.username == "tea-\(joined.peer.text)")
      peers.insert(joined.peer)
      secrets.insert(joined.session)
    }
    #expect(peers.count == 32 && secrets.count == 32)
  }

  @Test func aFullRoomTurnsAwayAndTakesAgainWhenSomebodyLeaves() throws {
    var limits = SignalingLimits()
    limits.peersPerRoomMax = 2
    let world = World(limits)
    let ann = try #require(world.join("tea"))
    _ = try #require(world.join("tea"))
    let late = world.newConnection()
    world.enter(late, "tea")
    let heard = world.heard(late)
    #expect(heard.map(\.number) == [1])
    #expect(heard.first?.error?.code == .roomFull)
    #expect(heard.first?.error?.answers == 1)
    #expect(world.closed[late] == .full)
    world.say(ann.connection, 2, .leave)
    #expect(world.join("tea") != nil)
  }

  @Test func aFullServerTurnsAwayNewRoomsAndNewMembers() throws {
    var limits = SignalingLimits()
    limits.roomsMax = 1
    limits.sessionsMax = 2
    let world = World(limits)
    let ann = try #require(world.join("tea"))
    let other = world.newConnection()
    world.enter(other, "coffee")
    #expect(world.heard(other).first?.error?.code == .serverFull)
    #expect(world.closed[other] == .full)
    _ = try #require(world.join("tea"))
    let third = world.newConnection()
    world.enter(third, "tea")
    #expect(world.heard(third).first?.error?.code == .serverFull)
    #expect(world.server.memberCount == 2)
    world.say(ann.connection, 2, .leave)
    #expect(world.join("tea") != nil)
  }

  @Test func anEmptyRoomIsForgotten() throws {
    let world = World()
    let ann = try #require(world.join("tea"))
    #expect(world.server.roomCount == 1)
    world.say(ann.connection, 2, .leave)
    #expect(world.server.roomCount == 0)
    #expect(world.server.memberCount == 0)
    #expect(world.server.nextDeadline == nil)
  }
}
