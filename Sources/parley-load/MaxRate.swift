// Runs a load at one rate after the other, to find the highest that passes.

internal import EventLoop
internal import Logging

/// What one try at a rate led to.
struct RateTry {
  let counts: PacketCounts
  let report: Report
  let isInterrupted: Bool
}

enum MaxRate {
  /// In percent.
  private static let lossMax = 0.1
  /// The tool has to send this part of what is asked for; else it is the limit itself.
  private static let sentMin = 0.99

  /// - Parameters:
  ///   - senders: who send at that rate each.
  ///   - one: a run at so many packets per second of each sender.
  /// - Returns: the report of the best run, with the rate; of the last, where none passed.
  static func find(
    _ search: RateSearch, senders: Int, one: (_ perSecond: Int) throws(SystemError) -> RateTry
  ) throws(SystemError) -> Report {
    var search = search
    var best: RateTry?
    var last: RateTry?
    var isToolTheLimit = false
    while let rate = search.next, last?.isInterrupted != true {
      let tried = try one(rate)
      let isSent = tried.counts.sentPerSecond >= sentMin * Double(rate * senders)
      let passed = tried.counts.missingPercent < lossMax && isSent && tried.report.passed
      if passed { best = tried } else { isToolTheLimit = !isSent }
      Console.note(line(rate * senders, tried.counts, passed))
      last = tried
      search.record(passed: passed)
    }
    guard var report = (best ?? last)?.report else { return Report(command: "", title: "") }
    let found = best?.counts.receivedPerSecond ?? 0
    report.add("max_rate", "highest rate", .decimal(found, unit: "packets/s"))
    report.add("limited_by", "limited by", .text(isToolTheLimit ? "this tool" : "loss"))
    if best == nil { report.fail("no rate passed") }
    return report
  }

  private static func line(_ asked: Int, _ counts: PacketCounts, _ passed: Bool) -> String {
    let p99 = Double(counts.latency.percentileNs(99)) / 1e6
    return Decimal.grouped(Double(asked)).padded(12, right: true) + " packets/s"
      + "   arrived " + Decimal.grouped(counts.receivedPerSecond).padded(10, right: true)
      + "   lost " + Decimal.text(counts.missingPercent, digits: 3) + " %"
      + "   p99 " + Decimal.text(p99, digits: 2) + " ms" + (passed ? "" : "   too much")
  }
}
