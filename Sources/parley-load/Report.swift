// The outcome of a run, as a table for people and as JSON for programs.

internal import JSON

/// Rows in the order in which they are shown.
struct Report {
  enum Value {
    case count(Int, note: String = "")
    case decimal(Double, unit: String, digits: Int = 1)
    case text(String)
  }

  private struct Row {
    let key: String
    let label: String
    let value: Value
  }

  private struct Distribution {
    let key: String
    let label: String
    let histogram: LatencyHistogram
  }

  private static let percentiles: [(key: String, percent: Double)] = [
    ("p50", 50), ("p90", 90), ("p99", 99), ("p99.9", 99.9),
  ]

  let command: String
  let title: String
  private var rows: [Row] = []
  private var distributions: [Distribution] = []
  private var problems: [String: Int] = [:]
  /// Why the run counts as failed; empty when it passed.
  private(set) var failures: [String] = []

  init(command: String, title: String) {
    self.command = command
    self.title = title
  }

  /// - Parameters:
  ///   - key: the member's name in JSON, with its unit.
  ///   - label: what the table says.
  mutating func add(_ key: String, _ label: String, _ value: Value) {
    rows.append(Row(key: key, label: label, value: value))
  }

  /// Percentiles in µs, under `key` with `_us` behind it in JSON.
  mutating func add(_ key: String, _ label: String, _ histogram: LatencyHistogram) {
    distributions.append(Distribution(key: key + "_us", label: label, histogram: histogram))
  }

  mutating func add(problems more: [String: Int]) {
    problems.merge(more, uniquingKeysWith: +)
  }

  /// Counts against the run when it is not 0.
  mutating func require(_ count: Int, _ what: String) {
    if count != 0 { failures.append("\(count) \(what)") }
  }

  mutating func fail(_ reason: String) { failures.append(reason) }

  var passed: Bool { failures.isEmpty }

  // MARK: Table

  var table: String {
    let labels = rows.map(\.label) + distributions.map(\.label)
    let width = labels.map(\.count).max() ?? 0
    let values = rows.map { Self.shown($0.value) }
    let valueWidth = values.map(\.number.count).max() ?? 0
    var lines = [title, ""]
    for (row, value) in zip(rows, values) {
      let unit = value.unit.isEmpty ? "" : " " + value.unit
      lines.append(
        "  " + row.label.padded(width) + "  " + value.number.padded(valueWidth, right: true) + unit)
    }
    lines += distributionLines(labelWidth: width)
    if !problems.isEmpty {
      lines += ["", "Problems:"]
      lines += problems.sorted { $0.key < $1.key }.map { "  \($0.value) × \($0.key)" }
    }
    lines += ["", passed ? "Passed." : "FAILED: " + failures.joined(separator: ", ") + "."]
    return lines.joined(separator: "\n")
  }

  private func distributionLines(labelWidth: Int) -> [String] {
    let column = 10
    let heads = Self.percentiles.map(\.key) + ["max"]
    let head = heads.map { $0.padded(column, right: true) }.joined()
    return ["", "  " + "µs".padded(labelWidth) + head]
      + distributions.map { distribution in
        let cells = Self.microseconds(distribution.histogram)
          .map { distribution.histogram.count == 0 ? "–" : Decimal.text($0.value, digits: 1) }
          .map { $0.padded(column, right: true) }
        return "  " + distribution.label.padded(labelWidth) + cells.joined()
      }
  }

  private static func microseconds(
    _ histogram: LatencyHistogram
  ) -> [(key: String, value: Double)] {
    percentiles.map { ($0.key, Double(histogram.percentileNs($0.percent)) / 1_000) }
      + [("max", Double(histogram.maxNs) / 1_000)]
  }

  private static func shown(_ value: Value) -> (number: String, unit: String) {
    switch value {
    case .count(let count, let note): (String(count), note)
    case .decimal(let number, let unit, let digits):
      (Decimal.text(number, digits: digits), unit)
    case .text(let text): (text, "")
    }
  }

  // MARK: JSON

  var json: String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("command")
    writer.string(command)
    writer.key("passed")
    writer.boolean(passed)
    for row in rows {
      writer.key(row.key)
      switch row.value {
      case .count(let count, _): writer.integer(count)
      case .decimal(let number, _, _): writer.raw(Array(Decimal.text(number, digits: 3).utf8))
      case .text(let text): writer.string(text)
      }
    }
    for distribution in distributions { write(distribution, to: &writer) }
    writer.key("problems")
    writer.beginObject()
    for (text, count) in problems.sorted(by: { $0.key < $1.key }) {
      writer.key(text)
      writer.integer(count)
    }
    writer.endObject()
    writer.key("failures")
    writer.beginArray()
    for failure in failures { writer.string(failure) }
    writer.endArray()
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private func write(_ distribution: Distribution, to writer: inout JSONWriter) {
    writer.key(distribution.key)
    writer.beginObject()
    writer.key("count")
    writer.integer(distribution.histogram.count)
    for (key, value) in Self.microseconds(distribution.histogram) {
      writer.key(key)
      writer.raw(Array(Decimal.text(value, digits: 3).utf8))
    }
    writer.endObject()
  }
}
