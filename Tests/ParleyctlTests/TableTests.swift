// Tables as people see them.

import AdminAPI
import Testing

@testable import parleyctl

@Suite struct TableTests {
  @Test func `Columns stand under one another, numbers to the right`() {
    var table = Table([.left("NAME"), .right("COUNT"), .left("LAST")])
    table.rows = [["a", "1", "x"], ["longer", "123456", ""], ["日本", "7", "z"]]
    #expect(
      table.text == """
        NAME     COUNT  LAST
        a            1  x
        longer  123456
        日本         7  z
        """)
  }

  @Test(arguments: [("abc", 3), ("日本", 4), ("🍵", 2), ("e\u{301}", 1), ("", 0), ("❤️", 2)])
  func `Text is as wide as a terminal shows it`(text: String, width: Int) {
    #expect(Table.width(text) == width)
  }

  @Test func `Rooms are listed with a line each`() {
    var tea = RoomSummaryDocument()
    (tea.room, tea.peers, tea.openSeconds, tea.received, tea.sent) = ("tea", 2, 192, 14, 20)
    (tea.lastHeardSecondsAgo, tea.suspended, tea.queuedBytes) = (4, 1, 1_234)
    var document = RoomsDocument()
    #expect(Tables.text(document) == "Nobody is in a room.")
    document.rooms = [tea]
    document.omitted = 5
    #expect(
      Tables.text(document) == """
        ROOM  PEERS  SUSPENDED  OPEN FOR  LAST HEARD  FROM PEERS  TO PEERS  QUEUED
        tea       2          1     3m12s      4s ago          14        20  1.2 kB
        … and 5 more
        """)
  }

  @Test func `Members are listed with what they said and heard`() {
    var ann = MemberDocument()
    (ann.peer, ann.name, ann.joinedSecondsAgo) = ("p1", "A\u{1B}nn", 61)
    (ann.received, ann.role, ann.roundTripMs) = (["join": 1, "offer": 2], "host", 17)
    ann.pairs = [PairDocument(peer: "p22", local: "host", remote: "relay", transport: "udp")]
    var ben = MemberDocument()
    (ben.peer, ben.lastError, ben.sent) = ("p22", "no_such_peer", ["joined": 1])
    (ben.state, ben.suspendedSeconds) = ("suspended", 12)
    (ben.queuedMessages, ben.queuedBytes) = (3, 1_234)
    var document = RoomDocument()
    document.members = [ann, ben]
    let lines = Tables.text(document).split(separator: "\n").map { line in
      line.split(separator: " ").joined(separator: " ")
    }
    #expect(
      lines == [
        "PEER NAME STATE JOINED LAST HEARD ROUND TRIP QUEUE LAST ERROR PATHS FROM PEER TO PEER",
        #"p1 A\u{1b}nn host, connected 1m01s ago 0s ago 17 ms - - p22 host/relay udp"#
          + " join 1, offer 2 -",
        "p22 suspended 12s 0s ago 0s ago - 3, 1.2 kB no_such_peer - - joined 1",
      ])
  }

  @Test func `Tenants are shown where there are any, and changes in a sentence`() {
    var room = RoomSummaryDocument()
    (room.tenant, room.room) = ("acme", "tea")
    var document = RoomsDocument()
    document.rooms = [room]
    #expect(Tables.text(document).hasPrefix("TENANT  ROOM  PEERS"))
    #expect(Tables.text(ChangeDocument(peers: 1), "told") == "1 peer was told.")
    #expect(Tables.text(ChangeDocument(peers: 2), "sent away") == "2 peers were sent away.")
  }

  @Test func `Allocations are listed with what went through them`() {
    var document = AllocationsDocument()
    #expect(Tables.text(document) == "Nobody uses the relay.")
    var allocation = AllocationDocument()
    allocation.id = "0123456789abcdef0123456789abcdef"
    allocation.username = String(repeating: "u", count: 100)
    (allocation.client, allocation.relay) = ("127.0.0.1:4000", "192.0.2.7:50000")
    (allocation.ageSeconds, allocation.expiresInSeconds) = (10, 590)
    (allocation.permissions, allocation.channels, allocation.drops) = (1, 2, 3)
    allocation.fromClient = TrafficDocument(packets: 9, bytes: 1_234)
    allocation.toPeer = TrafficDocument(packets: 9, bytes: 1_198)
    allocation.fromPeer = TrafficDocument(packets: 1, bytes: 50)
    allocation.toClient = TrafficDocument(packets: 1, bytes: 54)
    document.allocations = [allocation]
    let lines = Tables.text(document).split(separator: "\n")
    let words = lines.map { line in line.split(separator: " ").joined(separator: " ") }
    let titles = """
      ID USER CLIENT RELAY AGE EXPIRES PERMS CHANNELS FROM CLIENT TO PEERS FROM PEERS TO CLIENT \
      DROPS
      """
    let user = String(repeating: "u", count: 31) + "…"
    let row = """
      01234567 \(user) 127.0.0.1:4000 192.0.2.7:50000 10s 9m50s 1 2 1.2 kB 1.1 kB 50 B 54 B 3
      """
    #expect(words == [titles, row])
    #expect(Set(lines.map(\.count)).count == 1, "the last column ends in one place")
  }
}
