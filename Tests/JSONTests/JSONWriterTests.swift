// What the writer writes.

import JSON
import Testing

@Suite struct JSONWriterTests {
  @Test func commasComeByThemselves() {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("a")
    writer.integer(-5)
    writer.key("b")
    writer.beginArray()
    writer.beginObject()
    writer.endObject()
    writer.boolean(true)
    writer.null()
    writer.beginArray()
    writer.endArray()
    writer.endArray()
    writer.key("c")
    writer.raw(Array("{ }".utf8))
    writer.key("d")
    writer.string("x")
    writer.endObject()
    #expect(
      String(decoding: writer.bytes, as: UTF8.self)
        == #"{"a":-5,"b":[{},true,null,[]],"c":{ },"d":"x"}"#)
  }

  @Test func numbersAreWrittenInTheirShortestForm() {
    let powers = (0...18).map { (0..<$0).reduce(Int64(1)) { power, _ in power * 10 } }
    for value in powers.flatMap({ [$0, $0 - 1, $0 + 1, -$0] }) + [.max, .min] {
      var bytes: [UInt8] = []
      bytes.append(DecimalText(value))
      #expect(String(decoding: bytes, as: UTF8.self) == "\(value)")
      #expect(DecimalText(value).count == bytes.count)
    }
  }

  @Test func aWriterThatBeginsAnewRemembersNothing() {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("a")
    writer.skipValue()
    writer.removeAll()
    writer.beginArray()
    writer.endArray()
    #expect(writer.bytes == Array("[]".utf8))
  }

  @Test func everyStringComesBackFromTheParser() throws {
    var parser = JSONObjectParser(sizeMax: 8192)
    let strings =
      (0..<256).compactMap { Unicode.Scalar($0).map { "<\($0)>" } } + ["", "\"\\/", "é😀\u{2028}"]
    for string in strings {
      var writer = JSONWriter()
      writer.beginObject()
      writer.key(string)
      writer.string(string)
      writer.key("copy")
      writer.string(string)
      writer.endObject()
      try parser.parse(writer.bytes.span)
      #expect(parser.string("copy") == string)
    }
  }
}
