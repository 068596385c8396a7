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
  /// How long after its time a message was sent.
  private var lag = LatencyHistogram()
  var joined = 0
  private var sentCount = 0
  /// Deliveries that what was sent has to lead to.
  private var due = 0
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
  var interrupted = false
  var problems: [String: Int] = [:]

  var isComplete: Bool { delivered >= due }

  mutating func sent(receivers: Int, at time: Instant, due dueAt: Instant, in part: SignalPart) {
    if sentCount == 0 { firstSent = time }
    sentCount += 1
    due += receivers
    lostByPart[part.rawValue] += receivers
    lastSent = time
    lag.record(time.nanoseconds - dueAt.nanoseconds)
  }

  /// The server says that it did not deliver a message, so nobody waits for it.
  mutating func refused(receivers: Int, in part: SignalPart) {
    refused += 1
    due -= receivers
    lostByPart[part.rawValue] -= receivers
  }

  mutating func delivered(sentAt: Instant, at time: Instant, in part: SignalPart) {
    delivered += 1
    lastDelivered = time
    lostByPart[part.rawValue] -= 1
    latencies[part.rawValue].record(time.nanoseconds - sentAt.nanoseconds)
  }

  // MARK: Report

  func report(_ options: SignalOptions) -> Report {
    var report = Report(command: SignalOptions.command, title: title(options))
    fill(&report, options)
    report.add("latency", "latency", latencies.reduce(into: LatencyHistogram()) { $0.add($1) })
    addTimes(to: &report)
    return report
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
    addTimes(to: &report)
    return report
  }

  private func ratio(_ before: SignalPart, _ during: SignalPart) -> Report.Value {
    let p99 = [before, during].map { Double(latencies[$0.rawValue].percentileNs(99)) }
    return .decimal(p99[0] > 0 ? p99[1] / p99[0] : 0, unit: "")
  }

  private func addTimes(to report: inout Report) {
    report.add("send_lag", "sent late by", lag)
    report.add("opening", "opening a WebSocket", opening)
    report.add("joining", "joining", joining)
  }

  private func fill(_ report: inout Report, _ options: SignalOptions) {
    report.add("connections", "connections", .count(options.connections))
    report.add("joined", "in their room", .count(joined))
    report.add("sent", "messages sent", .count(sentCount))
    report.add("due", "deliveries due", .count(due))
    report.add("delivered", "delivered", .count(delivered))
    report.add("lost", "lost", .count(due - delivered))
    report.add("out_of_order", "late or repeated", .count(outOfOrder))
    report.add("misdelivered", "for somebody else", .count(misdelivered))
    report.add("corrupt", "corrupt", .count(corrupt))
    report.add("sequence_breaks", "breaks in seq or ack", .count(sequenceBreaks))
    report.add("refused", "refused by the server", .count(refused))
    report.add("unsent", "not sent in time", .count(unsent))
    report.add("pongs", "heartbeats answered", .count(pongs))
    addRates(to: &report, options)
    report.add(problems: problems)
    judge(&report, options)
  }

  private func addRates(to report: inout Report, _ options: SignalOptions) {
    report.add(
      "rate_asked", "rate asked for",
      .decimal(Double(options.connections * options.perSecond), unit: "messages/s"))
    report.add(
      "rate_sent", "sent", .decimal(rate(sentCount, until: lastSent), unit: "messages/s"))
    report.add(
      "rate_delivered", "delivered",
      .decimal(rate(delivered, until: lastDelivered), unit: "messages/s"))
  }

  /// The protocol promises each message once and in order, so nothing of this is ever right.
  private func judge(_ report: inout Report, _ options: SignalOptions) {
    report.require(options.connections - joined, "peers never in their room")
    report.require(lostConnections, "connections lost")
    report.require(due - delivered, "messages lost")
    report.require(outOfOrder, "messages late or repeated")
    report.require(misdelivered, "messages for somebody else")
    report.require(corrupt, "messages corrupt")
    report.require(sequenceBreaks, "breaks in seq or ack")
    report.require(refused, "messages refused")
    if interrupted { report.fail("interrupted") }
  }

  private func title(_ options: SignalOptions) -> String {
    let url = options.url.map { "ws://\($0.authority)\($0.path)" } ?? ""
    return "\(url): \(options.rooms) rooms of \(options.peers) peers, "
      + "\(options.size) bytes, \(options.perSecond) messages/s each"
  }

  private func rate(_ count: Int, until end: Instant) -> Double {
    let seconds = Double((end - firstSent).wholeNanoseconds) / 1e9
    return count > 1 && seconds > 0 ? Double(count - 1) / seconds : 0
  }
}
