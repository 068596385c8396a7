// What a signaling run counted, and the report of it.

internal import NetTypes

struct SignalResults {
  /// From opening the TCP connection to the answer that switches protocols.
  var opening = LatencyHistogram()
  /// From sending `join` to `joined`.
  var joining = LatencyHistogram()
  /// From when a message was due to having read it, by its part of the run.
  private var latencies = [LatencyHistogram](
    repeating: LatencyHistogram(), count: SignalPart.allCases.count)
  /// How long after its time a message was sent, by its part of the run.
  private var lags = [LatencyHistogram](
    repeating: LatencyHistogram(), count: SignalPart.allCases.count)
  /// From having been cut to being back.
  private var returning = LatencyHistogram()
  private(set) var joined = 0
  private var firstStarted: Instant?
  private var lastJoined = Instant.zero
  private(set) var sentCount = 0
  /// Deliveries that what was sent has to lead to.
  private(set) var due = 0
  private(set) var delivered = 0
  /// Deliveries that are due and have not come.
  private(set) var lostByPart = [Int](repeating: 0, count: SignalPart.allCases.count)
  private var firstSent = Instant.zero
  private var lastSent = Instant.zero
  private var lastDelivered = Instant.zero
  /// Repeated or late.
  var outOfOrder = 0
  /// For somebody else.
  var misdelivered = 0
  var corrupt = 0
  /// Numbers of the server that do not go on by 1, and acknowledgements that are wrong.
  var sequenceBreaks = 0
  var unsent = 0
  /// Messages that the server answered with an error.
  var refused = 0
  var lostConnections = 0
  var pongs = 0
  var usage = RunUsage()
  /// Connections that a storm has cut.
  var cuts = 0
  var firstCut = Instant.zero
  private var lastReturn = Instant.zero
  /// Attempts to come back that came to nothing, and were made again.
  var failedReturns: [String: Int] = [:]
  /// Messages that were sent again, because the server had not got them.
  var sentAgain = 0
  /// Sessions that were gone when their peer came back.
  var lostSessions = 0
  var interrupted = false
  var problems: [String: Int] = [:]

  var isComplete: Bool { delivered >= due }
  /// Deliveries that are due and have not come, not yet or never.
  var missing: Int { due - delivered }

  mutating func started(now: Instant) { if firstStarted == nil { firstStarted = now } }

  mutating func joined(now: Instant) {
    joined += 1
    lastJoined = now
  }

  mutating func returned(after nanoseconds: Int64, now: Instant) {
    returning.record(nanoseconds)
    lastReturn = now
  }

  mutating func sent(receivers: Int, at time: Instant, due dueAt: Instant, in part: SignalPart) {
    if sentCount == 0 { firstSent = time }
    sentCount += 1
    due += receivers
    lostByPart[part.rawValue] += receivers
    lastSent = time
    lags[part.rawValue].record(time.nanoseconds - dueAt.nanoseconds)
  }

  /// The server says that it did not deliver a message, so nobody waits for it.
  mutating func refused(receivers: Int, in part: SignalPart) {
    refused += 1
    due -= receivers
    lostByPart[part.rawValue] -= receivers
  }

  mutating func delivered(_ latencyNs: Int64, at time: Instant, in part: SignalPart) {
    delivered += 1
    lastDelivered = time
    lostByPart[part.rawValue] -= 1
    latencies[part.rawValue].record(latencyNs)
  }

  private var latency: LatencyHistogram { Self.sum(latencies) }

  /// For a picture.
  func step(_ options: SignalOptions) -> PlotStep {
    let latency = latency
    let point = LoadPoint(
      load: Double(options.totalPerSecond), arrived: rate(delivered, until: lastDelivered),
      p50Ns: latency.percentileNs(50), p99Ns: latency.percentileNs(99),
      lostPercent: due > 0 ? 100 * Double(missing) / Double(due) : 0)
    return PlotStep(point: point, failures: report(options).failures)
  }

  // MARK: Report

  func report(_ options: SignalOptions) -> Report {
    var report = Report(command: SignalOptions.command, title: title(options))
    fill(&report, options)
    report.add("latency", "latency", latency)
    report.add("send_lag", "sent late by", Self.sum(lags))
    addTimes(to: &report)
    return report
  }

  private static func sum(_ parts: [LatencyHistogram]) -> LatencyHistogram {
    parts.reduce(into: LatencyHistogram()) { $0.add($1) }
  }

  /// The report of a flood run.
  func report(_ options: FloodOptions, _ findings: [FloodFinding]) -> Report {
    let title = title(options.calm) + ", beside \(options.kind.title)"
    var report = Report(command: FloodOptions.command, title: title)
    report.add("kind", "flood", .text(options.kind.rawValue))
    fill(&report, options.calm)
    for part in SignalPart.allCases {
      report.add("lost_\(part.key)", "lost, \(part.label)", .count(lostByPart[part.rawValue]))
    }
    report.add(
      "p99_ratio_same", "p99 in the same room, during ÷ before", ratio(.beforeSame, .duringSame))
    report.add(
      "p99_ratio_other", "p99 in other rooms, during ÷ before",
      ratio(.beforeOther, .duringOther))
    for finding in findings { report.add(finding.key, finding.label, .count(finding.count)) }
    for part in SignalPart.allCases {
      report.add(part.key, part.label, latencies[part.rawValue])
    }
    for part in SignalPart.allCases {
      report.add("send_lag_\(part.key)", "sent late by, \(part.label)", lags[part.rawValue])
    }
    addTimes(to: &report)
    return report
  }

  private func ratio(_ before: SignalPart, _ during: SignalPart) -> Report.Value {
    let p99 = [before, during].map { Double(latencies[$0.rawValue].percentileNs(99)) }
    return .decimal(p99[0] > 0 ? p99[1] / p99[0] : 0, unit: "")
  }

  private func addTimes(to report: inout Report) {
    report.add("opening", "opening a WebSocket", opening)
    report.add("joining", "joining", joining)
    if cuts > 0 { report.add("returning", "coming back", returning) }
  }

  private func fill(_ report: inout Report, _ options: SignalOptions) {
    report.add("connections", "connections", .count(options.connections))
    report.add("joined", "in their room", .count(joined))
    report.add("sent", "messages sent", .count(sentCount))
    report.add("due", "deliveries due", .count(due))
    report.add("delivered", "delivered", .count(delivered))
    report.add("lost", "lost", .count(missing))
    report.add("out_of_order", "late or repeated", .count(outOfOrder))
    report.add("misdelivered", "for somebody else", .count(misdelivered))
    report.add("corrupt", "corrupt", .count(corrupt))
    report.add("sequence_breaks", "breaks in seq or ack", .count(sequenceBreaks))
    report.add("refused", "refused by the server", .count(refused))
    report.add("unsent", "not sent in time", .count(unsent))
    report.add("pongs", "heartbeats answered", .count(pongs))
    addRates(to: &report, options)
    if cuts > 0 { addStorm(to: &report) }
    usage.add(to: &report, each: "message", joined: joined)
    report.add(problems: problems)
    judge(&report, options)
  }

  private func addRates(to report: inout Report, _ options: SignalOptions) {
    if let firstStarted {
      report.add(
        "join_rate", "joined", .decimal(rate(joined, firstStarted, lastJoined), unit: "a second"))
    }
    if options.totalPerSecond > 0 {
      report.add(
        "rate_asked", "rate asked for",
        .decimal(Double(options.totalPerSecond), unit: "messages/s"))
    }
    report.add(
      "rate_sent", "sent", .decimal(rate(sentCount, until: lastSent), unit: "messages/s"))
    report.add(
      "rate_delivered", "delivered",
      .decimal(rate(delivered, until: lastDelivered), unit: "messages/s"))
  }

  private func addStorm(to report: inout Report) {
    report.add("cut", "connections cut", .count(cuts))
    report.add("returned", "came back", .count(Int(returning.count)))
    report.add(
      "all_back_ms", "all were back after",
      .decimal(Double((lastReturn - firstCut).wholeNanoseconds) / 1e6, unit: "ms"))
    let failed = failedReturns.values.reduce(0, +)
    report.add("failed_returns", "attempts that failed", .count(failed))
    report.add("sent_again", "messages sent again", .count(sentAgain))
    for (problem, count) in failedReturns {
      report.add(problems: ["coming back: " + problem: count])
    }
  }

  /// The protocol promises each message once and in order, so nothing of this is ever right.
  private func judge(_ report: inout Report, _ options: SignalOptions) {
    report.require(options.connections - joined, "peers never in their room")
    report.require(lostConnections, "connections lost")
    report.require(missing, "messages lost")
    report.require(outOfOrder, "messages late or repeated")
    report.require(misdelivered, "messages for somebody else")
    report.require(corrupt, "messages corrupt")
    report.require(sequenceBreaks, "breaks in seq or ack")
    report.require(refused, "messages refused")
    report.require(cuts - Int(returning.count), "peers not back")
    report.require(lostSessions, "sessions gone")
    if interrupted { report.fail("interrupted") }
  }

  private func title(_ options: SignalOptions) -> String {
    let url = options.url.map { "ws://\($0.authority)\($0.path)" } ?? ""
    return "\(url): \(options.summary)"
  }

  private func rate(_ count: Int, until end: Instant) -> Double { rate(count, firstSent, end) }

  private func rate(_ count: Int, _ start: Instant, _ end: Instant) -> Double {
    let seconds = Double((end - start).wholeNanoseconds) / 1e9
    return count > 1 && seconds > 0 ? Double(count - 1) / seconds : 0
  }
}
