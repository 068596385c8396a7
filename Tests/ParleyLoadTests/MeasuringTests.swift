// Holds the parts that turn packets into figures: histogram, sequence numbers, payloads, schedule.

import NetTypes
import Testing

@testable import parley_load

@Suite struct LatencyHistogramTests {
  @Test func percentilesAreNearestRankWithinOnePartIn128() {
    var histogram = LatencyHistogram()
    for value in 1...100_000 { histogram.record(Int64(value)) }
    for percent in [0.1, 1, 50, 90, 99, 99.9] {
      let exact = Int64((percent / 100 * 100_000).rounded(.up))
      let found = histogram.percentileNs(percent)
      #expect(found >= exact, "\(percent)")
      #expect(found - exact <= exact / 128 + 1, "\(percent)")
    }
    #expect(histogram.percentileNs(100) == 100_000)
    #expect(histogram.maxNs == 100_000)
    #expect(histogram.count == 100_000)
  }

  @Test func smallValuesAreExact() {
    for value in Int64(0)...255 {
      var histogram = LatencyHistogram()
      histogram.record(value)
      histogram.record(LatencyHistogram.longestNs)
      #expect(histogram.percentileNs(50) == value)
    }
  }

  @Test func everyValueIsWithinItsBucket() {
    for bit in 0..<40 {
      for value in [(Int64(1) << bit) - 1, Int64(1) << bit, (Int64(1) << bit) + 1] {
        var histogram = LatencyHistogram()
        histogram.record(value)
        histogram.record(LatencyHistogram.longestNs)
        let found = histogram.percentileNs(50)
        #expect(found >= value && found - value <= value / 128, "\(value)")
      }
    }
  }

  @Test func noValuesNegativeOnesAndVeryLongOnesAreNoTrap() {
    var histogram = LatencyHistogram()
    #expect(histogram.percentileNs(99) == 0)
    histogram.record(-5)
    #expect(histogram.percentileNs(99) == 0)
    histogram.record(.max)
    #expect(histogram.maxNs == LatencyHistogram.longestNs)
    #expect(histogram.percentileNs(99) == LatencyHistogram.longestNs)
  }
}

@Suite struct SequenceTrackerTests {
  @Test func tellsLateTwiceAndNeverSent() {
    var tracker = SequenceTracker(capacity: 100)
    #expect(tracker.record(0) == .inOrder)
    #expect(tracker.record(3) == .inOrder)
    #expect(tracker.record(1) == .reordered)
    #expect(tracker.record(1) == .duplicate)
    #expect(tracker.record(3) == .duplicate)
    #expect(tracker.record(4) == .inOrder)
    #expect(tracker.record(99) == .inOrder)
    #expect(tracker.record(100) == .outOfRange)
    #expect(tracker.record(.max) == .outOfRange)
    #expect(tracker.distinct == 5)
    #expect(tracker.reordered == 1)
    #expect(tracker.duplicates == 2)
  }

  @Test func everyNumberCountsOnceInAnyOrder() {
    let seed: UInt64 = 7
    var random = SplitMix64(seed: seed)
    let numbers = (0..<1_000).flatMap { [UInt64($0), UInt64($0)] }.shuffled(using: &random)
    var tracker = SequenceTracker(capacity: 1_000)
    for number in numbers { tracker.record(number) }
    #expect(tracker.distinct == 1_000, "seed \(seed)")
    #expect(tracker.duplicates == 1_000, "seed \(seed)")
  }
}

@Suite struct NumberedPayloadTests {
  private let payload = NumberedPayload(run: 0xCAFE_F00D, size: 200)
  private let due = Instant(nanoseconds: 0x0123_4567_89AB_CDEF)

  private func stamped(_ number: UInt64, behind headerBytes: Int = 0) -> [UInt8] {
    var bytes = [UInt8](repeating: 0xFF, count: headerBytes) + payload.template
    var span = bytes.mutableSpan
    payload.stamp(&span, at: headerBytes, sender: 3, number: number, due: due)
    return bytes
  }

  private func check(
    _ bytes: [UInt8], from sender: UInt32 = 3, in range: Range<Int>? = nil
  ) -> NumberedPayload.Finding {
    payload.check(bytes.span, range ?? 0..<bytes.count, from: sender)
  }

  @Test func whatIsStampedIsFoundAgain() {
    #expect(payload.template.count == 200)
    #expect(check(stamped(9)) == .valid(number: 9, due: due))
    let framed = stamped(1, behind: 4)
    #expect(framed[..<4].allSatisfy { $0 == 0xFF })
    #expect(check(framed, in: 4..<204) == .valid(number: 1, due: due))
  }

  @Test func theSmallestPayloadHasNoFiller() {
    let small = NumberedPayload(run: 1, size: NumberedPayload.sizeMin)
    var bytes = small.template
    var span = bytes.mutableSpan
    small.stamp(&span, at: 0, sender: 0, number: 5, due: due)
    let finding = small.check(bytes.span, 0..<bytes.count, from: 0)
    #expect(finding == .valid(number: 5, due: due))
  }

  @Test func everyChangedByteIsSeen() {
    let good = stamped(9)
    // The time it was due is a number like any other.
    for index in good.indices where !(16..<24).contains(index) {
      var bytes = good
      bytes[index] ^= 0x10
      let expected: NumberedPayload.Finding = index < 8 ? .foreign : .corrupt
      #expect(check(bytes) == expected, "byte \(index)")
    }
  }

  @Test func wrongLengthsAreCorrupt() {
    let good = stamped(9)
    #expect(check(Array(good.dropLast())) == .corrupt)
    #expect(check(good + [0]) == .corrupt)
    #expect(check(Array(good[..<23])) == .foreign)
    #expect(check([]) == .foreign)
  }

  @Test func packetsOfOthersAreForeign() {
    #expect(check(stamped(1), from: 2) == .foreign)
    let later = NumberedPayload(run: payload.run &+ 1, size: 200)
    let finding = later.check(stamped(1).span, 0..<200, from: 3)
    #expect(finding == .foreign)
  }
}

@Suite struct PacerTests {
  @Test func aLateSendMakesTheNextNoLater() {
    var pacer = Pacer(start: Instant(nanoseconds: 500), perSecond: 1_000, total: 3)
    #expect(pacer.due == Instant(nanoseconds: 500))
    pacer.advance()
    pacer.advance()
    #expect(pacer.due == Instant(nanoseconds: 2_000_500))
    #expect(!pacer.isOver)
    pacer.advance()
    #expect(pacer.isOver)
  }

  @Test func burstsAreDueAsMuchLessOftenAsTheyAreLarger() {
    var pacer = Pacer(start: .zero, perSecond: 48_000, stride: 16, total: 5)
    pacer.advance()
    pacer.advance()
    pacer.advance()
    #expect(pacer.due == Instant(nanoseconds: 1_000_000))
  }

  @Test func theLargestRunStaysWithinItsNumbers() {
    var pacer = Pacer(start: .zero, perSecond: 3, total: RelayOptions.packetsMax)
    for _ in 0..<4 { pacer.advance() }
    #expect(pacer.due == Instant(nanoseconds: 1_333_333_333))
    #expect(
      !Int64(RelayOptions.packetsMax).multipliedReportingOverflow(by: 1_000_000_000).overflow)
  }
}

@Suite struct ReportTests {
  @Test func decimalsAreRoundedAndPadded() {
    #expect(Decimal.text(1.05, digits: 3) == "1.050")
    #expect(Decimal.text(0.0049, digits: 2) == "0.00")
    #expect(Decimal.text(-0.5, digits: 1) == "-0.5")
    #expect(Decimal.text(-0.001, digits: 1) == "0.0")
    #expect(Decimal.text(12.6, digits: 0) == "13")
    #expect(Decimal.text(.nan, digits: 1) == "0")
    #expect(Decimal.text(.infinity, digits: 1) == "0")
  }

  @Test func onlyWhatIsRequiredFailsARun() {
    var report = Report(command: "relay", title: "")
    report.add("lost", "lost", .count(3))
    report.require(0, "packets lost")
    #expect(report.passed)
    report.require(3, "packets lost")
    #expect(!report.passed)
    #expect(report.table.hasSuffix("FAILED: 3 packets lost."))
    #expect(report.json.contains(#""passed":false"#))
  }

  @Test func jsonHasEveryRowUnderItsKey() {
    var report = Report(command: "relay", title: "")
    report.add("lost", "lost", .count(3))
    report.add("rate", "rate", .decimal(2.5, unit: "/s"))
    var latency = LatencyHistogram()
    latency.record(1_500)
    report.add("latency", "latency", latency)
    report.add(problems: ["it \"broke\"": 2])
    #expect(
      report.json == #"{"command":"relay","passed":true,"lost":3,"rate":2.500,"#
        + #""latency_us":{"count":1,"p50":1.500,"p90":1.500,"p99":1.500,"p99.9":1.500,"#
        + #""max":1.500},"#
        + #""problems":{"it \"broke\"":2},"failures":[]}"#)
  }
}
