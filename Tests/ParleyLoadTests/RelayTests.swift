// Holds the parts of a relay run that need no server.

import Configuration
import NetTypes
import TURNClient
import Testing
import Traffic

@testable import parley_load

@Suite struct RateSearchTests {
  /// Searches where everything up to `limit` passes; returns what was found and what was tried.
  private func search(from first: Int, most: Int, limit: Int) -> (best: Int, tries: Int) {
    var search = RateSearch(from: first, most: most)
    var tries = 0
    while let rate = search.next {
      #expect(rate >= 0 && rate <= most)
      tries += 1
      search.record(passed: rate <= limit)
    }
    return (search.best, tries)
  }

  @Test(arguments: [1, 7, 99, 100, 101, 5_000, 123_456])
  func `the limit is found to two parts in a hundred, wherever it is`(_ limit: Int) {
    for first in [1, 50, 4_000, 200_000] {
      let found = search(from: first, most: 1_000_000, limit: limit)
      #expect(found.best <= limit)
      #expect(Double(limit - found.best) <= max(1, Double(limit) * 0.025), "from \(first)")
      #expect(found.tries <= 64)
    }
  }

  @Test func `nothing is tried beyond the most, and nothing at all may pass`() {
    #expect(search(from: 10, most: 1_000, limit: 1_000_000).best == 1_000)
    #expect(search(from: 10, most: 1_000, limit: 0).best == 0)
  }

  @Test func `a hiccup is no limit, but two of them in succession are`() {
    var search = RateSearch(from: 100, most: 1_000)
    search.record(passed: false)
    #expect(search.next == 100)
    search.record(passed: true)
    #expect(search.next == 150)
    search.record(passed: false)
    search.record(passed: false)
    #expect(search.next == 125)
  }
}

@Suite struct BurstTests {
  private let payload = NumberedPayload(run: 9, size: 101)

  /// Stamps a burst and hands its datagrams to `check`.
  private func datagrams(of burst: inout Burst, number: UInt64) -> [[UInt8]] {
    burst.stamp(sender: 6, number: number, due: Instant(nanoseconds: 77))
    let bytes = burst.bytes
    return stride(from: 0, to: bytes.count, by: burst.length).map {
      Array(bytes[$0..<$0 + burst.length])
    }
  }

  @Test func `each packet of a burst has the next number and the same time`() {
    var burst = Burst(of: 3, header: [0x40, 0, 0, 101], payload: payload)
    let datagrams = datagrams(of: &burst, number: 12)
    #expect(datagrams.map(\.count) == [105, 105, 105])
    for (index, datagram) in datagrams.enumerated() {
      #expect(datagram.starts(with: [0x40, 0, 0, 101]))
      let finding = payload.check(datagram.span, 4..<105, from: 6)
      #expect(finding == .valid(number: 12 + UInt64(index), due: Instant(nanoseconds: 77)))
    }
  }

  @Test func `padding stands behind each payload, and another header in front`() {
    var burst = Burst(of: 2, header: [1, 1, 1, 1], payload: payload, alignment: 4)
    burst.address([2, 3, 4, 5])
    for datagram in datagrams(of: &burst, number: 0) {
      #expect(datagram.count == 108)
      #expect(datagram.starts(with: [2, 3, 4, 5]))
      #expect(datagram.suffix(3) == [0, 0, 0])
    }
  }
}

@Suite struct BareHandshakeTests {
  @Test func `it is six bytes each way, sent again until it is answered`() {
    let peer = SocketAddress(IPAddress(127, 0, 0, 1), port: 0x1234)
    var handshake = BareHandshake(peer: peer)
    #expect(handshake.request == [127, 0, 0, 1, 0x12, 0x34])
    handshake.begin(now: .zero)
    #expect(handshake.advance(to: .zero + .milliseconds(499)) == false)
    #expect(handshake.advance(to: .zero + .milliseconds(500)) == true)
    let answer: [UInt8] = [127, 0, 0, 1, 0xAB, 0xCD]
    let event = handshake.answered(answer.span)
    let relay = SocketAddress(IPAddress(127, 0, 0, 1), port: 0xABCD)
    #expect(event == .allocated(relay: relay, lifetime: .zero))
    #expect(handshake.advance(to: .zero + .seconds(100)) == false)
  }

  @Test func `in vain it ends`() {
    var handshake = BareHandshake(peer: SocketAddress(.loopbackV4, port: 9))
    handshake.begin(now: .zero)
    var now = Instant.zero
    var sent = 1
    while let again = handshake.advance(to: now) {
      if again { sent += 1 }
      now = now + .milliseconds(100)
    }
    #expect(sent == 7)
  }
}

@Suite struct PacketCountsTests {
  @Test func `what the system refuses is missing, and what was not due in time is not`() {
    var counts = PacketCounts()
    var outcome = TrainSender.Outcome(sent: 8)
    outcome.code = 11
    counts.left(outcome, of: 16, at: .zero, due: .zero)
    counts.unsent = 100
    var tracker = SequenceTracker(capacity: 16)
    for number in 0..<4 {
      let took = counts.arrived(
        UInt64(number), due: .zero, in: &tracker, at: Instant(nanoseconds: 50))
      #expect(took == 50)
    }
    let again = counts.arrived(0, due: .zero, in: &tracker, at: .zero)
    #expect(again == nil)
    #expect(counts.lost == 4)
    #expect(counts.refused == 8)
    #expect(counts.missingPercent == 75)
  }
}

@Suite struct RelayOptionsTests {
  private func options(_ words: String) throws -> RelayOptions {
    var options = RelayOptions()
    options.user = (name: "a", password: Secret("b"))
    for word in words.split(separator: " ") {
      switch word {
      case "pairs": options.isPaired = true
      case "up": options.direction = .toPeer
      case "bare":
        options.isBare = true
        options.user = nil
      case "tls": options.transport = .tls
      case "trust": options.trusted = "ca.pem"
      case "only": options.allocatesOnly = true
      case "max": options.findsMax = true
      case "three": options.clients = 3
      case "user": options.user = (name: "a", password: Secret("b"))
      default: break
      }
    }
    try options.check(["relay"])
    return options
  }

  @Test(arguments: ["", "pairs", "three up", "bare", "tls trust", "only", "max", "bare max"])
  func `what goes together is taken`(_ words: String) throws { _ = try options(words) }

  @Test(arguments: [
    "pairs three", "pairs up", "bare pairs", "bare only", "bare user", "tls", "trust", "only max",
  ])
  func `what contradicts itself is refused`(_ words: String) {
    #expect(throws: MalformedValue.self) { try options(words) }
  }

  @Test func `each way has room for what goes there`() throws {
    var options = try options("up")
    options.perSecond = 100
    options.burst = 16
    options.seconds = 1
    #expect(options.burstsPerSender == 6)
    #expect(options.packetsTowardsPeer == 96)
    #expect(options.packetsTowardsClient == 0)
    #expect(options.peerSockets == 2)
  }
}
