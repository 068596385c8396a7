// Rules about how long things are, and how a file begins.

enum SizeRules {
  static let fileLinesMax = 500
  static let lineColumnsMax = 100
  static let functionLinesMax = 70
  /// An executable has fewer lines than this: it parses, composes and runs.
  static let executableLinesLimit = 100
  /// These consist of nothing but their entry; the tools may have more files.
  static let daemons: Set<String> = ["parleyd", "stund", "turnd"]

  static func fileLength(_ file: SourceFile) -> [Violation] {
    let count = file.lines.count
    guard count > fileLinesMax else { return [] }
    return [file.violation(0, "\(count) lines; a file has at most \(fileLinesMax)")]
  }

  static func lineLength(_ file: SourceFile) -> [Violation] {
    file.lines.enumerated().compactMap { index, line in
      guard line.count > lineColumnsMax else { return nil }
      return file.violation(
        index + 1, "\(line.count) columns; a line has at most \(lineColumnsMax)")
    }
  }

  static func functionLength(_ file: SourceFile) -> [Violation] {
    FunctionFinder.lengths(in: SwiftLexer.tokens(of: file.text)).compactMap { function in
      guard function.count > functionLinesMax else { return nil }
      return file.violation(
        function.line,
        "`\(function.name)` has \(function.count) lines; at most \(functionLinesMax)")
    }
  }

  /// The first comment of a file is a sentence about its duty, not about its name or its author.
  static func duty(_ file: SourceFile) -> [Violation] {
    let comment = file.lines.prefix { $0.hasPrefix("//") && !$0.hasPrefix("///") }
    let text = comment.map { $0.dropFirst(2).drop { $0 == " " } }.joined(separator: " ")
    guard let end = text.last, text.split(separator: " ").count > 1 else {
      return [file.violation(1, "the file does not open with a `//` sentence about its duty")]
    }
    guard ".:".contains(end) else {
      return [file.violation(1, "the opening comment is not a sentence with a full stop")]
    }
    return []
  }

  /// - Parameter files: all of the repository; what counts is the executables among them.
  static func executables(_ files: [SourceFile], table: LayerTable) -> [Violation] {
    table.targets.filter { $0.layer == .executables }.flatMap { target, _ -> [Violation] in
      let own = files.filter { $0.isInSources && $0.target == target && $0.isSwift }
      let counted = daemons.contains(target) ? own : own.filter { $0.path.hasSuffix("/Main.swift") }
      let count = counted.reduce(0) { $0 + $1.lines.count }
      guard count >= executableLinesLimit else { return [] }
      return [
        Violation(
          path: "Sources/\(target)", line: 0,
          message: "\(count) lines of composition; fewer than \(executableLinesLimit) are allowed")
      ]
    }
  }
}
