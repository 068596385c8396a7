// Holds the tables of Docs/conformance.md to the tests: what is named there is tested there.

/// A row of one of its tables: what is tested, and in which files, below `Tests/`.
struct ConformanceRow: Equatable {
  let line: Int
  /// What the names of its tests begin with: `Trap 7` or `CVE-2020-4067`.
  let subject: String
  let files: [String]
}

enum ConformanceRules {
  static let page = "Docs/conformance.md"
  static let traps = 1...41

  /// The rows between the heading and the next one, without the table's own head.
  static func rows(below heading: String, of page: SourceFile) -> [ConformanceRow] {
    var isBelow = false
    var rows: [ConformanceRow] = []
    for (index, line) in page.lines.enumerated() {
      if line.hasPrefix("## ") { isBelow = line == "## " + heading }
      guard isBelow, line.hasPrefix("| ") else { continue }
      let pieces = line.split(separator: "|", omittingEmptySubsequences: false)
      let cells = pieces.dropFirst().dropLast().map { $0.drop { $0 == " " } }
      guard let first = cells.first, let last = cells.last else { continue }
      let files = last.split(separator: "`").filter { $0.hasSuffix(".swift") }.map(String.init)
      let subject = first.prefix { $0 != ":" }.split(separator: " ").joined(separator: " ")
      if files.isEmpty, rows.isEmpty, !first.contains(where: \.isNumber) { continue }
      rows.append(ConformanceRow(line: index + 1, subject: subject, files: files))
    }
    return rows
  }

  /// Every trap has a row, and every file of a row has a test whose name begins with the subject.
  static func violations(of page: SourceFile, tests: [SourceFile]) -> [Violation] {
    let traps = rows(below: "Traps", of: page).map {
      ConformanceRow(line: $0.line, subject: "Trap \($0.subject)", files: $0.files)
    }
    let missing = Self.traps.map { "Trap \($0)" }.filter { trap in
      !traps.contains { $0.subject == trap }
    }.map { page.violation(0, "\($0) has no row") }
    let rows = traps + rows(below: "Incidents", of: page)
    return missing + rows.flatMap { violations(of: $0, on: page, tests: tests) }
  }

  private static func violations(
    of row: ConformanceRow, on page: SourceFile, tests: [SourceFile]
  ) -> [Violation] {
    guard !row.files.isEmpty else {
      return [page.violation(row.line, "\(row.subject) names no file with a test of it")]
    }
    return row.files.compactMap { name in
      let file = tests.first { $0.path == "Tests/" + name }
      guard let file, begins(aTestOf: file, with: row.subject) else {
        return page.violation(
          row.line, "\(name) has no test whose name begins with \"\(row.subject):\"")
      }
      return nil
    }
  }

  /// Names are strings (`@Test("…")`) or raw identifiers.
  private static func begins(aTestOf file: SourceFile, with subject: String) -> Bool {
    file.lines.contains { $0.contains("\"\(subject): ") || $0.contains("`\(subject): ") }
  }
}
