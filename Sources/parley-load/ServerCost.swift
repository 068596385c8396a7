// What the server's process used during a part of a run.

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

  /// Microseconds of processor time for each of `count`.
  func per(_ count: Int) -> Double { count > 0 ? cpuSeconds * 1e6 / Double(count) : 0 }

  var residentKiB: Int { Int(after.residentBytes / 1_024) }
  /// By how many bytes its memory has grown.
  var grownBytes: Int { Int(after.residentBytes - before.residentBytes) }

  /// Adds the rows of the report.
  ///
  /// - Parameters:
  ///   - count: what the server did; a packet that passes twice counts twice.
  ///   - each: what one of them is.
  func add(to report: inout Report, of count: Int, each: String) {
    report.add(
      "server_cpu_seconds", "server's processor", .decimal(cpuSeconds, unit: "s", digits: 2))
    report.add(
      "server_cpu_us_per_\(each)", "for each \(each)",
      .decimal(per(count), unit: "µs", digits: 3))
    report.add(
      "server_resident_kib", "server's memory", .count(residentKiB, note: "KiB"))
  }
}
