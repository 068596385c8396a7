// What a relay run counted, and the report of it.

internal import NetTypes

struct TurnResults {
  /// From the first request to the answer with the relayed address, its challenge included.
  var allocation = LatencyHistogram()
  /// From just before sending to having read the datagram, across both relays.
  private var latency = LatencyHistogram()
  /// How long after its time a packet left.
  private var lag = LatencyHistogram()
  private var sentCount = 0
  private var receivedCount = 0
  private var firstSent = Instant.zero
  private var lastSent = Instant.zero
  private var lastReceived = Instant.zero
  private var duplicates = 0
  private var reordered = 0
  var corrupt = 0
  var foreign = 0
  /// Packets of the schedule that were not reached.
  var unsent = 0
  private var notTaken = 0
  var interrupted = false
  var problems: [String: Int] = [:]

  /// Whether all that was sent has come.
  var isComplete: Bool { receivedCount >= sentCount }

  @inline(__always)
  mutating func sent(at time: Instant, due: Instant) {
    if sentCount == 0 { firstSent = time }
    sentCount += 1
    lastSent = time
    lag.record(time.nanoseconds - due.nanoseconds)
  }

  @inline(__always)
  mutating func received(sentAt: Instant, at time: Instant) {
    receivedCount += 1
    lastReceived = time
    latency.record(time.nanoseconds - sentAt.nanoseconds)
  }

  mutating func sendFailed(_ code: Int32) {
    notTaken += 1
    problems["a packet was refused by the system with errno \(code)", default: 0] += 1
  }

  mutating func tally(_ tracker: SequenceTracker) {
    duplicates += tracker.duplicates
    reordered += tracker.reordered
  }

  /// The error codes that a person can do something about.
  static func explain(_ method: String, code: Int) -> String {
    let hint =
      switch code {
      case 401: "wrong user or password"
      case 403: "the server refuses this peer; --allow-peer 127.0.0.0/8 lets loopback be one"
      case 437: "the server lost the allocation"
      case 486: "the user's quota of allocations is used up"
      case 508: "the server's capacity is used up"
      default: "see RFC 8656 §19"
      }
    return "\(method) refused with \(code): \(hint)"
  }

  // MARK: Report

  func report(_ options: TurnOptions, pairs: Int) -> Report {
    let lost = sentCount - receivedCount
    var report = Report(command: TurnOptions.command, title: title(options, pairs: pairs))
    report.add("clients", "clients", .count(options.clients))
    report.add("clients_ready", "clients with a path", .count(2 * pairs))
    report.add("sent", "sent", .count(sentCount))
    report.add("received", "received", .count(receivedCount))
    report.add("lost", "lost", .count(lost, note: "(\(share(lost)) %)"))
    report.add("duplicated", "duplicated", .count(duplicates))
    report.add("reordered", "reordered", .count(reordered))
    report.add("corrupt", "corrupt", .count(corrupt))
    report.add("foreign", "foreign", .count(foreign))
    report.add("unsent", "not sent in time", .count(unsent))
    addRates(to: &report, options, pairs: pairs)
    report.add("latency", "latency", latency)
    report.add("send_lag", "sent late by", lag)
    report.add("allocation", "allocation", allocation)
    report.add(problems: problems)
    report.require(options.clients - 2 * pairs, "clients without a path")
    report.require(corrupt, "packets corrupt")
    if options.expectsNoLoss { report.require(lost + notTaken, "packets lost") }
    if interrupted { report.fail("interrupted") }
    return report
  }

  private func addRates(to report: inout Report, _ options: TurnOptions, pairs: Int) {
    let asked = Double(options.perSecond * 2 * pairs)
    let receiving = rate(receivedCount, until: lastReceived)
    report.add("rate_asked", "rate asked for", .decimal(asked, unit: "packets/s"))
    report.add(
      "rate_sent", "sent", .decimal(rate(sentCount, until: lastSent), unit: "packets/s"))
    report.add("rate_received", "received", .decimal(receiving, unit: "packets/s"))
    report.add(
      "payload_mbit_per_second", "payload received",
      .decimal(receiving * Double(options.size) * 8 / 1_000_000, unit: "Mbit/s"))
  }

  private func title(_ options: TurnOptions, pairs: Int) -> String {
    "\(options.server.text) over UDP: \(pairs) pairs, \(options.framing.rawValue), "
      + "\(options.size) bytes, \(options.perSecond) packets/s each"
  }

  private func share(_ count: Int) -> String {
    Decimal.text(sentCount == 0 ? 0 : 100 * Double(count) / Double(sentCount), digits: 3)
  }

  /// The first packet marks the beginning, so it is not counted.
  private func rate(_ count: Int, until end: Instant) -> Double {
    let seconds = Double((end - firstSent).wholeNanoseconds) / 1e9
    return count > 1 && seconds > 0 ? Double(count - 1) / seconds : 0
  }
}
