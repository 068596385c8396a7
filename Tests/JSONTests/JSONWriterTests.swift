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
