// What the server's process used while packets were sent.

internal import EventLoop

/// Two readings of a process, and the figures between them.
struct ServerCost {
  private let process: Int32
  private let before: ProcessUsage
  private var after: ProcessUsage

  /// `nil` when there is no process to watch.
  init?(of process: Int32?) {
    guard let process, let usage = ProcessUsage(of: process) else { return nil }
    self.process = process
    before = usage
    after = usage
  }

  /// Takes the second reading.
  mutating func stop() { after = ProcessUsage(of: process) ?? after }

  var cpuSeconds: Double { Double(after.cpuNanoseconds - before.cpuNanoseconds) / 1e9 }

  /// Microseconds of processor time for each of `packets`.
  func perPacket(_ packets: Int) -> Double {
    packets > 0 ? cpuSeconds * 1e6 / Double(packets) : 0
  }

  /// Adds the rows of the report.
  ///
  /// - Parameter packets: those that passed the server; one that passes twice counts twice.
  func add(to report: inout Report, packets: Int) {
    report.add("server_cpu_seconds", "server's processor", .decimal(cpuSeconds, unit: "s"))
    report.add(
      "server_cpu_us_per_packet", "for each packet relayed",
      .decimal(perPacket(packets), unit: "µs", digits: 3))
    report.add(
      "server_resident_kib", "server's memory",
      .count(Int(after.residentBytes / 1_024), note: "KiB"))
  }
}
