// What the endpoint says of rooms, and that a server without signaling has none.

import AdminAPI
import Testing

@Suite struct RoomsHalfTests {
  @Test func `Rooms and members are told with their messages`() throws {
    try withServer(hasSignaling: true) { server in
      let port = try #require(server.signalingPort)
      let ann = try RoomClient(port: port, room: "tea", name: "Ann")
      let ben = try RoomClient(port: port, room: "tea", name: "Bén 🍵")
      let eve = try RoomClient(port: port, room: "attic", name: "")
      #expect(try ann.next().contains("presence"))
      ann.say(#"{"type":"message","seq":2,"data":1}"#)
      #expect(try ben.next().contains(#""type":"message""#))
      ben.say(#"{"type":"offer","seq":2,"to":"p000000000","sdp":"v=0"}"#)
      #expect(try ben.next().contains("no_such_peer"))

      let rooms = try server.ask("/rooms", RoomsDocument.self)
      #expect(rooms.rooms.map(\.room) == ["attic", "tea"])
      #expect(rooms.rooms.map(\.peers) == [1, 2])
      // Two joins, a message and an offer; two joined, presence, a message and an error.
      #expect(rooms.rooms.map(\.received) == [1, 4])
      #expect(rooms.rooms.map(\.sent) == [1, 5])

      let room = try server.ask("/rooms/tea", RoomDocument.self)
      #expect(room.room == "tea")
      #expect(room.members.map(\.name) == ["Ann", "Bén 🍵"])
      #expect(Set(room.members.map(\.peer)).count == 2)
      #expect(room.members[0].received == ["join": 1, "message": 1])
      #expect(room.members[0].sent == ["joined": 1, "presence": 1])
      #expect(room.members[0].lastError == nil)
      #expect(room.members[1].received == ["join": 1, "offer": 1])
      #expect(room.members[1].sent == ["joined": 1, "message": 1, "error": 1])
      #expect(room.members[1].lastError == "no_such_peer")
      #expect(room.members.allSatisfy { (0...10).contains($0.joinedSecondsAgo) })

      let signaling = try #require(try server.ask("/stats", StatsDocument.self).signaling)
      #expect(signaling.rooms == 2 && signaling.peers == 3 && signaling.sockets == 3)
      #expect(signaling.joined == 3 && signaling.accepted == 3)
      #expect(signaling.received == ["join": 3, "message": 1, "offer": 1])
      #expect(signaling.errors == ["no_such_peer": 1])
      #expect(signaling.suspended == [:] && signaling.resumed == 0 && signaling.limited == [:])
      #expect(signaling.responses == ["101": 3])
      withExtendedLifetime(eve) {}
    }
  }

  @Test func `A room ends with its last member`() throws {
    try withServer(hasSignaling: true) { server in
      let port = try #require(server.signalingPort)
      let ann = try RoomClient(port: port, room: "tea", name: "Ann")
      ann.say(#"{"type":"leave","seq":2}"#)
      #expect(try server.answers("/rooms", RoomsDocument.self) { $0.rooms.isEmpty })
      let answer = try server.client().ask("/rooms/tea")
      #expect(answer.status == 404 && answer.errorCode == "no_such_room")
      let left = try server.ask("/stats", StatsDocument.self).signaling?.left
      #expect(left == ["left": 1])
    }
  }

  @Test func `Without signaling there are no rooms and no counters of them`() throws {
    try withServer { server in
      for path in ["/rooms", "/rooms/tea"] {
        let answer = try server.client().ask(path)
        #expect(answer.status == 404 && answer.errorCode == ErrorDocument.noRooms)
      }
      let stats = try server.client().ask("/stats")
      #expect(!String(decoding: stats.body, as: UTF8.self).contains("signaling"))
    }
  }
}
