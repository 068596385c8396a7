// Rules about the manifest and the folders: nothing opts out of the settings or of the table.

enum PackageRules {
  static let topLevel: Set<String> = [
    "Package.swift", "Sources", "Tests", "Fuzz", "Interop", "Docs", "README.md",
  ]

  /// What `house` has to hold for every target to be checked as strictly as the others.
  static let settings = [
    "strictMemorySafety", "treatAllWarnings", "ExistentialAny", "InternalImportsByDefault",
    "MemberImportVisibility",
  ]

  /// - Parameter entries: names of files and folders at the root that belong to the repository.
  static func topLevel(_ entries: Set<String>) -> [Violation] {
    let visible = entries.filter { !$0.hasPrefix(".") }
    let extra = visible.subtracting(topLevel).sorted().map {
      Violation(path: $0, line: 0, message: "does not belong to the top level")
    }
    let missing = topLevel.subtracting(visible).sorted().map {
      Violation(path: $0, line: 0, message: "is missing from the top level")
    }
    return extra + missing
  }

  /// The table has every target folder, and no target that is gone.
  ///
  /// - Parameter folders: the target folders as `Sources/STUN`, `Tests/STUNTests`…
  static func targetFolders(_ folders: Set<String>, table: LayerTable) -> [Violation] {
    let expected = Set(
      table.targets.map { ($0.layer == .tests ? "Tests/" : "Sources/") + $0.name })
    let unknown = folders.subtracting(expected).sorted().map {
      Violation(path: $0, line: 0, message: "is not in the layer table (Layers.swift)")
    }
    let gone = expected.subtracting(folders).sorted().map {
      Violation(path: $0, line: 0, message: "is in the layer table, but there is no such folder")
    }
    return unknown + gone
  }

  /// A call in the manifest that makes a target, with the arguments that matter here.
  struct TargetCall: Equatable {
    let function: String
    let name: String?
    let line: Int
    let usesHouse: Bool
  }

  private static let swiftTargets: Set<String> = [
    "target", "executableTarget", "testTarget", "macro", "plugin",
  ]

  static func manifest(_ file: SourceFile, cTargets: Set<String>) -> [Violation] {
    let calls = targetCalls(file)
    var violations = calls.filter { !$0.usesHouse && !cTargets.contains($0.name ?? "") }.map {
      file.violation($0.line, "`.\($0.function)` `\($0.name ?? "")` lacks `swiftSettings: house`")
    }
    let code = SwiftLexer.tokens(of: file.text).filter { $0.kind != .comment }
    if let use = code.first(where: { $0.is("unsafeFlags") }) {
      violations.append(file.violation(use.line, "`unsafeFlags`"))
    }
    if let use = code.first(where: { $0.is("package") && $0.touchesPrevious }) {
      violations.append(file.violation(use.line, "a package from outside"))
    }
    let house = houseText(file)
    violations += settings.filter { !house.contains($0) }.map {
      file.violation(0, "`house` lacks `\($0)`")
    }
    if !file.text.contains("swiftLanguageModes: [.v6]") {
      violations.append(file.violation(0, "`swiftLanguageModes: [.v6]` is missing"))
    }
    return violations
  }

  /// `let house … ]`, as it stands there.
  private static func houseText(_ file: SourceFile) -> String {
    let lines = file.lines.drop { !$0.hasPrefix("let house") }
    return lines.prefix { !$0.hasPrefix("]") }.joined(separator: "\n")
  }

  static func targetCalls(_ file: SourceFile) -> [TargetCall] {
    let code = SwiftLexer.tokens(of: file.text).filter { $0.kind != .comment }
    let lines = file.lines
    return code.indices.dropFirst().compactMap { index in
      guard swiftTargets.contains(code[index].text), code[index - 1].is("."),
        index + 1 < code.count, code[index + 1].is("(")
      else { return nil }
      let arguments = argumentTokens(from: index + 1, in: code)
      let usesHouse = arguments.indices.contains { place in
        arguments[place].is("swiftSettings") && place + 2 < arguments.endIndex
          && arguments[place + 2].is("house")
      }
      let extent = lines[(code[index].line - 1)..<(arguments.last?.line ?? code[index].line)]
      return TargetCall(
        function: code[index].text, name: literalName(in: extent.joined(separator: "\n")),
        line: code[index].line, usesHouse: usesHouse)
    }
  }

  private static func argumentTokens(from open: Int, in code: [Token]) -> ArraySlice<Token> {
    var depth = 0
    for index in open..<code.count {
      if code[index].is("(") { depth += 1 }
      if code[index].is(")") { depth -= 1 }
      if depth == 0 { return code[open...index] }
    }
    return code[open...]
  }

  /// `name: "STUN"` names the target; `name: name` is a helper for many.
  private static func literalName(in text: String) -> String? {
    guard let label = text.firstRange(of: "name: \"") else { return nil }
    return String(text[label.upperBound...].prefix { $0 != "\"" })
  }
}
