// A rate for each network, in a table that never grows.

import NetTypes
import STUN
import Testing

struct ReplyBudgetTests {
  private func budget(_ perSecond: Int) -> ReplyBudget {
    var random = SplitMix64(seed: 5)
    return ReplyBudget(perSecond: perSecond, HashKey(using: &random))
  }

  @Test func `a network gets its share each second, and another one its own`() {
    var budget = budget(100)
    let start = Instant(nanoseconds: 10_000_000_000)
    func take(_ ip: IPAddress, at now: Instant) -> Bool {
      let isSpent = budget.isSpent(for: ip, now: now)
      let taken = budget.spend(for: ip, now: now)
      #expect(taken != isSpent)
      return taken
    }
    let granted = (0..<1_000).count { take(IPAddress(192, 0, 2, UInt8($0 % 256)), at: start) }
    #expect(granted == 100)
    #expect(take(IPAddress(198, 51, 100, 1), at: start))
    #expect(take(IPAddress(v6High: 0x2001_0db8_0001_0000, low: 1), at: start))
    #expect(!take(IPAddress(192, 0, 2, 1), at: start + .milliseconds(9)))
    #expect(take(IPAddress(192, 0, 2, 1), at: start + .milliseconds(10)))
    #expect(
      (0..<1_000).count { _ in take(IPAddress(192, 0, 2, 1), at: start + .seconds(9)) } == 100)
  }

  @Test func `a rate of 0 is none`() {
    var budget = budget(0)
    let granted = (0..<10_000).count { _ in budget.spend(for: .loopbackV4, now: .zero) }
    #expect(granted == 10_000)
    #expect(!budget.isSpent(for: .loopbackV4, now: .zero))
  }

  @Test("Trap 34: a million forged networks take no more memory than a few, and spare their victim")
  func bounded() {
    var random = SplitMix64(seed: 6)
    var budget = budget(10)
    let victim = IPAddress(192, 0, 2, 1)
    var now = Instant(nanoseconds: 1)
    var answers = 0
    for round in 0..<100_000 {
      now = now + .microseconds(10)
      let forged = IPAddress(v4: UInt32.random(in: .min ... .max, using: &random))
      _ = budget.spend(for: forged, now: now)
      if round % 100 == 0, budget.spend(for: victim, now: now) { answers += 1 }
    }
    // A second has passed: 10 at once and 10 by and by, and again what it was pushed out for.
    #expect((15...40).contains(answers), "\(answers) of 1000")
  }
}
