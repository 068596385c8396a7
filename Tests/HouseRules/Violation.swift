// What a rule reports, and the file it looks at.

/// A file of the repository as the rules see it.
struct SourceFile {
  /// Relative to the root, with slashes: `Sources/STUN/Header.swift`.
  let path: String
  let text: String

  /// `Sources/STUN/Header.swift` belongs to the target `STUN`.
  var target: String {
    let parts = path.split(separator: "/")
    return parts.count > 2 ? String(parts[1]) : ""
  }

  var isSwift: Bool { path.hasSuffix(".swift") }
  var isInSources: Bool { path.hasPrefix("Sources/") }
  var isInTests: Bool { path.hasPrefix("Tests/") }

  /// Without the empty piece behind the last newline.
  var lines: [Substring] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }
}

/// A place where the code does not keep a rule.
struct Violation: Equatable, CustomStringConvertible {
  let path: String
  /// Counted from 1; 0 for the file or folder as a whole.
  let line: Int
  let message: String

  var description: String {
    line > 0 ? "\(path):\(line): \(message)" : "\(path): \(message)"
  }
}

extension SourceFile {
  func violation(_ line: Int, _ message: String) -> Violation {
    Violation(path: path, line: line, message: message)
  }
}
