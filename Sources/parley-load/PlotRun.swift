// Runs a load in steps and draws what became of each.

internal import EventLoop
internal import JSON
internal import Logging

/// What one step led to, and whether that was right.
struct PlotStep: Sendable {
  let point: LoadPoint
  let failures: [String]
}

/// A load that grows from step to step, each a run of its own.
struct PlotRun: Sendable {
  static let steps = 8

  let command: String
  let file: String
  let title: String
  let subtitle: String
  /// Of the load, such as "messages".
  let unit: String
  private(set) var steps: [PlotStep] = []
  private var ending = ""

  init(command: String, file: String, title: String, subtitle: String, unit: String) {
    self.command = command
    self.file = file
    self.title = title
    self.subtitle = subtitle
    self.unit = unit
  }

  /// Equal steps up to `most`.
  static func loads(upTo most: Int) -> [Int] {
    Array(Set((1...steps).map { max(1, most * $0 / steps) })).sorted()
  }

  /// Runs `one` at each load, and writes the picture. A step that fails ends nothing: that is what
  /// the picture is about.
  mutating func run<Failure: Error>(
    _ loads: [Int], one: (_ load: Int) throws(Failure) -> PlotStep
  ) throws(Failure) {
    for load in loads {
      let step = try one(load)
      steps.append(step)
      Console.note(Self.line(step))
    }
    let plot = LatencyPlot(title: title, subtitle: subtitle, unit: unit, points: steps.map(\.point))
    do throws(SystemError) {
      try TextFile.write(plot.svg, to: file)
      ending = "Drawn to \(file)."
    } catch {
      // The figures were dear: they are told all the same.
      ending = "NOT DRAWN: \(error)"
    }
  }

  private static let head =
    "load/s".padded(12, right: true) + "arrived/s".padded(12, right: true)
    + "p50 ms".padded(10, right: true) + "p99 ms".padded(10, right: true)
    + "lost %".padded(10, right: true)

  private static func line(_ step: PlotStep) -> String {
    let point = step.point
    let figures = [Double(point.p50Ns) / 1e6, Double(point.p99Ns) / 1e6, point.lostPercent]
    return [point.load, point.arrived].map { Decimal.grouped($0).padded(12, right: true) }.joined()
      + figures.map { Decimal.text($0, digits: 2).padded(10, right: true) }.joined()
      + (step.failures.isEmpty ? "" : "   " + step.failures.joined(separator: ", "))
  }

  var table: String {
    ([title, subtitle, "", Self.head] + steps.map(Self.line) + ["", ending])
      .joined(separator: "\n")
  }

  var json: String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("command")
    writer.string(command)
    writer.key("plot")
    writer.string(file)
    writer.key("steps")
    writer.beginArray()
    for step in steps { Self.write(step, to: &writer) }
    writer.endArray()
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private static func write(_ step: PlotStep, to writer: inout JSONWriter) {
    let figures: [(String, Double)] = [
      ("load", step.point.load), ("arrived", step.point.arrived),
      ("p50_us", Double(step.point.p50Ns) / 1e3), ("p99_us", Double(step.point.p99Ns) / 1e3),
      ("lost_percent", step.point.lostPercent),
    ]
    writer.beginObject()
    for (key, value) in figures {
      writer.key(key)
      writer.raw(Array(Decimal.text(value, digits: 3).utf8))
    }
    writer.key("failures")
    writer.beginArray()
    for failure in step.failures { writer.string(failure) }
    writer.endArray()
    writer.endObject()
  }
}
