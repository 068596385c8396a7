// The promise of the packet path: relaying a datagram takes nothing from the heap.

import CMallocCounter
import NetTypes
import STUN
import Testing

@testable import TURN

/// Without the optimizer nearly everything allocates, so that nothing could be learned.
enum Build {
  #if DEBUG
    static let isOptimized = false
  #else
    static let isOptimized = true
  #endif
  static let hint: Comment = "needs: swift test -c release -Xswiftc -enable-testing"
}

@Suite(.enabled(if: Build.isOptimized, Build.hint))
struct NoAllocationTests {
  /// Heap allocations of this thread while `body` runs a thousand times, after a few to warm up.
  private func mallocs(_ body: () -> Void) -> UInt64 {
    for _ in 0..<16 { body() }
    let before = parley_malloc_count()
    for _ in 0..<1_000 { body() }
    return parley_malloc_count() - before
  }

  @Test func `the counter counts`() {
    var kept: [[Int]] = []
    kept.reserveCapacity(2_000)
    #expect(mallocs { kept.append([kept.count]) } >= 1_000)
  }

  @Test(arguments: [false, true])
  func `an answer to a Binding request allocates nothing`(isSealed: Bool) {
    let bench = Bench()
    var builder = MessageBuilder()
    builder.begin(MessageType(.binding, .request), TransactionID(high: 1, low: 2))
    builder.finish(fingerprint: isSealed)
    let request = builder.bytes
    let tuple = bench.tuple()
    var effects: [Effect] = []
    var answered = 0
    let count = mallocs {
      let verdict = bench.turn.received(
        from: tuple, in: request.span, at: 0..<request.count, now: bench.now, effects: &effects)
      if verdict == .reply { answered += 1 }
    }
    #expect(count == 0)
    #expect(answered == 1_016)
  }

  @Test(arguments: [false, true])
  func `a packet relayed by channel or indication, either way, allocates nothing`(isLimited: Bool)
    throws
  {
    let rate = Bandwidth(bytesPerSecond: 1_000_000_000)
    let bench = Bench(
      bandwidth: isLimited ? BenchBandwidth(bytesPerSecond: rate.bytesPerSecond) : nil
    ) {
      if isLimited { $0.limits.allocationBandwidth = rate }
    }
    try bench.allocate()
    try #require(try bench.bind(0x4000, bench.peer).isSuccess)
    let other = SocketAddress(IPAddress(9, 9, 9, 9), port: 9)
    try #require(try bench.permit(other).isSuccess)
    let relay = try bench.lastRelay()
    let payload = [UInt8](repeating: 7, count: 1_200)
    let datagrams = [
      bench.channelData(0x4000, payload), bench.sendIndication(payload, to: other),
    ]
    let tuple = bench.tuple()
    var effects: [Effect] = []
    for datagram in datagrams {
      let slot = [UInt8](repeating: 0, count: 64) + datagram + [0, 0, 0, 0]
      var relayed = 0
      let count = mallocs {
        let verdict = bench.turn.received(
          from: tuple, in: slot.span, at: 64..<64 + datagram.count, now: bench.now,
          effects: &effects)
        if case .toPeer = verdict { relayed += 1 }
      }
      #expect(count == 0)
      #expect(relayed == 1_016)
    }
    for peer in [bench.peer, other] {
      var relayed = 0
      let count = mallocs {
        var train = Train(0..<3_000, size: 1_200)
        while train.count > 0 {
          let verdict = bench.turn.received(fromPeer: peer, at: relay, &train, now: bench.now)
          if case .toClient(_, _, _, let framing) = verdict { relayed += framing.count }
        }
      }
      #expect(count == 0)
      #expect(relayed == 3 * 1_016)
    }
  }
}
