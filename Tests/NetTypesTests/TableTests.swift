// The slab, the hash index and the timer wheel against simple models of themselves.

import NetTypes
import Testing

struct SlabTests {
  @Test func `a handle to an earlier tenant finds nothing`() throws {
    var slab = Slab<String>(capacity: 2)
    let first = try #require({ slab.insert("first") }())
    #expect(slab.remove(first) == "first")
    let second = try #require({ slab.insert("second") }())
    #expect(second.index == first.index)
    #expect(slab[first] == nil)
    #expect(slab.remove(first) == nil)
    #expect(slab[second] == "second")
    #expect(SlabHandle(packed: second.packed) == second)
  }

  @Test func `a full slab refuses and takes again after a removal`() throws {
    var slab = Slab<Int>(capacity: 1)
    let only = try #require({ slab.insert(1) }())
    #expect(slab.insert(2) == nil)
    slab.remove(only)
    #expect(slab.insert(3) != nil)
    #expect(slab.count == 1)
  }
}

struct SlotTableTests {
  @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
  func `it finds exactly what a dictionary finds`(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var table = SlotTable()
    var model: [Int: UInt64] = [:]
    for _ in 0..<20_000 {
      let slot = Int.random(in: 0..<300, using: &random)
      if let hash = model[slot] {
        #expect(table.find(hash) { $0 == slot } == slot)
        if Bool.random(using: &random) {
          table.remove(hash, slot: slot)
          model[slot] = nil
          #expect(table.find(hash) { $0 == slot } == nil)
        }
      } else {
        // Few distinct hashes, so that probing and backward shifts are exercised.
        let hash = UInt64.random(in: 0..<64, using: &random)
        table.insert(hash, slot: slot)
        model[slot] = hash
      }
      #expect(table.count == model.count)
    }
    for (slot, hash) in model { #expect(table.find(hash) { $0 == slot } == slot) }
  }

  @Test func `the hash of a 5-tuple depends on every part of it`() throws {
    var random = SplitMix64(seed: 7)
    let key = HashKey(using: &random)
    let a = SocketAddress(.loopbackV4, port: 1)
    let tuples = [
      FiveTuple(client: a, server: a, transport: .udp),
      FiveTuple(client: a, server: a, transport: .tcp),
      FiveTuple(client: SocketAddress(.loopbackV4, port: 2), server: a, transport: .udp),
      FiveTuple(client: a, server: SocketAddress(.loopbackV4, port: 2), transport: .udp),
      FiveTuple(client: SocketAddress(.loopbackV6, port: 1), server: a, transport: .udp),
    ]
    #expect(Set(tuples.map { key.hash($0) }).count == tuples.count)
  }
}

struct TimerWheelTests {
  @Test(arguments: [1, 2, 3] as [UInt64])
  func `every timer fires, not before its deadline and at most a granule late`(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var now = Instant(nanoseconds: 5_000_000_000)
    var wheel = TimerWheel(now: now)
    var deadlines: [Int: Instant] = [:]
    for index in 0..<500 {
      let deadline = now + .milliseconds(Int64.random(in: 1...400_000, using: &random))
      deadlines[index] = deadline
      wheel.schedule(index, at: deadline)
    }
    while let next = wheel.nextDeadline {
      #expect(next > now)
      now = next
      wheel.advance(to: now) { index in
        guard let deadline = deadlines.removeValue(forKey: index) else {
          Issue.record("timer \(index) fired twice")
          return
        }
        #expect(deadline <= now)
        #expect(now - deadline <= TimerWheel.granularity)
      }
    }
    #expect(deadlines.isEmpty)
  }

  @Test func `moving a timer earlier fires once, at the earlier time`() {
    var wheel = TimerWheel(now: .zero)
    wheel.schedule(0, at: Instant(nanoseconds: 60_000_000_000))
    wheel.schedule(0, at: Instant(nanoseconds: 1_000_000_000))
    var fired = 0
    wheel.advance(to: Instant(nanoseconds: 2_000_000_000)) { _ in fired += 1 }
    #expect(fired == 1)
    wheel.advance(to: Instant(nanoseconds: 90_000_000_000)) { _ in fired += 1 }
    #expect(fired == 1)
  }

  @Test func `a long sleep loses no timer`() {
    var wheel = TimerWheel(now: .zero)
    for index in 0..<10 {
      wheel.schedule(index, at: Instant(nanoseconds: Int64(index + 1) * 100_000_000_000))
    }
    var fired: [Int] = []
    wheel.advance(to: Instant(nanoseconds: 5_000_000_000_000)) { fired.append($0) }
    #expect(fired.sorted() == Array(0..<10))
  }
}
