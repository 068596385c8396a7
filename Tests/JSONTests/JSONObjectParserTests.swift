// What the parser takes, refuses and finds.

import Foundation
import JSON
import Testing

@Suite struct JSONObjectParserTests {
  private func failure(_ text: String, sizeMax: Int = 4096, depthMax: Int = 64) -> JSONError? {
    failure(Array(text.utf8), sizeMax: sizeMax, depthMax: depthMax)
  }

  private func failure(_ bytes: [UInt8], sizeMax: Int = 4096, depthMax: Int = 64) -> JSONError? {
    var parser = JSONObjectParser(sizeMax: sizeMax, depthMax: depthMax)
    do {
      try parser.parse(bytes.span)
      return nil
    } catch {
      return error
    }
  }

  @Test func membersAreFoundWithTheirKindsAndValues() throws {
    var parser = JSONObjectParser(sizeMax: 4096)
    let text = #"""
      {"n":null,"t":true,"f":false,"i":-7,"w":1e3,"d":0.5,"s":"a\"\u00e9\n","a":[1,2],"o":{"x":9}}
      """#
    try parser.parse(Array(text.utf8).span)
    #expect(parser.kind(of: "n") == .null)
    #expect(parser.boolean("t") == true)
    #expect(parser.boolean("f") == false)
    #expect(parser.integer("i") == -7)
    #expect(parser.integer("w") == 1000)
    #expect(parser.kind(of: "d") == .number)
    #expect(parser.integer("d") == nil)
    #expect(parser.string("s") == "a\"é\n")
    #expect(parser.stringByteCount("s") == 5)
    #expect(parser.kind(of: "a") == .array)
    #expect(parser.kind(of: "o") == .object)
    #expect(parser.integer("x", in: "o") == 9)
    #expect(parser.kind(of: "missing") == nil)
    #expect(parser.string("i") == nil)
    #expect(parser.kind(of: "x", in: "a") == nil)
  }

  @Test func rangesGiveEveryValueByteForByte() throws {
    var parser = JSONObjectParser(sizeMax: 4096)
    let values = [
      #""v=0\r\n""#, "{ \"a\" : [ 1 , {} ] }", "[ ]", "{}", "-12.50e+2", "true", "false", "null",
      "0",
      #""\ud83d\ude00 \\ \" }""#, "[[[\"]\"]]]", "\"\"",
    ]
    for value in values {
      for (before, after) in [("", ""), (" ", " "), ("\n\t", "\r\n ")] {
        for tail in ["", #","z":[0]"#] {
          let text = Array("\(before){\"a\":1,\"v\":\(before)\(value)\(after)\(tail)}\(after)".utf8)
          try parser.parse(text.span)
          let found = parser.range(of: "v")
          let range = try #require(found)
          #expect(String(decoding: text[range], as: UTF8.self) == value)
        }
      }
    }
  }

  @Test func namesAreComparedAfterUnescaping() throws {
    var parser = JSONObjectParser(sizeMax: 4096)
    try parser.parse(Array(#"{"\u0074ype":"x"}"#.utf8).span)
    #expect(parser.string("type") == "x")
    #expect(failure(#"{"\u0074ype":1,"type":2}"#) == .duplicateMember)
  }

  @Test(arguments: [
    "", " ", "{", "}", "{]", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{,"a":1}"#, #"{"a":1 "b":2}"#,
    #"{"a":1}x"#, #"{"a":1}{}"#, #"{a:1}"#, #"{"a":01}"#, #"{"a":+1}"#, #"{"a":.5}"#, #"{"a":1.}"#,
    #"{"a":nul}"#, #"{"a":truee}"#, #"{"a":"\x"}"#, #"{"a":"\u12g4"}"#, #"{"a":"}"#, #"{'a':1}"#,
    #"{"a":[1,]}"#, #"{"a":[1 2]}"#, #"{"a":{"b":tru}}"#, #"{"a":[{"b":"\q"}]}"#,
    "{\"a\":\"\u{1}\"}",
    "{\"a\":\"\n\"}", #"{"a":1e400}"#, #"{"a":NaN}"#, #"{"a":"\ud800"}"#, "{\"a\":1}\u{0}",
    #"{"a":1e}"#, #"{"a":--1}"#, #"{1:2}"#, #"{"a":/**/1}"#,
  ])
  func whatIsNotJSONIsRefusedWhereverItStands(text: String) {
    #expect(failure(text) == .malformed)
  }

  @Test(arguments: ["[]", "1", "\"a\"", "null", "[{}]", " true "])
  func onlyObjectsAreTaken(text: String) {
    #expect(failure(text) == .notAnObject)
  }

  @Test func textThatIsNotUTF8IsRefusedInNamesAndValues() {
    let broken: [[UInt8]] = [
      [0x80], [0xC0, 0xAF], [0xE0, 0x80, 0xAF], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80],
      [0xC3], [0xF0, 0x9F, 0x98], [0xFF],
    ]
    for bytes in broken {
      #expect(failure(Array("{\"a\":\"".utf8) + bytes + Array("\"}".utf8)) == .notUTF8)
      #expect(failure(Array("{\"".utf8) + bytes + Array("\":1}".utf8)) == .notUTF8)
    }
  }

  @Test func sizeDepthAndMembersAreBounded() {
    #expect(failure(#"{"a":1}"#, sizeMax: 7) == nil)
    #expect(failure(#"{"a":12}"#, sizeMax: 7) == .tooLarge)
    func nested(_ levels: Int) -> String {
      #"{"a":"# + String(repeating: "[", count: levels - 1)
        + String(repeating: "]", count: levels - 1) + "}"
    }
    #expect(failure(nested(63)) == nil)
    #expect(failure(nested(65)) == .tooDeep)
    #expect(failure(nested(2000)) == .tooDeep)
    func wide(_ count: Int) -> String {
      "{" + (0..<count).map { "\"m\($0)\":\($0)" }.joined(separator: ",") + "}"
    }
    #expect(failure(wide(JSONObjectParser.membersMax)) == nil)
    #expect(failure(wide(JSONObjectParser.membersMax + 1)) == .tooManyMembers)
  }

  @Test func aNestedNameThatAppearsTwiceIsNotFound() throws {
    var parser = JSONObjectParser(sizeMax: 4096)
    try parser.parse(Array(#"{"c":{"candidate":"short","candidate":"long","m":1}}"#.utf8).span)
    #expect(parser.string("candidate", in: "c") == nil)
    #expect(parser.integer("m", in: "c") == 1)
  }

  @Test func aFailureLeavesNothingOfTheTextBefore() throws {
    var parser = JSONObjectParser(sizeMax: 4096)
    try parser.parse(Array(#"{"a":1}"#.utf8).span)
    #expect(throws: JSONError.malformed) { try parser.parse(Array(#"{"a":"#.utf8).span) }
    #expect(parser.integer("a") == nil)
    try parser.parse(Array(#"{"b":2}"#.utf8).span)
    #expect(parser.integer("b") == 2)
  }

  @Test func wholeNumbersKeepAllTheirBits() throws {
    var parser = JSONObjectParser(sizeMax: 4096)
    let text = #"{"max":9223372036854775807,"min":-9223372036854775808,"over":9223372036854775808}"#
    try parser.parse(Array(text.utf8).span)
    #expect(parser.integer("max") == .max)
    #expect(parser.integer("min") == .min)
    #expect(parser.integer("over") == nil)
    #expect(parser.kind(of: "over") == .number)
  }

  @Test func listsOfStringsAreReadWhole() throws {
    var parser = JSONObjectParser(sizeMax: 4096)
    let many = Array(repeating: "\"a\"", count: 65).joined(separator: ",")
    let text =
      #"{"none":[],"two":["a","\u0062\n"],"mixed":["a",1],"nested":[["a"]],"text":"a","o":{"a":[]}"#
      + ",\"max\":[\(many.dropFirst(4))],\"many\":[\(many)]}"
    try parser.parse(Array(text.utf8).span)
    #expect(parser.strings("none") == [])
    #expect(parser.strings("two") == ["a", "b\n"])
    for key: StaticString in ["mixed", "nested", "text", "o", "many", "missing"] {
      #expect(parser.strings(key) == nil)
    }
    #expect(parser.strings("max")?.count == JSONObjectParser.textsMax)
  }

  @Test func randomBytesNeverDoMoreThanFail() {
    let given = ProcessInfo.processInfo.environment["PARLEY_SEED"].flatMap { UInt64($0) }
    let seed = given ?? UInt64.random(in: 0...UInt64.max)
    var state = seed
    var parser = JSONObjectParser(sizeMax: 512)
    let alphabet = Array(#"{}[]":,\ue0123456789.truefalsnul-+"#.utf8) + [0, 0x80, 0xC3, 0xFF, 10]
    for _ in 0..<20_000 {
      var bytes: [UInt8] = [UInt8(ascii: "{")]
      state = state &* 6_364_136_223_846_793_005 &+ 1
      for _ in 0..<Int(state >> 58) {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        bytes.append(alphabet[Int((state >> 33) % UInt64(alphabet.count))])
      }
      guard (try? parser.parse(bytes.span)) != nil else { continue }
      if let range = parser.range(of: "") {
        #expect(range.upperBound < bytes.count, "again: PARLEY_SEED=\(seed)")
      }
    }
  }
}
