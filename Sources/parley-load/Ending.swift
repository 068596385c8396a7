// What a command has to say at its end.

struct Ending {
  /// For standard output.
  let text: String
  let passed: Bool

  init(text: String, passed: Bool) {
    self.text = text
    self.passed = passed
  }

  init(_ report: Report, json: Bool) {
    self.init(text: json ? report.json : report.table, passed: report.passed)
  }
}
