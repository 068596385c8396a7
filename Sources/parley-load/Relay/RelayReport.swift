// The report of a relay run.

internal import NetTypes

extension RelayCounts {
  /// - Parameters:
  ///   - ready: clients with a way to their peer.
  ///   - cost: of the server, where it was watched.
  func report(
    _ options: RelayOptions, ready: Int, allocation: LatencyHistogram, cost: ServerCost?,
    problems others: [String: Int]
  ) -> Report {
    var report = Report(command: RelayOptions.command, title: Self.title(options, ready: ready))
    report.add("clients", "clients", .count(options.clients))
    report.add("clients_ready", "clients with a path", .count(ready))
    report.add("sent", "sent", .count(sent))
    report.add("received", "received", .count(received))
    report.add("lost", "lost", .count(lost, note: "(\(share(lost)) %)"))
    report.add("duplicated", "duplicated", .count(duplicates))
    report.add("reordered", "reordered", .count(reordered))
    report.add("corrupt", "corrupt", .count(corrupt))
    report.add("foreign", "foreign", .count(foreign))
    report.add("unsent", "not sent in time", .count(unsent))
    addRates(to: &report, options, ready: ready)
    cost?.add(to: &report, packets: options.isPaired ? 2 * received : received)
    report.add("latency", "latency", latency)
    report.add("send_lag", "sent late by", lag)
    report.add("allocation", "allocation", allocation)
    report.add(problems: problems)
    report.add(problems: others)
    report.require(options.clients - ready, "clients without a path")
    report.require(corrupt, "packets corrupt")
    if options.expectsNoLoss { report.require(lost + refused, "packets lost") }
    return report
  }

  private func addRates(to report: inout Report, _ options: RelayOptions, ready: Int) {
    let asked = Double(options.perSecond * options.flowsPerClient * ready)
    report.add("rate_asked", "rate asked for", .decimal(asked, unit: "packets/s"))
    report.add("rate_sent", "sent", .decimal(sentPerSecond, unit: "packets/s"))
    report.add("rate_received", "received", .decimal(receivedPerSecond, unit: "packets/s"))
    report.add(
      "payload_mbit_per_second", "payload received",
      .decimal(receivedPerSecond * Double(options.size) * 8 / 1_000_000, unit: "Mbit/s"))
  }

  private static func title(_ options: RelayOptions, ready: Int) -> String {
    let whom =
      options.isPaired
      ? "\(ready / 2) pairs" : "\(ready) clients, \(options.direction.rawValue)"
    let burst = options.burst > 1 ? " in bursts of \(options.burst)" : ""
    return "\(options.server.text) over UDP: \(whom), \(options.framing.rawValue), "
      + "\(options.size) bytes, \(options.perSecond) packets/s each" + burst
  }

  private func share(_ count: Int) -> String {
    Decimal.text(sent == 0 ? 0 : 100 * Double(count) / Double(sent), digits: 3)
  }
}
