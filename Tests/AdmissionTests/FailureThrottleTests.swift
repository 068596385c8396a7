// How failures are counted, and when the door opens again.

import NetTypes
import Signaling
import Testing

@testable import Admission

struct FailureThrottleTests {
  private let throttle: FailureThrottle
  private let start = Instant(nanoseconds: 5_000_000_000)
  private let ann = IPAddress(192, 0, 2, 7)

  init() {
    // One in ten thousand keys lets an entry live through `the table is bounded`.
    var random = SplitMix64(seed: 1)
    throttle = FailureThrottle(HashKey(using: &random))
  }

  private func fail(_ times: Int, _ address: IPAddress, at now: Instant) {
    for _ in 0..<times { throttle.failed(address, now: now) }
  }

  @Test func `nine failures cost nothing, the tenth closes the door for 100 ms`() {
    fail(9, ann, at: start)
    #expect(throttle.wait(for: ann, now: start) == nil)
    fail(1, ann, at: start)
    #expect(throttle.wait(for: ann, now: start) == .milliseconds(100))
    #expect(throttle.wait(for: ann, now: start + .milliseconds(60)) == .milliseconds(40))
    #expect(throttle.wait(for: ann, now: start + .milliseconds(100)) == nil)
  }

  @Test func `each further failure doubles the wait, up to 25 s`() {
    fail(10, ann, at: start)
    var now = start
    var waits: [Duration] = []
    for _ in 0..<12 {
      let wait = throttle.wait(for: ann, now: now) ?? .zero
      waits.append(wait)
      now = now + wait
      fail(1, ann, at: now)
    }
    let expected = [
      100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_000, 25_000, 25_000, 25_000,
    ]
    #expect(waits == expected.map { .milliseconds($0) })
  }

  @Test func `ten minutes after the first failure all is forgotten`() {
    fail(9, ann, at: start)
    fail(1, ann, at: start + FailureThrottle.window)
    #expect(throttle.wait(for: ann, now: start + FailureThrottle.window) == nil)
    fail(8, ann, at: start + FailureThrottle.window)
    #expect(throttle.wait(for: ann, now: start + FailureThrottle.window) == nil)
    fail(1, ann, at: start + FailureThrottle.window)
    #expect(throttle.wait(for: ann, now: start + FailureThrottle.window) != nil)
  }

  @Test func `an IPv6 slash 64 counts as one, IPv4 addresses each for themselves`() throws {
    let first = try #require(IPAddress("2001:db8:1:2::1"))
    let neighbour = try #require(IPAddress("2001:db8:1:2:ffff::9"))
    let other = try #require(IPAddress("2001:db8:1:3::1"))
    fail(10, first, at: start)
    #expect(throttle.wait(for: neighbour, now: start) != nil)
    #expect(throttle.wait(for: other, now: start) == nil)
    fail(10, ann, at: start)
    #expect(throttle.wait(for: IPAddress(192, 0, 2, 8), now: start) == nil)
    let mapped = try #require(IPAddress("::ffff:192.0.2.7"))
    #expect(throttle.wait(for: mapped, now: start) != nil)
  }

  @Test func `the table is bounded, and the oldest leave it`() {
    fail(10, ann, at: start)
    for number in 0..<UInt32(4 * FailureThrottle.addressesMax) {
      let address = IPAddress(v4: 0x0A00_0000 + number)
      fail(1, address, at: start + .milliseconds(Int64(number) / 1_000 + 1))
    }
    #expect(throttle.wait(for: ann, now: start) == nil)
  }

  // MARK: At the door

  @Test func `after ten bad tokens an address has to wait, also with a good one, and others not`()
    throws
  {
    let office = try Office.withAllKeys()
    let good = try Signer.hs256.token()
    for _ in 0..<10 { #expect(office.join("e30.e30.e30").code == .badToken) }
    let refused = office.join(good)
    #expect(refused.code == .tooManyAttempts && refused.retryAfterMs == 100)
    #expect(office.join(good, from: IPAddress(192, 0, 2, 8)).code == nil)
    office.instant = office.instant + .milliseconds(100)
    #expect(office.join(good).code == nil)
    // It was let in, and what it did before is not forgotten for that.
    #expect(office.join("e30.e30.e30").code == .badToken)
    #expect(office.join(good).retryAfterMs == 200)
  }

  @Test func `who is let in is not counted`() throws {
    let office = try Office.withAllKeys()
    let good = try Signer.edDSA.token()
    for _ in 0..<1_000 { #expect(office.join(good).code == nil) }
  }

  @Test func `every kind of failure counts`() throws {
    let failures = [
      nil, "nonsense", try Signer.hs256.token(exp: 1), try Signer.hs256.token(room: "\"cake\""),
    ]
    for failure in failures {
      let office = try Office.withAllKeys()
      for _ in 0..<10 { #expect(office.join(failure).code != .tooManyAttempts) }
      #expect(office.join(failure).code == .tooManyAttempts)
    }
  }

  @Test func `who comes back with a session, and who comes through a proxy, is not counted`() throws
  {
    let office = try Office.withAllKeys()
    for _ in 0..<20 {
      #expect(office.join("nonsense", isReturning: true).code == .badToken)
      #expect(office.join("nonsense", from: nil).code == .badToken)
    }
    #expect(office.join(try Signer.hs256.token()).code == nil)
  }

  @Test func `wrong signatures by public keys are bounded for all addresses together`() throws {
    let office = try Office.withAllKeys()
    let wrong = try Signer.es256.token().dropLast(8) + "AAAAAAAA"
    var verified = 0
    for number in 0..<UInt32(VerificationBudget.perSecond + 50) {
      let address = IPAddress(v4: 0x0A00_0000 + number)
      if office.join(String(wrong), from: address).code == .badToken { verified += 1 }
    }
    #expect(verified == VerificationBudget.perSecond)
    let good = try Signer.es256.token()
    #expect(office.join(good).code == .tooManyAttempts)
    office.instant = office.instant + .milliseconds(1)
    #expect(office.join(good).code == nil)
  }
}
