// Measures functions: everything in braces that stands directly in a file or in a type.

/// A function, initializer, accessor block or stored closure and how long it is.
struct FunctionLength: Equatable {
  let name: String
  /// The line of `func`, `init`, `var`…; attributes do not count.
  let line: Int
  /// From that line to the one with the closing brace.
  let count: Int
}

/// Finds the outermost braces that are not the body of a type. What is nested in them (closures,
/// local functions, a getter beside a setter) counts with them.
struct FunctionFinder {
  private struct Declaration {
    let keyword: String
    let line: Int
    var name: String
    var isType: Bool { FunctionFinder.typeKeywords.contains(keyword) }
  }
  private struct Brace {
    let isType: Bool
    let declaration: Declaration?
    let line: Int
    let parentheses: Int
  }

  private static let typeKeywords: Set<String> = [
    "struct", "class", "enum", "actor", "protocol", "extension",
  ]
  private static let memberKeywords: Set<String> = [
    "func", "init", "deinit", "subscript", "var", "let", "case", "typealias", "associatedtype",
    "import", "macro", "operator", "precedencegroup",
  ]

  private var braces: [Brace] = []
  private var parentheses = 0
  private var declaration: Declaration?
  private var found: [FunctionLength] = []

  static func lengths(in tokens: [Token]) -> [FunctionLength] {
    var finder = FunctionFinder()
    let code = tokens.filter { $0.kind != .comment }
    for (index, token) in code.enumerated() {
      finder.take(token, previous: index > 0 ? code[index - 1] : nil)
    }
    return finder.found
  }

  /// Whether the next brace opens something that is looked at: it stands in a file or in a type.
  private var isAtMemberLevel: Bool { braces.last?.isType ?? true }

  private mutating func take(_ token: Token, previous: Token?) {
    if token.is("{") {
      open(token)
    } else if token.is("}") {
      close(token)
    } else if token.is("(") || token.is("[") {
      parentheses += 1
    } else if token.is(")") || token.is("]") {
      parentheses -= 1
    } else if isAtMemberLevel && parentheses == 0 {
      note(token, previous: previous)
    }
  }

  private mutating func note(_ token: Token, previous: Token?) {
    if token.is("@") && token.opensLine {
      declaration = nil
    } else if token.kind == .word {
      let isMember = previous.map { $0.is(".") || $0.text.hasSuffix(".") } ?? false
      if !isMember && begins(token.text) {
        declaration = Declaration(keyword: token.text, line: token.line, name: "")
      } else if let open = declaration, let previous, previous.is(open.keyword) {
        declaration?.name = token.text
      }
    }
  }

  private func begins(_ word: String) -> Bool {
    Self.typeKeywords.contains(word) || Self.memberKeywords.contains(word)
  }

  private mutating func open(_ token: Token) {
    let isType = isAtMemberLevel && parentheses == 0 && declaration?.isType == true
    braces.append(
      Brace(
        isType: isType, declaration: declaration, line: token.line, parentheses: parentheses))
    parentheses = 0
    declaration = nil
  }

  private mutating func close(_ token: Token) {
    guard let brace = braces.popLast() else { return }
    parentheses = brace.parentheses
    // A closure among the parameters leaves the declaration open: its body is yet to come.
    declaration = brace.parentheses > 0 ? brace.declaration : nil
    if isAtMemberLevel && !brace.isType {
      let isArgument = brace.parentheses > 0
      let start = isArgument ? brace.line : brace.declaration?.line ?? brace.line
      let words = [brace.declaration?.keyword, brace.declaration?.name].compactMap { $0 }
      let name = words.filter { !$0.isEmpty }.joined(separator: " ")
      found.append(
        FunctionLength(
          name: isArgument ? "closure" : name, line: start,
          count: token.line - start + 1))
    }
  }
}
