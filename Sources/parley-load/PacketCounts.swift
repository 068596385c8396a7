// What one stretch of sending counted.

internal import NetTypes
internal import Traffic

struct PacketCounts: Sendable {
  /// From when a packet was due to having read it.
  private(set) var latency = LatencyHistogram()
  /// How long after its time a packet left.
  private(set) var lag = LatencyHistogram()
  private(set) var sent = 0
  private(set) var received = 0
  private(set) var duplicates = 0
  private(set) var reordered = 0
  var corrupt = 0
  var foreign = 0
  /// Packets of the schedule that were not reached.
  var unsent = 0
  /// Packets that the system did not take.
  private(set) var refused = 0
  private(set) var problems: [String: Int] = [:]
  private var firstSent = Instant.zero
  private var lastSent = Instant.zero
  private var lastReceived = Instant.zero

  /// Whether all that was sent has come.
  var isComplete: Bool { received >= sent }
  var lost: Int { sent - received }

  /// The part of what was due that has not come though there was time to send it, in percent.
  var missingPercent: Double {
    let due = sent + refused
    return due == 0 ? 0 : 100 * Double(due - received) / Double(due)
  }

  @inline(__always)
  mutating func left(
    _ outcome: TrainSender.Outcome, of count: Int, at time: Instant, due: Instant
  ) {
    if sent == 0 { firstSent = time }
    sent += outcome.sent
    lastSent = time
    lag.record(time.nanoseconds - due.nanoseconds)
    guard outcome.sent < count else { return }
    refused += count - outcome.sent
    let reason = outcome.isFull ? "a full buffer" : "errno \(outcome.code)"
    problems["packets were refused by the system for \(reason)", default: 0] += count - outcome.sent
  }

  /// A packet that is what it should be. Returns how long it took, unless it had come before.
  @inline(__always)
  mutating func arrived(
    _ number: UInt64, due: Instant, in tracker: inout SequenceTracker, at now: Instant
  ) -> Int64? {
    switch tracker.record(number) {
    case .inOrder, .reordered:
      received += 1
      lastReceived = now
      let nanoseconds = now.nanoseconds - due.nanoseconds
      latency.record(nanoseconds)
      return nanoseconds
    case .duplicate: return nil
    case .outOfRange:
      corrupt += 1
      return nil
    }
  }

  mutating func tally(_ tracker: SequenceTracker) {
    duplicates += tracker.duplicates
    reordered += tracker.reordered
  }

  var sentPerSecond: Double { rate(sent, until: lastSent) }
  var receivedPerSecond: Double { rate(received, until: lastReceived) }

  /// The first packet marks the beginning, so it is not counted.
  private func rate(_ count: Int, until end: Instant) -> Double {
    let seconds = Double((end - firstSent).wholeNanoseconds) / 1e9
    return count > 1 && seconds > 0 ? Double(count - 1) / seconds : 0
  }

  // MARK: Report

  /// Adds what every run over packets has to tell, but for the latencies.
  func add(to report: inout Report, perSecond asked: Int) {
    report.add("sent", "sent", .count(sent))
    report.add("received", "received", .count(received))
    let share = Decimal.text(sent == 0 ? 0 : 100 * Double(lost) / Double(sent), digits: 3)
    report.add("lost", "lost", .count(lost, note: "(\(share) %)"))
    report.add("duplicated", "duplicated", .count(duplicates))
    report.add("reordered", "reordered", .count(reordered))
    report.add("corrupt", "corrupt", .count(corrupt))
    report.add("foreign", "foreign", .count(foreign))
    report.add("refused", "refused by the system", .count(refused))
    report.add("unsent", "not sent in time", .count(unsent))
    report.add("rate_asked", "rate asked for", .decimal(Double(asked), unit: "packets/s"))
    report.add("rate_sent", "sent", .decimal(sentPerSecond, unit: "packets/s"))
    report.add("rate_received", "received", .decimal(receivedPerSecond, unit: "packets/s"))
  }

  /// Adds the latencies, the problems, and what makes a run fail.
  func addRest(to report: inout Report, expectsNoLoss: Bool) {
    report.add("latency", "latency", latency)
    report.add("send_lag", "sent late by", lag)
    report.add(problems: problems)
    report.require(corrupt, "packets corrupt")
    if expectsNoLoss { report.require(lost + refused, "packets lost") }
  }

  var point: LoadPoint {
    LoadPoint(
      load: 0, arrived: receivedPerSecond, p50Ns: latency.percentileNs(50),
      p99Ns: latency.percentileNs(99), lostPercent: missingPercent)
  }
}
