// Shows that the lexer and the function finder see what the compiler sees.

import Testing

@Suite("House rules: reading Swift")
struct LexerTests {
  private func words(_ text: String) -> [String] {
    SwiftLexer.tokens(of: text).filter { $0.kind == .word }.map(\.text)
  }

  private func marks(_ text: String) -> String {
    SwiftLexer.tokens(of: text).filter { $0.kind == .mark }.map(\.text).joined()
  }

  @Test(arguments: [
    #"let a = "{ func ( \" { ""#,
    ##"let a = #"{ "quoted" \ { \n"#"##,
    "let a = \"\"\"\n  { \" \"\" {\n  \"\"\"",
    "let a = #\"\"\"\n  { \"\"\" \\( {\n  \"\"\"#",
    "let a = /[{(]\\/{/",
    "let a = #/ { \" /#",
    "let a // { func (",
    "let a /* { /* nested { */ func ( */",
  ])
  func `Text in literals and comments is not code`(source: String) {
    #expect(marks(source) == "")
    #expect(words(source) == ["let", "a"])
  }

  @Test func `What is interpolated is code`() {
    #expect(words(#""a \(b.map { "\(c)" }) d" e"#) == ["b", "map", "c", "e"])
    #expect(marks(#""a \(b.map { "\(c)" }) d""#) == "{}")
    #expect(words(##"#"a \(b) \#(c)"#"##) == ["c"])
    #expect(words("\"\"\"\n\\(x)\n  \"\"\"\ny") == ["x", "y"])
  }

  @Test func `A literal ends where it ends`() {
    #expect(words(#"f("\\", g)"#) == ["f", "g"])
    #expect(words(##"f(#"\"#, g)"##) == ["f", "g"])
    #expect(words(#"f("", "x", g)"#) == ["f", "g"])
    #expect(words("a / b / c") == ["a", "b", "c"])
    #expect(words("(a)/b/(c)") == ["a", "b", "c"])
  }

  @Test func `Tokens know their lines`() {
    let tokens = SwiftLexer.tokens(of: "a\n\"\"\"\nx\n\"\"\" b\n/*\n*/ c\nd")
    let lines = tokens.filter { $0.kind == .word }.map { [$0.text: $0.line] }
    #expect(lines == [["a": 1], ["b": 4], ["c": 6], ["d": 7]])
    #expect(tokens.filter(\.opensLine).map(\.text) == ["a", "\"\"", "/*\n*/", "d"])
  }

  @Test func `Broken source ends all the same`() {
    for text in ["\"abc", "\"\"\"abc", "/* /*", "`a", "#\"", "\"\\(", "/a\\", "}}}", "#/", "\\"] {
      _ = FunctionFinder.lengths(in: SwiftLexer.tokens(of: text))
    }
  }

  // MARK: Functions

  private func lengths(_ text: String) -> [FunctionLength] {
    FunctionFinder.lengths(in: SwiftLexer.tokens(of: text))
  }

  @Test(arguments: [
    ("func f() {\n}", "func f"),
    ("struct S {\ninit() {\n}\n}", "init"),
    ("final class C {\ndeinit {\n}\n}", "deinit"),
    ("extension A.B where T == U {\npublic static func g<X>(_ x: X) -> [Int] {\n}\n}", "func g"),
    ("enum E {\ncase a, b\nvar x: Int {\n}\n}", "var x"),
    ("actor A {\nsubscript(i: Int) -> Int {\n}\n}", "subscript"),
    ("let handler: (Int) -> Void = {\n}", "let handler"),
    ("class C {\nclass func f() {\n}\n}", "func f"),
    ("class C {\nvar x = 1 {\n}\n}", "var x"),
  ])
  func `Every kind of function is found`(source: String, name: String) {
    let found = lengths(source)
    #expect(found.map(\.count) == [2])
    #expect(found.map(\.name) == [name])
  }

  @Test func `What is nested counts with what holds it`() {
    let text = """
      func f() {
        struct Local {
          func g() {}
        }
        if a { b { c } }
      }
      func h() { }
      """
    #expect(lengths(text).map(\.name) == ["func f", "func h"])
    #expect(lengths(text).map(\.count) == [6, 1])
  }

  @Test func `A signature counts and attributes do not`() {
    let text = """
      @Test(
        arguments: [1].map {
          $0
        })
      func f(
        a: () -> Void = {}, b: [Int] = []
      ) async throws(E) -> Int
      where T: P {
        1
      }
      """
    let found = lengths(text)
    #expect(
      found.first { $0.name == "func f" } == FunctionLength(name: "func f", line: 5, count: 6))
    #expect(found.allSatisfy { $0.count <= 6 })
  }

  @Test func `Requirements of a protocol take no body from others`() {
    let text = """
      protocol P {
        func f() -> Int
        var x: Int { get set }
        init()
      }

      func g() {
        self.init()
      }
      """
    #expect(lengths(text).map(\.count) == [1, 3])
  }

  @Test func `A closure that is an argument counts by itself`() {
    let text = """
      let table = Table(
        first: 1,
        second: {
          2
        },
        third: 3)
      """
    #expect(lengths(text).map(\.count) == [3])
  }
}
