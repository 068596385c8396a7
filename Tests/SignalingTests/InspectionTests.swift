// What an operator sees of rooms and their members.

import NetTypes
import Signaling
import Testing

@Suite struct InspectionTests {
  private let sdp = RawJSON("\"v=0\"")

  @Test func theInspectorSeesWhoDoesWhat() throws {
    let world = World()
    let grant = Grant(role: Role("host"), permissions: [.signal, .message, .moderate])
    let ann = try #require(world.join("tea", grant: grant))
    let bob = try #require(world.join("tea"))
    world.pass(.seconds(2))
    world.say(ann.connection, 2, .offer(to: bob.joined.peer, sdp: sdp))
    world.say(ann.connection, 3, .offer(to: PeerID("p"), sdp: sdp))
    world.say(bob.connection, 1, .ping(ack: 2, rttMs: 34))
    let rooms = world.server.snapshot()
    #expect(rooms.map(\.name.text) == ["tea"] && rooms.map(\.tenant) == [.open])
    let members = try #require(rooms.first?.members)
    #expect(members.map(\.peer) == [ann.joined.peer, bob.joined.peer])
    #expect(members.map(\.connection) == [ann.connection, bob.connection])
    #expect(members[0].profile.role == Role("host"))
    #expect(members[0].permissions.contains(.moderate))
    #expect(members[0].received == [.join: 1, .offer: 2])
    #expect(members[0].sent == [.joined: 1, .presence: 1, .error: 1])
    #expect(members[0].lastError == .noSuchPeer && members[0].rttMs == nil)
    #expect(members[0].state == .connected(lastHeard: world.now))
    #expect(members[0].joined < world.now)
    #expect(members[0].waitingMessages == 2 && members[0].waitingBytes > 100)
    #expect(members[1].sent == [.joined: 1, .offer: 1, .pong: 1])
    #expect(members[1].lastSent == 2 && members[1].acknowledged == 2)
    #expect(members[1].lastError == nil && members[1].rttMs == 34)
    #expect(members[1].waitingMessages == 0 && members[1].waitingBytes == 0)
    let room = try #require(RoomName("tea"))
    #expect(world.server.snapshot(of: RoomKey(name: room))?.members.count == 2)
  }

  @Test func theInspectorSeesWhoIsAwayAndSinceWhen() throws {
    let world = World()
    _ = try #require(world.join("tea"))
    let bob = try #require(world.join("tea"))
    world.pass(.seconds(2))
    world.close(bob.connection)
    let since = world.now
    world.pass(.seconds(3))
    let member = try #require(world.server.snapshot().first?.members.last)
    #expect(member.state == .suspended(since: since) && member.connection == nil)
    #expect(member.lastHeard == since)
  }

  @Test func theWaysThatMediaTakesAreKeptAsReported() throws {
    var limits = SignalingLimits()
    limits.pairsMax = 2
    let world = World(limits)
    let ann = try #require(world.join("tea"))
    let others = try (0..<3).map { _ in try #require(world.join("tea")) }
    let direct = SelectedPair(local: .host, remote: .serverReflexive, transport: .udp)
    let relayed = SelectedPair(local: .relay, remote: .host, transport: .tcp)
    func pairs() -> [SelectedPair]? {
      world.server.snapshot().first?.members.first?.pairs.map(\.pair)
    }
    _ = world.heard(ann.connection)
    world.say(ann.connection, 2, .report(peer: others[0].joined.peer, pair: direct))
    world.say(ann.connection, 3, .report(peer: PeerID("p"), pair: direct))
    #expect(pairs() == [direct])
    world.say(ann.connection, 4, .report(peer: others[0].joined.peer, pair: relayed))
    #expect(pairs() == [relayed], "the newest of each")
    world.say(ann.connection, 5, .report(peer: others[1].joined.peer, pair: direct))
    world.say(ann.connection, 6, .report(peer: others[2].joined.peer, pair: direct))
    #expect(pairs() == [direct, direct], "no more than may be kept")
    world.say(others[2].connection, 2, .leave)
    #expect(pairs() == [direct], "of those who are there")
    #expect(world.server.counters.pairs == [.direct: 3, .relayed: 1])
    #expect(world.heard(ann.connection).allSatisfy { $0.error == nil })
  }
}
