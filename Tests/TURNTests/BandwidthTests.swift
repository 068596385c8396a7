// How much of an allocation, and of a user, passes in a second.

import NetTypes
import STUN
import Testing

@testable import TURN

struct BandwidthTests {
  @Test(arguments: [1_000, 125_000, 10_000_000])
  func `over any time no more passes than the rate and one burst`(rate: Int) {
    let limit = Bandwidth(bytesPerSecond: rate)
    let burst = max(rate, Bandwidth.burstBytesMin)
    var random = SplitMix64(seed: UInt64(rate))
    var now = Instant(nanoseconds: 77)
    let start = now
    var level: Int64 = 0
    var passed = 0
    for _ in 0..<20_000 {
      now = now + .microseconds(Int64.random(in: 0...2_000, using: &random))
      let bytes = Int.random(in: 1...1_400, using: &random)
      if let next = limit.level(level, after: bytes, now: now) {
        level = next
        passed += bytes
      }
      let bound = burst + Int((now - start).wholeNanoseconds) / 1_000 * rate / 1_000_000 + 1
      #expect(passed <= bound, "seed \(rate)")
    }
    // Twenty seconds, in which about 14 MB were offered.
    #expect(passed >= min(rate * 19, 13_000_000), "\(passed)")
  }

  @Test func `even the lowest rate lets the largest datagram pass after a silence`() {
    let limit = Bandwidth(bytesPerSecond: 1)
    #expect(limit.level(0, after: 65_535, now: .zero) != nil)
    #expect(
      Bandwidth(bytesPerSecond: Bandwidth.bytesPerSecondMax).level(0, after: 1, now: .zero) == 1)
  }

  private func verdicts(_ bench: Bench, _ count: Int, from client: SocketAddress? = nil)
    -> [Verdict]
  {
    let datagram = bench.channelData(0x4000, [UInt8](repeating: 1, count: 9_996))
    return (0..<count).map { _ in bench.receive(datagram, from: client) }
  }

  @Test func `what an allocation may not pass is dropped by its reason, each way on its own`()
    throws
  {
    let bench = Bench { $0.limits.allocationBandwidth = Bandwidth(bytesPerSecond: 100_000) }
    try bench.allocate()
    try #require(try bench.bind(0x4000, bench.peer).isSuccess)
    let sent = verdicts(bench, 15)
    #expect(sent[10...].allSatisfy { $0 == .drop(.allocationBandwidth) })
    #expect(bench.drops(.allocationBandwidth) == 5)
    let counters = try #require(bench.records.first).counters
    #expect(counters.toPeers.packets == 10 && counters.fromClient.packets == 15)
    #expect(counters.drops == 5)
    // The other direction has a bucket of its own.
    let relay = try bench.lastRelay()
    let payload = [UInt8](repeating: 2, count: 9_996)
    for number in 1...12 {
      let (verdict, _) = bench.receive(payload, fromPeer: bench.peer, at: relay)
      #expect((verdict == .drop(.allocationBandwidth)) == (number > 10))
    }
    bench.advance(by: .milliseconds(500))
    #expect(verdicts(bench, 6).count { $0 == .drop(.allocationBandwidth) } == 1)
  }

  @Test func `a user's allocations share what he may pass, and another user has his own`() throws {
    let shared = BenchBandwidth(bytesPerSecond: 100_000)
    let bench = Bench(bandwidth: shared)
    let second = SocketAddress(IPAddress(198, 51, 100, 8), port: 1)
    let stranger = SocketAddress(IPAddress(198, 51, 100, 9), port: 1)
    for (client, name) in [(bench.client, "ann"), (second, "ann"), (stranger, "bob")] {
      try #require(try bench.allocate(username: name, from: client).isSuccess)
      let bound = try bench.ask(.channelBind, username: name, from: client) {
        $0.add(.channelNumber, uint32: 0x4000 << 16)
        $0.add(.xorPeerAddress, address: bench.peer)
      }
      try #require(bound.isSuccess)
    }
    #expect(shared.opened == ["ann": 2, "bob": 1])
    let first = verdicts(bench, 6)
    let then = verdicts(bench, 6, from: second)
    // Two more than fit, and one for which the first has drawn a chunk that it has not spent.
    #expect((2...3).contains((first + then).count { $0 == .drop(.userBandwidth) }))
    #expect(verdicts(bench, 10, from: stranger).allSatisfy { $0 != .drop(.userBandwidth) })
    // What a loop draws, it spends without asking again.
    let account = try #require(shared.accounts["bob"])
    #expect(account.taken < 10)
    for client in [bench.client, second] {
      #expect(
        try bench.ask(.refresh, from: client) { $0.add(.lifetime, uint32: 0) }.isSuccess)
    }
    #expect(shared.opened == ["ann": 0, "bob": 1])
  }
}
