// Cuts Swift source into tokens, well enough that braces, words and comments are what they seem.

/// A piece of Swift source.
struct Token: Equatable {
  enum Kind {
    /// An identifier, a keyword or a number.
    case word
    /// A run of operator characters: `!`, `->`, `.`, `!=`.
    case operation
    /// One of `{ } ( ) [ ] , ; : @ #`.
    case mark
    /// A string or regex literal; what is interpolated follows as tokens of its own.
    case literal
    /// With its slashes; a block comment with all its lines.
    case comment
  }
  let kind: Kind
  let text: String
  /// Where it begins, counted from 1.
  let line: Int
  /// Whether it begins right where the token before it ended.
  let touchesPrevious: Bool
  /// Whether nothing but space stands before it in its line.
  let opensLine: Bool

  func `is`(_ text: String) -> Bool { self.text == text && kind != .literal && kind != .comment }
}

/// The lexer. It never fails: what it does not know becomes a token of one character.
struct SwiftLexer {
  private let source: [UInt8]
  private var at = 0
  private var line = 1
  private var lastTokenEnd = -1
  private var lastTokenLine = 0
  private(set) var tokens: [Token] = []

  private static let operators = Set("/=-+!*%<>&|^~?.".utf8)
  private static let newline = UInt8(ascii: "\n")
  private static let backslash = UInt8(ascii: "\\")

  static func tokens(of text: String) -> [Token] {
    var lexer = SwiftLexer(source: Array(text.utf8))
    lexer.scan(untilClosingParenthesis: false)
    return lexer.tokens
  }

  private init(source: [UInt8]) {
    self.source = source
  }

  /// Scans to the end, or past the parenthesis that ends an interpolation.
  private mutating func scan(untilClosingParenthesis: Bool) {
    var depth = 0
    while let byte = peek() {
      if isSpace(byte) {
        advance()
      } else if starts(with: "//") {
        emit(.comment, from: at, to: endOfLine())
      } else if starts(with: "/*") {
        emit(.comment, from: at, to: endOfBlockComment())
      } else if let hashes = stringStart() {
        scanString(hashes: hashes)
      } else if let end = endOfRegex() {
        emit(.literal, from: at, to: end)
      } else if isWord(byte) {
        emit(.word, from: at, to: end { isWord($0) })
      } else if byte == UInt8(ascii: "`") {
        emit(.word, from: at, to: endOfQuotedName())
      } else if Self.operators.contains(byte) {
        emit(.operation, from: at, to: endOfOperator())
      } else {
        if byte == UInt8(ascii: "(") { depth += 1 }
        if byte == UInt8(ascii: ")") {
          depth -= 1
          if untilClosingParenthesis && depth < 0 {
            advance()
            return
          }
        }
        emit(.mark, from: at, to: at + 1)
      }
    }
  }

  // MARK: Strings

  /// The number of `#` before a quote that begins here, if one does.
  private func stringStart() -> Int? {
    var end = at
    while end < source.count, source[end] == UInt8(ascii: "#") { end += 1 }
    return end < source.count && source[end] == UInt8(ascii: "\"") ? end - at : nil
  }

  private mutating func scanString(hashes: Int) {
    let start = at
    let fence = String(repeating: "#", count: hashes)
    at += hashes
    let isLong = starts(with: "\"\"\"")
    let quote = isLong ? "\"\"\"" : "\""
    emitting(.literal, "\"\"", at: start)
    at += quote.count
    let close = quote + fence
    let escape = "\\" + fence
    while let byte = peek() {
      if starts(with: close) {
        at += close.count
        break
      }
      if !isLong && byte == Self.newline { break }
      if starts(with: escape) {
        at += escape.count
        if peek() == UInt8(ascii: "(") {
          at += 1
          scan(untilClosingParenthesis: true)
        } else if peek() != nil {
          advance()
        }
      } else {
        advance()
      }
    }
    lastTokenEnd = at
    lastTokenLine = line
  }

  // MARK: Ends of tokens

  private func endOfLine() -> Int {
    end { $0 != Self.newline }
  }

  private func endOfBlockComment() -> Int {
    var end = at + 2
    var depth = 1
    while end < source.count, depth > 0 {
      if starts(with: "/*", at: end) {
        depth += 1
        end += 2
      } else if starts(with: "*/", at: end) {
        depth -= 1
        end += 2
      } else {
        end += 1
      }
    }
    return end
  }

  private func endOfQuotedName() -> Int {
    var end = at + 1
    while end < source.count, source[end] != UInt8(ascii: "`"), source[end] != Self.newline {
      end += 1
    }
    return min(end + 1, source.count)
  }

  private func endOfOperator() -> Int {
    var end = at
    // An operator holds dots only when it begins with one: in `x!.y` they are two.
    let mayHoldDots = source[at] == UInt8(ascii: ".")
    while end < source.count, Self.operators.contains(source[end]) {
      if source[end] == UInt8(ascii: ".") && !mayHoldDots { break }
      if end > at && (starts(with: "//", at: end) || starts(with: "/*", at: end)) { break }
      end += 1
    }
    return end
  }

  /// `/…/` where a value can begin, closed in the same line; and `#/…/#`.
  private func endOfRegex() -> Int? {
    if starts(with: "#/") {
      var end = at + 2
      while end < source.count, !starts(with: "/#", at: end) { end += 1 }
      return min(end + 2, source.count)
    }
    guard source[at] == UInt8(ascii: "/"), at + 1 < source.count, !isSpace(source[at + 1])
    else { return nil }
    if let last = tokens.last(where: { $0.kind != .comment }) {
      let beforeValues = ["(", ",", "=", ":", "[", "{", "return", "?", "&&", "||", "in"]
      guard beforeValues.contains(where: last.is) else { return nil }
    }
    var end = at + 1
    while end < source.count, source[end] != Self.newline {
      if source[end] == Self.backslash {
        end += 1
      } else if source[end] == UInt8(ascii: "/") {
        return end + 1
      }
      end += 1
    }
    return nil
  }

  private func end(while isPart: (UInt8) -> Bool) -> Int {
    var end = at
    while end < source.count, isPart(source[end]) { end += 1 }
    return end
  }

  // MARK: Steps

  /// Every byte beyond ASCII counts as a letter.
  private func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "$"), 0x80...:
      true
    default: false
    }
  }

  private func isSpace(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || (0x09...0x0D).contains(byte)
  }

  private func peek() -> UInt8? {
    at < source.count ? source[at] : nil
  }

  private func starts(with text: String) -> Bool {
    starts(with: text, at: at)
  }

  private func starts(with text: String, at position: Int) -> Bool {
    var position = position
    for byte in text.utf8 {
      guard position < source.count, source[position] == byte else { return false }
      position += 1
    }
    return true
  }

  private mutating func advance() {
    if source[at] == Self.newline { line += 1 }
    at += 1
  }

  private mutating func emit(_ kind: Token.Kind, from start: Int, to end: Int) {
    emitting(kind, String(decoding: source[start..<end], as: UTF8.self), at: start)
    while at < end { advance() }
    lastTokenEnd = at
    lastTokenLine = line
  }

  private mutating func emitting(_ kind: Token.Kind, _ text: String, at start: Int) {
    tokens.append(
      Token(
        kind: kind, text: text, line: line, touchesPrevious: start == lastTokenEnd,
        opensLine: line != lastTokenLine))
  }
}
