// Holds the parts of a signaling run that need no server: schedule, order, URLs, frames.

import JSON
import NetTypes
import Testing

@testable import parley_load

@Suite struct SignalScheduleTests {
  @Test(arguments: [2, 3, 5, 32], FanOut.choices)
  func `receivers and their number agree`(peers: Int, fanOut: FanOut) {
    let schedule = SignalSchedule(peers: peers, fanOut: fanOut)
    for sender in 0..<peers {
      for number in 0..<(4 * peers) {
        let due = (0..<peers).filter { schedule.isDue(number, from: sender, at: $0) }
        #expect(due.count == schedule.receivers(of: number))
        #expect(!due.contains(sender))
        if let target = schedule.target(of: number, from: sender) { #expect(due == [target]) }
      }
    }
  }

  @Test func `messages to one reach all others in turn`() {
    let both = SignalSchedule(peers: 4, fanOut: .both)
    let targets = stride(from: 1, to: 13, by: 2).map { both.target(of: $0, from: 2) }
    #expect(targets == [3, 0, 1, 3, 0, 1])
    #expect(both.target(of: 0, from: 2) == nil)
    let one = SignalSchedule(peers: 4, fanOut: .peer)
    #expect((0..<4).map { one.target(of: $0, from: 2) } == [3, 0, 1, 3])
    #expect(SignalSchedule(peers: 4, fanOut: .room).target(of: 1, from: 2) == nil)
  }

  @Test func `an echo comes back to its sender and to nobody else`() {
    let echo = SignalSchedule(peers: 1, fanOut: .echo)
    #expect(echo.target(of: 5, from: 0) == 0)
    #expect(echo.isDue(5, from: 0, at: 0) && !echo.isDue(5, from: 0, at: 1))
    #expect(echo.receivers(of: 5) == 1 && echo.worth(of: 5) == echo.next)
  }

  @Test(arguments: FanOut.choices)
  func `a message that reached everybody is worth one more`(fanOut: FanOut) {
    let schedule = SignalSchedule(peers: 5, fanOut: fanOut)
    for number in 0..<4 {
      #expect(schedule.receivers(of: number) * schedule.worth(of: number) == schedule.next)
    }
  }

  @Test func `repeated and late messages are not in order`() {
    var lane = SignalLane()
    let inOrder = [0, 4, 4, 3, 5].map { lane.record($0) }
    #expect(inOrder == [true, true, false, false, true])
  }
}

@Suite struct SendOrderTests {
  private static let counts = [1, 2, 3, 12, 80, 200, 987, 4_000]

  @Test(arguments: counts) func `every peer sends once in each round`(peers: Int) {
    let order = SendOrder(peers: peers)
    for round in 0..<3 {
      let turns = (0..<peers).map { order.peer(at: round * peers + $0) }
      #expect(turns.sorted() == Array(0..<peers))
      #expect(turns.map { order.turn(of: $0) } == Array(0..<peers))
    }
  }

  @Test(arguments: [(10, 8), (50, 4), (125, 8), (3, 100)])
  func `the peers of a room send at all times of a round`(rooms: Int, peers: Int) {
    let order = SendOrder(peers: rooms * peers)
    for room in 0..<rooms {
      let turns = (0..<rooms * peers).filter { order.peer(at: $0) / peers == room }
      let gaps = zip(turns, turns.dropFirst() + [turns[0] + rooms * peers]).map { $1 - $0 }
      #expect((gaps.max() ?? 0) <= 3 * rooms, "room \(room): \(turns)")
    }
  }
}

@Suite struct SignalURLTests {
  @Test func hostPortAndPathAreFound() throws {
    let url = try #require(SignalURL("ws://127.0.0.1:8080/signal"))
    #expect(url.address == SocketAddress(.loopbackV4, port: 8_080))
    #expect(url.authority == "127.0.0.1:8080")
    #expect(url.path == "/signal")
    #expect(SignalURL("ws://[::1]:99/a/b")?.address == SocketAddress(.loopbackV6, port: 99))
    #expect(SignalURL("ws://[::1]")?.address == SocketAddress(.loopbackV6, port: 80))
    #expect(SignalURL("ws://localhost:7")?.address == SocketAddress(.loopbackV4, port: 7))
    #expect(SignalURL("ws://localhost")?.path == "/signal")
    #expect(SignalURL("ws://localhost:7")?.authority == "localhost:7")
  }

  @Test(arguments: [
    "", "ws://", "wss://127.0.0.1", "http://127.0.0.1", "ws://example.org", "ws://127.0.0.1:",
    "ws://127.0.0.1:99999", "ws://127.0.0.1/a b", "ws://127.0.0.1/\r\n", "ws://localhostile:1",
    "ws://127.0.0.1/?token=1", "ws://::1:80/", "ws:///signal", "ws://user@127.0.0.1/",
  ])
  func othersAreRefused(text: String) {
    #expect(SignalURL(text) == nil)
  }

  @Test func loopbackIsKnownInBothFamilies() throws {
    for text in ["127.0.0.1", "127.9.9.9", "::1"] {
      let address = try #require(IPAddress(text))
      #expect(Commands.isLoopback(address))
    }
    for text in ["128.0.0.1", "10.0.0.1", "0.0.0.0", "::", "::2", "::ffff:10.0.0.1"] {
      let address = try #require(IPAddress(text))
      #expect(!Commands.isLoopback(address))
    }
  }
}

@Suite struct SignalFramesTests {
  @Test func `a return names the session and what was received`() throws {
    var parser = JSONObjectParser(sizeMax: 65_536)
    try parser.parse(SignalFrames.resume(seq: 7, room: "r", session: "s", ack: 5).span)
    #expect(parser.string("type") == "join" && parser.integer("seq") == 7)
    #expect(parser.string("session", in: "resume") == "s")
    #expect(parser.integer("ack", in: "resume") == 5)
  }

  @Test func `messages follow the join in number`() {
    #expect(SignalPeer.seq(ofMessage: 0) == 2)
    #expect(SignalPeer.message(ofSeq: SignalPeer.seq(ofMessage: 7)) == 7)
  }
}
