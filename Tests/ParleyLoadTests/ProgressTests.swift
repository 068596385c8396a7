// Holds what a run says of itself once a second.

import NetTypes
import Testing

@testable import parley_load

@Suite struct ProgressTests {
  private func second(_ number: Int64) -> Instant { Instant(nanoseconds: number * 1_000_000_000) }

  @Test func `each line is about its own second`() {
    var progress = Progress(of: "messages", isShown: true)
    progress.begin(now: second(5))
    #expect(progress.deadline == second(6))
    for _ in 0..<12_345 { progress.record(1_000_000) }
    #expect(progress.line(arrived: 12_345, missing: 3, now: Instant(nanoseconds: 5)) == nil)
    let first = progress.line(arrived: 12_345, missing: 3, now: second(6))
    #expect(first == "   1 s      12,345 messages/s   missing 3         p99 1.00 ms")
    progress.record(2_500_000)
    let next = progress.line(arrived: 12_346, missing: 0, now: second(7))
    #expect(next == "   2 s           1 messages/s   missing 0         p99 2.50 ms")
  }

  @Test func `a second in which nothing came has no latency`() {
    var progress = Progress(of: "packets", isShown: true)
    progress.begin(now: .zero)
    let line = progress.line(arrived: 0, missing: 9, now: second(1))
    #expect(line?.hasSuffix("p99 – ms") == true)
  }

  @Test func `where nobody watches there is no line, and none is due`() {
    var progress = Progress(of: "messages", isShown: false)
    progress.begin(now: .zero)
    progress.record(1)
    #expect(progress.deadline == .distantFuture)
    #expect(progress.line(arrived: 1, missing: 0, now: second(1)) == nil)
  }

  @Test func `thousands are apart and numbers no longer than they must be`() {
    #expect(
      [0, 999, 1_000, 1_234_567, -1_234].map { Decimal.grouped($0) } == [
        "0", "999", "1,000", "1,234,567", "-1,234",
      ])
    #expect([0, 0.05, 2, 10, 0.1].map { Decimal.shortest($0) } == ["0", "0.05", "2", "10", "0.1"])
  }
}
