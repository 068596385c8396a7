// What an operator does to rooms through the endpoint, and what is refused.

import AdminAPI
import Foundation
import Testing

@Suite struct RoomChangeTests {
  private func post(_ server: RunningServer, _ path: String) throws -> Answer {
    try server.client().ask(path, method: "POST")
  }

  @Test func `Everybody in a room is told what the operator says`() throws {
    try withServer(hasSignaling: true) { server in
      let port = try #require(server.signalingPort)
      let ann = try RoomClient(port: port, room: "tea", name: "Ann")
      let eve = try RoomClient(port: port, room: "attic", name: "Eve")
      let answer = try post(server, "/rooms/tea/say?text=We+close%20at%20n%C3%B6on%22")
      #expect(try answer.decoded(ChangeDocument.self) == ChangeDocument(peers: 1))
      #expect(
        try ann.next() == #"{"type":"notice","seq":2,"text":"We close at nöon\""}"#)
      #expect(try post(server, "/rooms/attic/say?text=x").status == 200)
      #expect(try eve.next().contains(#""seq":2,"text":"x""#), "nothing of the other room came")
    }
  }

  @Test func `A peer that is kicked is told why, and the others that it was`() throws {
    try withServer(hasSignaling: true) { server in
      let port = try #require(server.signalingPort)
      let ann = try RoomClient(port: port, room: "tea", name: "Ann")
      let ben = try RoomClient(port: port, room: "tea", name: "Ben")
      _ = try ann.next()
      let members = try server.ask("/rooms/tea", RoomDocument.self).members
      let peer = try #require(members.last?.peer)
      let answer = try post(server, "/rooms/tea/kick?peer=\(peer)&reason=be%20kind")
      #expect(try answer.decoded(ChangeDocument.self) == ChangeDocument(peers: 1))
      let error = try ben.next()
      #expect(error.contains(#""code":"kicked","message":"be kind""#))
      #expect(throws: SocketFailure.self) { try ben.next() }
      let change = try ann.next()
      #expect(change.contains(#""peer":"\#(peer)","state":"left","reason":"kicked""#))
      #expect(try post(server, "/rooms/tea/kick?peer=\(peer)").errorCode == "no_such_peer")
    }
  }

  @Test func `A room that is closed has nobody in it`() throws {
    try withServer(hasSignaling: true) { server in
      let port = try #require(server.signalingPort)
      let ann = try RoomClient(port: port, room: "tea", name: "Ann")
      let ben = try RoomClient(port: port, room: "tea", name: "Ben")
      _ = try ann.next()
      let answer = try post(server, "/rooms/tea/close")
      #expect(try answer.decoded(ChangeDocument.self) == ChangeDocument(peers: 2))
      for client in [ann, ben] {
        #expect(try client.next().contains("room_closed"))
        #expect(throws: SocketFailure.self) { try client.next() }
      }
      #expect(try server.ask("/rooms", RoomsDocument.self).rooms.isEmpty)
      #expect(try post(server, "/rooms/tea/close").errorCode == "no_such_room")
    }
  }

  @Test(arguments: [
    ("GET", "/rooms/tea/kick?peer=p", 405, "method_not_allowed"),
    ("GET", "/rooms/tea/close", 405, "method_not_allowed"),
    ("GET", "/rooms/tea/say?text=x", 405, "method_not_allowed"),
    ("POST", "/rooms/tea", 405, "method_not_allowed"),
    ("POST", "/rooms/tea/open", 405, "method_not_allowed"),
    ("GET", "/rooms/tea/open", 404, "not_found"),
    ("POST", "/rooms/nowhere/kick?peer=p", 404, "no_such_room"),
    ("POST", "/rooms/no%20such/say?text=x", 404, "no_such_room"),
    ("POST", "/rooms/tea/say?text=x&tenant=acme", 404, "no_such_room"),
    ("POST", "/rooms/tea/say?text=x&tenant=no%20such", 404, "no_such_room"),
    ("POST", "/rooms/tea/kick", 404, "no_such_peer"),
    ("POST", "/rooms/tea/kick?peer=p", 404, "no_such_peer"),
    ("POST", "/rooms/tea/kick?peer=p&reason=%07", 400, "bad_reason"),
    ("POST", "/rooms/tea/close?reason=\(String(repeating: "r", count: 129))", 400, "bad_reason"),
    ("POST", "/rooms/tea/say", 400, "bad_text"), ("POST", "/rooms/tea/say?text=", 400, "bad_text"),
    ("POST", "/rooms/tea/say?text=a%0Ab", 400, "bad_text"),
    ("POST", "/rooms/tea/say?text=\(String(repeating: "t", count: 1_025))", 400, "bad_text"),
  ])
  func `What cannot be done is refused, and nobody is told`(
    method: String, path: String, status: Int, code: String
  ) throws {
    try withServer(hasSignaling: true) { server in
      let port = try #require(server.signalingPort)
      let ann = try RoomClient(port: port, room: "tea", name: "Ann")
      let answer = try server.client().ask(path, method: method)
      #expect(answer.status == status && answer.errorCode == code)
      #expect(try post(server, "/rooms/tea/say?text=end").status == 200)
      #expect(try ann.next().contains(#""seq":2,"text":"end""#))
    }
  }

  @Test(arguments: [
    "Origin: https://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site",
  ])
  func `Pages in a browser may not touch rooms`(field: String) throws {
    try withServer(hasSignaling: true) { server in
      let port = try #require(server.signalingPort)
      let ann = try RoomClient(port: port, room: "tea", name: "Ann")
      for path in ["/rooms/tea/close", "/rooms/tea/say?text=x", "/rooms/tea/kick?peer=p"] {
        let answer = try server.client().ask(path, method: "POST", [field])
        #expect(answer.status == 403 && answer.errorCode == "from_page")
      }
      #expect(try server.ask("/rooms/tea", RoomDocument.self).members.count == 1)
      withExtendedLifetime(ann) {}
    }
  }

  @Test func `Paths of changes come out as they went in`() throws {
    let target = RoomTarget("tea", tenant: "acme")
    for path: AdminPath in [
      .change(target, .kick(peer: "p1", reason: "be kind & good=yes+?ü")),
      .change(RoomTarget("t~-._"), .kick(peer: "p1", reason: nil)),
      .change(target, .close(reason: nil)), .change(target, .say(text: "a b")),
      .rooms(tenant: "acme"), .rooms(tenant: nil), .room(target),
    ] {
      let parts = path.encoded.split(separator: "?", maxSplits: 1)
      let query = parts.count > 1 ? String(parts[1]) : ""
      let values = query.split(separator: "&").map { $0.split(separator: "=", maxSplits: 1) }
      #expect(
        AdminPath(decoded: String(parts[0])) { name in
          values.first { $0[0] == name }.flatMap { String($0[1]).removingPercentEncoding }
        } == path)
    }
  }
}
