// Datagrams that come as a train: one decision for those that are alike, counts for each.

import NetTypes
import STUN
import TURNTesting
import Testing

@testable import TURN

struct PeerTrainTests {
  let bench = Bench()
  private let slot = (0..<3_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }

  /// Hands a whole train in: how many datagrams each verdict was about, and all frames.
  private func receive(_ train: Train, on bench: Bench) throws -> (counts: [Int], [[UInt8]]) {
    var train = train
    var counts: [Int] = []
    var frames: [[UInt8]] = []
    while train.count > 0 {
      let before = train.count
      let verdict = bench.turn.received(
        fromPeer: bench.peer, at: try bench.lastRelay(), &train, now: bench.now)
      counts.append(before - train.count)
      frames += bench.turn.frames(verdict, slot)
    }
    return (counts, frames)
  }

  private func payloads(_ train: Train) -> [[UInt8]] {
    var train = train
    var payloads: [[UInt8]] = []
    while let range = train.next() { payloads.append(Array(slot[range])) }
    return payloads
  }

  @Test
  func `behind a channel those of one length have one header, and a shorter last one its own`()
    throws
  {
    try bench.allocate()
    try #require(try bench.bind(0x4000, bench.peer).isSuccess)
    let train = Train(100..<2_000, size: 600)
    let (counts, frames) = try receive(train, on: bench)
    #expect(counts == [3, 1])
    #expect(frames == payloads(train).map { bench.channelData(0x4000, $0) })
    let counters = try #require(bench.records.first).counters
    #expect(counters.fromPeers == Traffic(packets: 4, bytes: 1_900))
    #expect(counters.toClient == Traffic(packets: 4, bytes: 1_916))
    #expect(counters.drops == 0)
  }

  @Test func `in a stream each of a train is padded`() throws {
    bench.transport = .tcp
    try bench.allocate()
    try #require(try bench.bind(0x4000, bench.peer).isSuccess)
    let train = Train(0..<17, size: 5)
    let (counts, frames) = try receive(train, on: bench)
    #expect(counts == [3, 1])
    #expect(
      frames
        == payloads(train).map { bench.channelData(0x4000, $0, padding: -$0.count & 3) })
    #expect(try #require(bench.records.first).counters.toClient.bytes == 3 * 12 + 8)
  }

  @Test func `each Data indication has an id of its own`() throws {
    try bench.allocate()
    try #require(try bench.permit(bench.peer).isSuccess)
    let train = Train(0..<250, size: 101)
    let (counts, frames) = try receive(train, on: bench)
    #expect(counts == [1, 1, 1])
    let indications = try frames.map { try Answer($0) }
    #expect(Set(indications.map(\.message.transactionID)).count == 3)
    for (indication, payload) in zip(indications, payloads(train)) {
      let data = try #require(indication.message.value(of: .data))
      #expect(Array(indication.bytes[data]) == payload)
    }
  }

  @Test func `what is refused is refused for all that are alike, and each is counted`() throws {
    try bench.allocate()
    let stranger = SocketAddress(IPAddress(1, 1, 1, 1), port: 1)
    try #require(try bench.bind(0x4000, bench.peer).isSuccess)
    bench.advance(by: .seconds(301))
    #expect(try receive(Train(0..<400, size: 100), on: bench).counts == [4])
    #expect(bench.drops(.noPermission) == 4)
    var train = Train(0..<250, size: 100)
    while train.count > 0 {
      _ = bench.turn.received(
        fromPeer: stranger, at: try bench.lastRelay(), &train, now: bench.now)
    }
    #expect(bench.drops(.noPermission) == 7)
    let counters = try #require(bench.records.first).counters
    #expect(counters.fromPeers == Traffic(packets: 7, bytes: 650))
    #expect(counters.drops == 7 && counters.toClient == Traffic())
    var lost = Train(0..<250, size: 100)
    let nowhere = SlabHandle(index: 70, generation: 0)
    while lost.count > 0 {
      _ = bench.turn.received(fromPeer: stranger, at: nowhere, &lost, now: bench.now)
    }
    #expect(bench.drops(.noRelay) == 3)
  }

  @Test func `where a limit is in force each of a train is looked at by itself`() throws {
    let limited = Bench { $0.limits.allocationBandwidth = Bandwidth(bytesPerSecond: 1_000) }
    try limited.allocate()
    try #require(try limited.bind(0x4000, limited.peer).isSuccess)
    var passed = 0
    var relayed = 0
    for _ in 0..<40 {
      let (counts, frames) = try receive(Train(0..<3_000, size: 1_000), on: limited)
      #expect(counts == [1, 1, 1])
      passed += frames.count
      relayed += frames.reduce(0) { $0 + $1.count }
    }
    // The burst is of 65,536 bytes, and a train may be cut anywhere.
    #expect(passed == 65)
    let counters = try #require(limited.records.first).counters
    #expect(counters.toClient == Traffic(packets: 65, bytes: UInt64(relayed)))
    #expect(limited.drops(.allocationBandwidth) == 55)
  }

  @Test func `a train that the kernel did not take is taken back whole`() throws {
    try bench.allocate()
    try #require(try bench.bind(0x4000, bench.peer).isSuccess)
    var train = Train(0..<1_800, size: 600)
    let verdict = bench.turn.received(
      fromPeer: bench.peer, at: try bench.lastRelay(), &train, now: bench.now)
    let (recipient, traffic) = verdict.load
    #expect(traffic == Traffic(packets: 3, bytes: 1_812))
    bench.turn.sendFailed(recipient, traffic)
    let counters = try #require(bench.records.first).counters
    #expect(counters.toClient == Traffic() && counters.drops == 3)
    #expect(bench.turn.statistics.sendFailures == 3)
  }
}

struct ClientTrainTests {
  let bench = Bench()
  private let other = SocketAddress(IPAddress(9, 9, 9, 9), port: 9)

  private func payload(_ number: Int, _ length: Int) -> [UInt8] {
    (0..<length).map { UInt8(truncatingIfNeeded: number &* 31 &+ $0) }
  }

  /// Hands the datagrams in as one train, all but the last of which are as long as the first: how
  /// many each verdict was about, and what goes to which peer.
  private func receive(_ datagrams: [[UInt8]], on bench: Bench)
    -> (counts: [Int], verdicts: [Verdict], sent: [[UInt8]])
  {
    let front = [UInt8](repeating: 0xAA, count: 10)
    let slot = front + Array(datagrams.joined()) + [0xAA]
    let size = datagrams[0].count
    var train = Train(10..<slot.count - 1, size: size)
    var seen: (counts: [Int], verdicts: [Verdict], sent: [[UInt8]]) = ([], [], [])
    while train.count > 0 {
      let before = train.count
      let verdict = bench.turn.received(
        from: bench.tuple(), in: slot.span, &train, now: bench.now, effects: &bench.effects)
      seen.counts.append(before - train.count)
      seen.verdicts.append(verdict)
      guard case .toPeer(_, _, let range, _, let count) = verdict else { continue }
      for index in 0..<count {
        let start = range.lowerBound + index * size
        seen.sent.append(Array(slot[start..<start + range.count]))
      }
    }
    return seen
  }

  @Test func `those with one header are decided about at once, others each by itself`() throws {
    try bench.allocate()
    try #require(try bench.bind(0x4000, bench.peer).isSuccess)
    try #require(try bench.bind(0x4001, other).isSuccess)
    let payloads = (0..<7).map { payload($0, $0 == 5 ? 99 : $0 == 6 ? 40 : 100) }
    let channels: [UInt16] = [0x4000, 0x4000, 0x4000, 0x4001, 0x4001, 0x4001, 0x4001]
    let train = zip(channels, payloads).map { channel, bytes in
      bench.channelData(channel, bytes, padding: bytes.count == 99 ? 1 : 0)
    }
    let (counts, verdicts, sent) = receive(train, on: bench)
    #expect(counts == [3, 2, 1, 1])
    #expect(sent == payloads)
    let peers = verdicts.map { verdict -> SocketAddress? in
      if case .toPeer(_, let peer, _, _, _) = verdict { peer } else { nil }
    }
    #expect(peers == [bench.peer, other, other, other])
    let counters = try #require(bench.records.first).counters
    #expect(counters.fromClient == Traffic(packets: 7, bytes: 6 * 104 + 44))
    #expect(counters.toPeers == Traffic(packets: 7, bytes: 639) && counters.drops == 0)
  }

  @Test func `what is refused is refused for all that are alike, and each is counted`() throws {
    try bench.allocate()
    let train = (0..<4).map { bench.channelData(0x4000, payload($0, 100)) }
    let (counts, verdicts, _) = receive(train, on: bench)
    #expect(counts == [4] && verdicts == [.drop(.noChannel)])
    #expect(bench.drops(.noChannel) == 4)
    let counters = try #require(bench.records.first).counters
    #expect(counters.drops == 4 && counters.fromClient == Traffic(packets: 4, bytes: 416))
  }

  @Test func `strangers' trains and garbage are looked at one by one, and all counted`() throws {
    let train = (0..<3).map { bench.channelData(0x4000, payload($0, 100)) }
    #expect(receive(train, on: bench).counts == [1, 1, 1])
    #expect(bench.drops(.noAllocation) == 3)
    try bench.allocate()
    let garbage = [[UInt8]](repeating: [0x40, 0, 0, 9, 1, 2], count: 3)
    #expect(receive(garbage, on: bench).counts == [1, 1, 1])
    #expect(bench.drops(.malformedChannelData) == 3)
  }

  @Test func `where a limit is in force each is looked at by itself`() throws {
    let limited = Bench { $0.limits.allocationBandwidth = Bandwidth(bytesPerSecond: 1_000) }
    try limited.allocate()
    try #require(try limited.bind(0x4000, limited.peer).isSuccess)
    let train = (0..<50).map { limited.channelData(0x4000, payload($0, 996)) }
    #expect(receive(train, on: limited).counts == [Int](repeating: 1, count: 50))
    #expect(receive(train, on: limited).sent.count == 15)
    #expect(limited.drops(.allocationBandwidth) == 35)
  }

  @Test func `what the kernel did not take is taken back for all of them`() throws {
    try bench.allocate()
    try #require(try bench.bind(0x4000, bench.peer).isSuccess)
    let train = (0..<5).map { bench.channelData(0x4000, payload($0, 100)) }
    let verdict = try #require(receive(train, on: bench).verdicts.first)
    let (recipient, traffic) = verdict.load
    #expect(traffic == Traffic(packets: 5, bytes: 500))
    bench.turn.sendFailed(recipient, traffic)
    let counters = try #require(bench.records.first).counters
    #expect(counters.toPeers == Traffic() && counters.drops == 5)
  }
}
