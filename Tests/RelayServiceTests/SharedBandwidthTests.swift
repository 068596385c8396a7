// One user's bucket under several threads.

import NetTypes
import TURN
import Testing

@testable import RelayService

struct SharedBandwidthTests {
  @Test func `however many threads take from a user's bucket, it gives no more than it has`()
    async throws
  {
    let limit = Bandwidth(bytesPerSecond: 1_000_000)
    let shared = SharedBandwidth(limit)
    let held = shared.open("ann")
    let passed = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<4 {
        group.addTask {
          let account = shared.open("ann")
          defer { shared.close("ann") }
          return (0..<20_000).reduce(0) { sum, _ in
            account.take(100, .toClient, now: .zero) ? sum + 100 : sum
          }
        }
      }
      return await group.reduce(0, +)
    }
    #expect(passed == 1_000_000)
    #expect(!held.take(1, .toClient, now: .zero))
  }

  @Test func `an account lasts as long as the user has allocations, with its debts`() {
    let shared = SharedBandwidth(Bandwidth(bytesPerSecond: 100_000))
    let first = shared.open("ann")
    #expect(first.take(100_000, .fromClient, now: .zero))
    #expect(!shared.open("ann").take(1, .fromClient, now: .zero))
    #expect(shared.open("ann").take(100_000, .toClient, now: .zero))
    #expect(shared.open("bob").take(100_000, .fromClient, now: .zero))
    for _ in 0..<3 { shared.close("ann") }
    #expect(shared.open("ann").take(1, .fromClient, now: .zero))
  }
}
