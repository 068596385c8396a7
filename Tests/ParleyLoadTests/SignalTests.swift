// Holds the parts of a signaling run that need no server: schedule, order, URLs, frames.

import JSON
import NetTypes
import Testing

@testable import parley_load

@Suite struct SignalScheduleTests {
  @Test(arguments: [2, 3, 5, 32])
  func receiversAndTheirNumberAgree(peers: Int) {
    let schedule = SignalSchedule(peers: peers)
    for sender in 0..<peers {
      for number in 0..<(4 * peers) {
        let due = (0..<peers).filter { schedule.isDue(number, from: sender, at: $0) }
        #expect(due.count == schedule.receivers(of: number))
        #expect(!due.contains(sender))
        if let target = schedule.target(of: number, from: sender) { #expect(due == [target]) }
      }
    }
  }

  @Test func directedMessagesReachAllOthersInTurn() {
    let schedule = SignalSchedule(peers: 4)
    let targets = stride(from: 1, to: 13, by: 2).map { schedule.target(of: $0, from: 2) }
    #expect(targets == [3, 0, 1, 3, 0, 1])
    #expect(schedule.target(of: 0, from: 2) == nil)
  }

  @Test func repeatedAndLateMessagesAreNotInOrder() {
    var lane = SignalLane()
    let inOrder = [0, 4, 4, 3, 5].map { lane.record($0) }
    #expect(inOrder == [true, true, false, false, true])
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
  @Test func aMessageHoldsWhatTheReceiverChecks() throws {
    let padding = SignalFrames.padding(100, sender: 3)
    let bytes = SignalFrames.message(
      seq: 5, to: "pabc", number: 3, timeNs: 1_234_567_890_123_456, padding: padding)
    var parser = JSONObjectParser(sizeMax: 65_536)
    try parser.parse(bytes.span)
    #expect(parser.string("type") == "message")
    #expect(parser.integer("seq") == 5)
    #expect(parser.string("to") == "pabc")
    #expect(parser.integer("n", in: "data") == 3)
    #expect(parser.integer("t", in: "data") == 1_234_567_890_123_456)
    #expect(parser.string("p", in: "data") == padding)
    #expect(padding.utf8.count == 100)
    #expect(padding != SignalFrames.padding(100, sender: 4))
  }

  @Test func theLargestMessageStaysWithinTheProtocol() {
    let bytes = SignalFrames.message(
      seq: .max, to: String(repeating: "p", count: 64), number: .max, timeNs: .max,
      padding: SignalFrames.padding(SignalFrames.paddingMax, sender: 0))
    #expect(bytes.count <= 65_536)
  }

  @Test func messagesFollowTheJoinInNumber() {
    #expect(SignalPeer.seq(ofMessage: 0) == 2)
    #expect(SignalPeer.message(ofSeq: SignalPeer.seq(ofMessage: 7)) == 7)
  }
}
