// Rules about what may not stand in Sources: traps on input, unchecked memory, locks, notes to
// oneself.

enum SafetyRules {
  private static let notes: Set<Substring> = ["TODO", "FIXME", "XXX", "HACK"]
  /// Words after which a `!` that touches them is still the start of an expression.
  private static let prefixWords: Set<String> = [
    "return", "in", "case", "where", "if", "while", "guard", "else", "await", "throw", "unsafe",
  ]

  static func traps(_ file: SourceFile) -> [Violation] {
    guard file.isInSources else { return [] }
    let code = SwiftLexer.tokens(of: file.text).filter { $0.kind != .comment }
    return code.indices.compactMap { index in
      trap(at: index, in: code).map { file.violation(code[index].line, $0) }
    }
  }

  private static func trap(at index: Int, in code: [Token]) -> String? {
    let token = code[index]
    if token.is("fatalError") { return "`fatalError`: errors are values" }
    guard index > 0, token.kind == .operation, token.touchesPrevious, token.text.hasPrefix("!"),
      !token.text.hasPrefix("!=")
    else { return nil }
    let previous = code[index - 1]
    if previous.is("try") { return "`try!`" }
    if previous.is("as") { return "`as!`" }
    let endsValue =
      switch previous.kind {
      case .word: !prefixWords.contains(previous.text)
      case .literal: true
      case .mark: [")", "]", "}"].contains(previous.text)
      case .operation: previous.text.hasSuffix("?") || previous.text.hasSuffix(">")
      case .comment: false
      }
    return endsValue ? "`!` unwraps by force" : nil
  }

  static func unfinished(_ file: SourceFile) -> [Violation] {
    guard file.isInSources else { return [] }
    return file.lines.enumerated().compactMap { index, line in
      let words = line.split { !$0.isLetter && !$0.isNumber && $0 != "_" }
      guard let note = words.first(where: notes.contains) else { return nil }
      return file.violation(index + 1, "`\(note)`: finish it or drop it")
    }
  }

  static func unsafeCode(_ file: SourceFile, table: LayerTable) -> [Violation] {
    guard file.isInSources, let layer = table.layer(of: file.target), !layer.mayBeUnsafe,
      !LayerTable.unsafeTargets.contains(file.target)
    else { return [] }
    return SwiftLexer.tokens(of: file.text).compactMap { token in
      guard token.is("unsafe") else { return nil }
      return file.violation(token.line, "`unsafe` outside edges, Crypto and C wrappers")
    }
  }

  static func locks(_ file: SourceFile) -> [Violation] {
    guard file.isInSources, !LayerTable.lockingFiles.contains(file.path) else { return [] }
    return SwiftLexer.tokens(of: file.text).compactMap { token in
      guard ["Mutex", "withLock", "pthread_mutex_lock"].contains(where: token.is) else {
        return nil
      }
      return file.violation(token.line, "a lock in a file that is not known to share anything")
    }
  }
}
