// What the core does differently for clients over TCP and TLS.

import NetTypes
import STUN
import Testing

@testable import TURN

struct StreamClientTests {
  private func bench(_ transport: Transport) throws -> Bench {
    let bench = Bench()
    bench.transport = transport
    try bench.allocate()
    try #require(try bench.bind(0x4000, bench.peer).isSuccess)
    return bench
  }

  @Test("Trap 24: ChannelData is padded with zeros to streams, and not at all over UDP")
  func padding() throws {
    for transport in Transport.allCases {
      let bench = try bench(transport)
      for length in 0...9 {
        let payload = [UInt8](repeating: 7, count: length)
        let relay = try bench.lastRelay()
        let (_, frame) = bench.receive(payload, fromPeer: bench.peer, at: relay)
        let padding = transport.isStream ? -length & 3 : 0
        #expect(frame == bench.channelData(0x4000, payload, padding: padding))
      }
    }
  }

  @Test("CVE-2020-4067: padding never holds what the buffer held before")
  func paddingIsZero() throws {
    let bench = try bench(.tcp)
    // The bench fills its buffers with 0xAA.
    let (_, frame) = bench.receive([1], fromPeer: bench.peer, at: try bench.lastRelay())
    #expect(frame == [0x40, 0, 0, 1, 1, 0, 0, 0])
    let stranger = SocketAddress(bench.peer.ip, port: 1)
    let (_, data) = bench.receive([1], fromPeer: stranger, at: try bench.lastRelay())
    #expect(data.suffix(4) == [1, 0, 0, 0])
  }

  @Test func `padded ChannelData from a stream is relayed without its padding`() throws {
    let bench = try bench(.tls)
    for length in 0...5 {
      let payload = [UInt8](repeating: 7, count: length)
      let verdict = bench.receive(
        bench.channelData(0x4000, payload, padding: -length & 3))
      guard case .toPeer(_, _, let range, _, _) = verdict else {
        Issue.record("\(verdict)")
        return
      }
      #expect(range.count == length)
    }
  }

  @Test func `an allocation ends with its client's connection, and its port and quota are free`()
    throws
  {
    let bench = try bench(.tcp)
    #expect(bench.hasAllocation)
    bench.disconnect()
    #expect(!bench.hasAllocation)
    #expect(bench.records.isEmpty && bench.openRelays.isEmpty && bench.quota.total == 0)
    // A second end, or one of a connection that never had an allocation, is nothing.
    bench.disconnect()
    #expect(bench.quota.total == 0)
    try bench.allocate()
    #expect(bench.records.count == 1)
  }

  @Test func `addresses that are the same over another transport are another client`() throws {
    let bench = try bench(.tcp)
    bench.transport = .tls
    #expect(!bench.hasAllocation)
    bench.disconnect()
    #expect(bench.records.count == 1)
    #expect(bench.receive(bench.channelData(0x4000, [1])) == .drop(.noAllocation))
  }

  @Test("coturn #1289: what a slow client's stream does not take is a counted drop, not traffic")
  func slowClient() throws {
    let bench = try bench(.tcp)
    let (verdict, frame) = bench.receive([1, 2], fromPeer: bench.peer, at: try bench.lastRelay())
    #expect(bench.records[0].counters.toClient == Traffic(packets: 1, bytes: UInt64(frame.count)))
    bench.turn.clientTooSlow(verdict.load.recipient, verdict.load.traffic)
    #expect(bench.records[0].counters.toClient == Traffic())
    #expect(bench.records[0].counters.drops == 1)
    #expect(bench.drops(.clientTooSlow) == 1)
  }
}

extension Bench {
  var hasAllocation: Bool { turn.hasAllocation(tuple()) }

  /// The client's connection closes.
  func disconnect() {
    turn.disconnected(tuple(), now: now, effects: &effects)
    while !effects.isEmpty { _ = carryOut() }
  }
}
