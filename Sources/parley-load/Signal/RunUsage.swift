// What a run takes of the machine: of the server, where its process is known, and of this tool.

internal import EventLoop
internal import NetTypes

/// Looked at before anybody joins, when sending begins, and when it ends.
struct RunUsage: Sendable {
  private var before: ProcessUsage?
  private var start: ProcessUsage?
  private var end: ProcessUsage?
  private var ownStart: ProcessUsage?
  private var ownEnd: ProcessUsage?
  private var startedAt = Instant.zero
  private var endedAt = Instant.zero
  /// While it was sent; what arrives later is not in it.
  private var delivered = 0

  mutating func begun(_ process: Int32?) { before = process.flatMap { ProcessUsage(of: $0) } }

  mutating func sending(_ process: Int32?, now: Instant) {
    start = process.flatMap { ProcessUsage(of: $0) }
    ownStart = .own
    startedAt = now
  }

  mutating func sent(_ process: Int32?, delivered: Int, now: Instant) {
    end = process.flatMap { ProcessUsage(of: $0) }
    ownEnd = .own
    endedAt = now
    self.delivered = delivered
  }

  /// Rows of the report.
  ///
  /// - Parameters:
  ///   - what: that is counted, such as "message".
  ///   - joined: connections that were there, besides.
  func add(to report: inout Report, each what: String, joined: Int) {
    let seconds = Double((endedAt - startedAt).wholeNanoseconds) / 1e9
    guard seconds > 0 else { return }
    if let start, let end {
      addServer(to: &report, start, end, each: what, seconds: seconds)
      if let before, joined > 0 { addJoined(to: &report, before, start, end, joined) }
    }
    if let ownStart, let ownEnd {
      let cpu = Double(ownEnd.cpuNanoseconds - ownStart.cpuNanoseconds)
      report.add("tool_busy", "this tool busy", .decimal(cpu / 1e7 / seconds, unit: "%"))
    }
  }

  private func addServer(
    to report: inout Report, _ start: ProcessUsage, _ end: ProcessUsage, each what: String,
    seconds: Double
  ) {
    let cpu = Double(end.cpuNanoseconds - start.cpuNanoseconds)
    if delivered > 0 && cpu > 0 {
      report.add(
        "server_cpu_us_per_\(what)", "server's processor time for each",
        .decimal(cpu / 1e3 / Double(delivered), unit: "µs"))
      report.add(
        "per_server_cpu_second", "for each second of it",
        .decimal(Double(delivered) / cpu * 1e9, unit: "\(what)s"))
    }
    report.add("server_busy", "server busy", .decimal(cpu / 1e7 / seconds, unit: "%"))
    report.add("server_kib", "server's memory", kib(end.residentBytes))
  }

  private func addJoined(
    to report: inout Report, _ before: ProcessUsage, _ start: ProcessUsage, _ end: ProcessUsage,
    _ joined: Int
  ) {
    report.add("server_kib_before", "before the first joined", kib(before.residentBytes))
    let bytes = Double(end.residentBytes - before.residentBytes)
    report.add(
      "server_kib_each", "more, for each connection",
      .decimal(bytes / 1_024 / Double(joined), unit: "KiB"))
    let cpu = Double(start.cpuNanoseconds - before.cpuNanoseconds)
    report.add(
      "server_cpu_us_per_join", "server's processor time for each that joined",
      .decimal(cpu / 1e3 / Double(joined), unit: "µs"))
  }

  private func kib(_ bytes: Int64) -> Report.Value {
    .count(Int(bytes / 1_024), note: "KiB")
  }
}
