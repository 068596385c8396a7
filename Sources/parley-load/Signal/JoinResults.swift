// What a run of joins counted, and the report of it.

internal import NetTypes

struct JoinResults {
  /// From opening the TCP connection to the answer that switches protocols.
  var opening = LatencyHistogram()
  /// From when a join was due to `joined`.
  private var latency = LatencyHistogram()
  var usage = RunUsage()
  var interrupted = false
  /// Since the run began.
  private(set) var joins = 0
  private var failures = 0
  private var problems: [String: Int] = [:]
  private var began = Instant.zero
  private var end = Instant.zero

  /// The one join that showed that there is a server does not count.
  mutating func begin(now: Instant) {
    began = now
    joins = 0
    opening = LatencyHistogram()
    latency = LatencyHistogram()
  }

  mutating func joined(_ nanoseconds: Int64) {
    joins += 1
    latency.record(nanoseconds)
  }

  mutating func failed(_ problem: String) {
    failures += 1
    self.problem(problem)
  }

  mutating func problem(_ problem: String) { problems[problem, default: 0] += 1 }

  mutating func ended(now: Instant) { end = now }

  func report(_ options: SignalOptions) -> Report {
    let url = options.url.map { "ws://\($0.authority)\($0.path)" } ?? ""
    var report = Report(command: SignalOptions.command, title: "\(url): \(options.summary)")
    let seconds = Double((end - began).wholeNanoseconds) / 1e9
    report.add("connections", "at the same time, at most", .count(options.connections))
    report.add("joins", "joins", .count(joins))
    report.add("failed", "failed", .count(failures))
    if let asked = options.joinsPerSecond {
      report.add("rate_asked", "rate asked for", .decimal(Double(asked), unit: "joins/s"))
    }
    report.add(
      "join_rate", "rate", .decimal(seconds > 0 ? Double(joins) / seconds : 0, unit: "joins/s"))
    usage.add(to: &report, each: "join", joined: 0)
    report.add(problems: problems)
    report.require(failures, "joins failed")
    if interrupted { report.fail("interrupted") }
    report.add("joining", "from when it was due", latency)
    report.add("opening", "opening a WebSocket", opening)
    return report
  }
}
