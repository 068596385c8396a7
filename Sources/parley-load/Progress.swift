// Says once a second how a run goes, to whoever watches it.

internal import EventLoop
internal import Glibc
internal import Logging
internal import NetTypes

/// The rate, what is missing and the latency of each second, a line each on standard error.
struct Progress: Sendable {
  /// What is counted, such as "messages".
  let unit: String
  /// Without it nothing is kept either.
  let isShown: Bool
  private var began: Instant?
  private var next = Instant.distantFuture
  private var last = Instant.zero
  private var arrivedBefore = 0
  private var latency = LatencyHistogram()

  init(of unit: String, isShown: Bool) {
    self.unit = unit
    self.isShown = isShown
  }

  /// Whether somebody is there to watch, or `isAsked` for.
  static func isShown(isAsked: Bool) -> Bool { isAsked || isatty(STDERR_FILENO) == 1 }

  /// Counts seconds from `now` on.
  mutating func begin(now: Instant) {
    guard isShown else { return }
    began = now
    last = now
    next = now + .seconds(1)
    arrivedBefore = 0
    latency = LatencyHistogram()
  }

  /// One arrival.
  @inline(__always)
  mutating func record(_ nanoseconds: Int64) {
    if isShown { latency.record(nanoseconds) }
  }

  /// When a line is due; in the distant future where none is wanted.
  var deadline: Instant { next }

  /// Shows the line that is due.
  ///
  /// - Parameters:
  ///   - arrived: of the whole run so far.
  ///   - missing: what was sent and has not arrived, not yet or never.
  mutating func tell(arrived: Int, missing: Int, now: Instant) {
    if let line = line(arrived: arrived, missing: missing, now: now) { Console.note(line) }
  }

  /// The line that is due at `now`, if one is.
  mutating func line(arrived: Int, missing: Int, now: Instant) -> String? {
    guard let began, now >= next else { return nil }
    let seconds = Double((now - last).wholeNanoseconds) / 1e9
    let rate = Double(arrived - arrivedBefore) / seconds
    let elapsed = (now - began).components.seconds
    let p99 = Double(latency.percentileNs(99)) / 1e6
    let p99Text = latency.count == 0 ? "–" : Decimal.text(p99, digits: 2)
    last = now
    next = now + .seconds(1)
    arrivedBefore = arrived
    latency = LatencyHistogram()
    return "\(elapsed) s".padded(6, right: true)
      + Decimal.grouped(rate).padded(12, right: true) + " \(unit)/s"
      + "   missing " + Decimal.grouped(Double(missing)).padded(7)
      + "   p99 \(p99Text) ms"
  }
}
