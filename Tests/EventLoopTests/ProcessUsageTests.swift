// Holds what is told of a process to this one.

import EventLoop
import Glibc
import Testing

@Suite struct ProcessUsageTests {
  @Test func `processor time grows with work, and memory is there`() throws {
    let before = try #require(ProcessUsage.own)
    var sum: UInt64 = 0
    for number in 0..<3_000_000 as Range<UInt64> { sum ^= number &* number }
    let after = try #require(ProcessUsage(of: getpid()))
    #expect(after.cpuNanoseconds > before.cpuNanoseconds, "\(sum)")
    #expect(after.residentBytes > 1 << 20)
  }

  @Test func `a process that is not there has none`() {
    #expect(ProcessUsage(of: 1 << 29) == nil)
  }
}
