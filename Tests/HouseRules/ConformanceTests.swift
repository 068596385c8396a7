// Holds the page about conformance to the tests, and shows that this can fail.

import Testing

@Suite("House rules: the page about conformance")
struct ConformanceTests {
  @Test func `Every trap and incident on the page is tested where it says`() throws {
    let page = try Repository.own.file(ConformanceRules.page)
    let tests = try Repository.own.sourceFiles().filter { $0.isInTests && $0.isSwift }
    let list = ConformanceRules.violations(of: page, tests: tests).map(\.description)
    #expect(list.isEmpty, "\n\(list.joined(separator: "\n"))")
    #expect(ConformanceRules.rows(below: "Incidents", of: page).count > 10)
  }

  /// A page on which every trap is in one file, and one incident.
  private func page(without left: Int? = nil, file: String = "A/B.swift") -> SourceFile {
    let rows = ConformanceRules.traps.filter { $0 != left }.map { "| \($0) | x | `\(file)` |" }
    let text = """
      ## Traps

      | trap | about | tests |
      |---|---|---|
      \(rows.joined(separator: "\n"))

      ## Incidents

      | incident | tests |
      |---|---|
      | CVE-2020-1: y | `\(file)` |
      """
    return SourceFile(path: ConformanceRules.page, text: text)
  }

  /// Its tests, but for one.
  private func tests(without left: String? = nil) -> [SourceFile] {
    let names = ConformanceRules.traps.map { "Trap \($0)" } + ["CVE-2020-1"]
    let lines = names.filter { $0 != left }.map { "@Test(\"\($0): holds\") func f() {}" }
    return [SourceFile(path: "Tests/A/B.swift", text: lines.joined(separator: "\n"))]
  }

  @Test func `A page that names all there is passes`() {
    #expect(ConformanceRules.violations(of: page(), tests: tests()).isEmpty)
  }

  @Test(arguments: [1, 7, 41])
  func `A trap that is not on the page is caught`(trap: Int) {
    let found = ConformanceRules.violations(of: page(without: trap), tests: tests())
    #expect(found.map(\.message) == ["Trap \(trap) has no row"])
  }

  @Test(arguments: ["Trap 1", "Trap 41", "CVE-2020-1"])
  func `A row without its test is caught`(subject: String) {
    let found = ConformanceRules.violations(of: page(), tests: tests(without: subject))
    #expect(found.count == 1 && found.first?.message.contains(subject) == true)
  }

  @Test func `Rows that name no file, or one that is not there, are caught`() {
    let rows = ConformanceRules.traps.count + 1
    let elsewhere = ConformanceRules.violations(of: page(file: "C.swift"), tests: tests())
    #expect(elsewhere.count == rows)
    let nowhere = ConformanceRules.violations(of: page(file: "nothing"), tests: tests())
    #expect(nowhere.count == rows)
  }
}
