// What a screen of `watch` has, and how fast it says that things go.

import AdminAPI
import Configuration
import EventLoop
import Glibc
import NetTypes
import Terminal
import Testing

@testable import parleyctl

@Suite struct WatchTests {
  private func sample(_ seconds: Int64, messages: Int, bytes: UInt64) -> Sample {
    var tea = RoomSummaryDocument()
    (tea.room, tea.peers, tea.openSeconds, tea.received, tea.sent) = ("tea", 2, 60, messages, 8)
    var attic = RoomSummaryDocument()
    (attic.room, attic.peers, attic.suspended) = ("attic", 1, 1)
    var allocation = AllocationDocument()
    (allocation.id, allocation.username, allocation.client) = ("0123456789ab", "u", "192.0.2.1:5")
    allocation.fromClient = TrafficDocument(packets: 1, bytes: bytes)
    var result = Sample()
    result.at = Instant.zero + .seconds(seconds)
    result.rooms = RoomsDocument()
    result.rooms?.rooms = [attic, tea]
    result.allocations.allocations = [allocation]
    var signaling = SignalingStatsDocument()
    (signaling.rooms, signaling.peers) = (2, 3)
    signaling.received = ["message": messages]
    signaling.errors = ["rate_limited": messages / 10]
    result.stats.signaling = signaling
    result.stats.relay.allocationsLive = 1
    return result
  }

  @Test func `Rates are differences by the seconds between`() throws {
    let rates = try #require(
      Rates(
        from: sample(10, messages: 100, bytes: 1_000), to: sample(12, messages: 140, bytes: 5_000)))
    #expect(rates.received == 20 && rates.errors == 2 && rates.rateLimited == 2)
    #expect(rates.fromClientsBytes == 2_000 && rates.toClientsBytes == 0)
    #expect(rates.rooms.map(\.room) == ["attic", "tea"] && rates.rooms.map(\.received) == [0, 20])
    #expect(rates.allocations.map(\.fromClientBytes) == [2_000])
  }

  @Test func `A rate is never below zero, though members left and counters begin anew`() throws {
    let rates = try #require(
      Rates(
        from: sample(10, messages: 100, bytes: 1_000), to: sample(11, messages: 40, bytes: 10)))
    #expect(rates.received == 0 && rates.fromClientsBytes == 0)
    #expect(rates.rooms.allSatisfy { $0.received == 0 })
    let now = sample(1, messages: 0, bytes: 0)
    #expect(Rates(from: now, to: now) == nil)
  }

  @Test func `Bytes of an allocation that ended stay in the sum`() throws {
    let before = sample(10, messages: 0, bytes: 1_000)
    var after = sample(11, messages: 0, bytes: 0)
    after.allocations.allocations = []
    after.stats.relay.closed.fromClient = TrafficDocument(packets: 2, bytes: 1_500)
    #expect(try #require(Rates(from: before, to: after)).fromClientsBytes == 500)
  }

  @Test func `A screen has the sums, the busiest room first, and the allocations`() {
    let (old, new) = (sample(1, messages: 0, bytes: 0), sample(2, messages: 30, bytes: 2_000))
    let screen = WatchScreen(server: "127.0.0.1:8081", size: .init(columns: 80, rows: 24))
    let lines = screen.lines(new, Rates(from: old, to: new))
    let texts = lines.map(\.text)
    #expect(texts.count == 24 && texts.last == "q ends")
    #expect(texts[1].hasPrefix("rooms 2   peers 3, 1 suspended"))
    #expect(texts[2].hasPrefix("messages in 30/s, out 0/s   errors 3.0/s"))
    #expect(texts[3].hasPrefix("allocations 1   clients in 2.0 kB/s, out 0 B/s"))
    let titles = texts.firstIndex { $0.hasPrefix("ROOM") } ?? 0
    #expect(lines[titles].style == .titles && Table.width(lines[titles].text) == 80)
    #expect(texts[titles + 1].hasPrefix("tea") && texts[titles + 1].contains("30/s"))
    #expect(texts[titles + 2].hasPrefix("attic"))
    #expect(texts.contains { $0.hasPrefix("01234567") && $0.contains("192.0.2.1:5") })
  }

  @Test(arguments: [(80, 24), (40, 10), (20, 3), (200, 60), (1, 1)])
  func `No line is wider than the terminal, and no screen higher`(columns: Int, rows: Int) {
    var crowd = sample(2, messages: 30, bytes: 2_000)
    let room = crowd.rooms?.rooms.first ?? RoomSummaryDocument()
    crowd.rooms?.rooms = (0..<300).map { number in
      var copy = room
      copy.room = String(repeating: "日本", count: 16) + "\(number)"
      return copy
    }
    let screen = WatchScreen(server: "server", size: .init(columns: columns, rows: rows))
    let rates = Rates(from: sample(1, messages: 0, bytes: 0), to: crowd)
    let lines = screen.lines(crowd, rates, trouble: "trouble")
    #expect(lines.count <= rows)
    #expect(lines.allSatisfy { Table.width($0.text) <= columns })
  }

  @Test func `What does not fit is counted`() {
    var crowd = sample(2, messages: 0, bytes: 0)
    let room = crowd.rooms?.rooms.first ?? RoomSummaryDocument()
    crowd.rooms?.rooms = Array(repeating: room, count: 100)
    let lines = WatchScreen(server: "s", size: .init(columns: 80, rows: 24)).lines(crowd, nil)
    let shown = lines.filter { $0.text.hasPrefix("attic") }.count
    #expect(lines.contains { $0.text == "… and \(100 - shown) more" })
    #expect(lines.contains { $0.text.hasPrefix("01234567") })
  }

  @Test func `Before the first answer there is nothing but the trouble`() {
    let screen = WatchScreen(server: "s", size: .init(columns: 80, rows: 5))
    let texts = screen.lines(nil, nil, trouble: "nobody answers").map(\.text)
    #expect(texts == ["parleyctl watch: s", "nobody answers", "", "", "q ends"])
  }

  @Test func `A server without rooms says so`() {
    var relay = sample(1, messages: 0, bytes: 0)
    (relay.rooms, relay.stats.signaling) = (nil, nil)
    let lines = WatchScreen(server: "s", size: .init(columns: 80, rows: 24)).lines(relay, nil)
    #expect(lines[1].text == "this server has no rooms")
    #expect(!lines.contains { $0.text.hasPrefix("ROOM") })
  }

  @Test(arguments: [
    (nil, "-"), (0, "0/s"), (0.04, "0.0/s"), (0.44, "0.4/s"), (9.94, "9.9/s"), (9.96, "10/s"),
    (1_234.5, "1235/s"),
  ])
  func `Rates have a digit more while they are small`(rate: Double?, text: String) {
    #expect(WatchScreen.perSecond(rate) == text)
  }
}
