// Finds where a JSON5 text breaks off and which keys it repeats: the decoder tells neither.

/// Walks through the brackets, keys and commas of a JSON5 text. It decodes nothing and is no judge:
/// what it has nothing against may still be wrong.
struct JSON5Outline {
  struct Problem: Error, Equatable {
    /// Counted from 1.
    let line: Int
    let message: String
  }

  static let depthMax = 32

  private let bytes: [UInt8]
  private var at = 0
  private var line = 1

  /// The first problem, or `nil`.
  static func problem(in bytes: [UInt8]) -> Problem? {
    var outline = JSON5Outline(bytes: bytes)
    do throws(Problem) {
      try outline.value(depth: 0)
      outline.skipSpace()
      guard outline.byte == nil else { throw outline.expected("the end of the file") }
      return nil
    } catch {
      return error
    }
  }

  private init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  private var byte: UInt8? { at < bytes.count ? bytes[at] : nil }

  private func expected(_ what: String) -> Problem {
    Problem(line: line, message: "\(what) expected")
  }

  private mutating func value(depth: Int) throws(Problem) {
    guard depth < Self.depthMax else { throw Problem(line: line, message: "nested too deep") }
    skipSpace()
    switch byte {
    case UInt8(ascii: "{")?: try list(until: UInt8(ascii: "}"), depth: depth)
    case UInt8(ascii: "[")?: try list(until: UInt8(ascii: "]"), depth: depth)
    case UInt8(ascii: "'")?, UInt8(ascii: "\"")?: _ = try string()
    default:
      guard !word().isEmpty else { throw expected("a value") }
    }
  }

  /// Members of an object or elements of an array, with a comma between them.
  private mutating func list(until end: UInt8, depth: Int) throws(Problem) {
    at += 1
    var keys: Set<String> = []
    while true {
      skipSpace()
      if byte == end { break }
      if end == UInt8(ascii: "}") { try key(unlike: &keys) }
      try value(depth: depth + 1)
      skipSpace()
      if byte == UInt8(ascii: ",") {
        at += 1
      } else if byte != end {
        throw expected("a comma or \(Character(Unicode.Scalar(end)))")
      }
    }
    at += 1
  }

  private mutating func key(unlike others: inout Set<String>) throws(Problem) {
    let isQuoted = byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"")
    let name = isQuoted ? try string() : word()
    guard isQuoted || !name.isEmpty else { throw expected("a key") }
    let keyLine = line
    skipSpace()
    guard byte == UInt8(ascii: ":") else { throw expected("a colon behind the key") }
    at += 1
    if !others.insert(name).inserted {
      throw Problem(line: keyLine, message: "the key \(Quoted.text(name)) is there twice")
    }
  }

  /// What stands between the quotes, with its escapes as they are.
  private mutating func string() throws(Problem) -> String {
    let quote = byte
    let start = at + 1
    let startLine = line
    at += 1
    while let byte, byte != quote {
      if byte == UInt8(ascii: "\\") {
        at += 1
      } else if byte == UInt8(ascii: "\n") {
        break
      }
      advance()
    }
    guard byte == quote else {
      throw Problem(line: startLine, message: "a text without its closing quote")
    }
    at += 1
    return String(decoding: bytes[start..<(at - 1)], as: UTF8.self)
  }

  /// A name, a number, `true`, `null`…
  private mutating func word() -> String {
    let start = at
    while let byte, byte > 0x20, !"{}[]:,'\"/".utf8.contains(byte) { at += 1 }
    return String(decoding: bytes[start..<at], as: UTF8.self)
  }

  private mutating func skipSpace() {
    while let byte {
      let next = at + 1 < bytes.count ? bytes[at + 1] : 0
      if byte <= 0x20 {
        advance()
      } else if byte == UInt8(ascii: "/"), next == UInt8(ascii: "/") {
        while let byte = self.byte, byte != UInt8(ascii: "\n") { at += 1 }
      } else if byte == UInt8(ascii: "/"), next == UInt8(ascii: "*") {
        at += 2
        while at + 1 < bytes.count, (bytes[at], bytes[at + 1]) != (0x2A, 0x2F) { advance() }
        at = min(at + 2, bytes.count)
      } else {
        return
      }
    }
  }

  /// One byte on, counting lines.
  private mutating func advance() {
    guard at < bytes.count else { return }
    if bytes[at] == UInt8(ascii: "\n") { line += 1 }
    at += 1
  }
}
