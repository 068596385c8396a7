// Bodies: what is read, cut anywhere, and what is refused, by name.

import HTTP1
import Testing

@Suite("Bodies of requests")
struct BodyTests {
  static let bytesMax = 100

  enum Outcome: Equatable {
    /// The body, and what follows it.
    case body([UInt8], rest: [UInt8])
    case needMore
    case fault(HTTPFault)
  }

  /// Reads what arrives in pieces that end at `cuts`, dropping what was taken in as a driver does.
  static func read(
    _ framing: BodyFraming, _ input: [UInt8], cutAt cuts: [Int] = []
  ) -> Outcome {
    var reader = BodyReader(framing, bytesMax: bytesMax)
    var buffered: [UInt8] = []
    var start = 0
    for end in cuts + [input.count] {
      buffered += input[start..<end]
      start = end
      switch reader.read(buffered.span) {
      case .needMore(let consumed): buffered.removeFirst(consumed)
      case .complete(let body, let consumed):
        return .body(body, rest: Array(buffered[consumed...]) + input[start...])
      case .malformed(let fault): return .fault(fault)
      }
    }
    return .needMore
  }

  /// However it is cut.
  static func readEveryWay(
    _ framing: BodyFraming, _ text: String, sourceLocation: SourceLocation = #_sourceLocation
  ) -> Outcome {
    let input = bytes(text)
    let whole = read(framing, input)
    for cut in 0...input.count {
      #expect(
        read(framing, input, cutAt: [cut]) == whole, "cut at \(cut)",
        sourceLocation: sourceLocation)
    }
    let single = read(framing, input, cutAt: Array(0..<input.count))
    #expect(single == whole, "byte by byte", sourceLocation: sourceLocation)
    return whole
  }

  static func body(_ text: String, rest: String = "") -> Outcome {
    .body(bytes(text), rest: bytes(rest))
  }

  @Test("a head tells how its body is delimited")
  func framing() throws {
    #expect(try !head(get("/")).hasBody)
    #expect(try !head(get("/", "Content-Length: 0")).hasBody)
    let chunked = try head(get("/", "Transfer-Encoding: Chunked"))
    #expect(chunked.hasBody && chunked.bodyFraming == .chunked)
    #expect(!chunked.expectsContinue)
    #expect(
      try head(get("/", "Transfer-Encoding: chunked", "Expect: 100-continue")).expectsContinue)
  }

  @Test("a body of a length ends there, and the next request begins")
  func length() {
    #expect(Self.readEveryWay(.length(3), "teaGET /") == Self.body("tea", rest: "GET /"))
    #expect(Self.readEveryWay(.length(0), "GET /") == Self.body("", rest: "GET /"))
    #expect(Self.readEveryWay(.length(4), "tea") == .needMore)
    #expect(Self.read(.length(101), []) == .fault(.bodyTooLarge))
  }

  @Test(
    "chunks are put together",
    arguments: [
      ("0\r\n\r\n", ""),
      ("3\r\ntea\r\n0\r\n\r\n", "tea"),
      ("2\r\nte\r\n1\r\na\r\n0\r\n\r\n", "tea"),
      ("0003\r\ntea\r\n000\r\n\r\n", "tea"),
      ("A\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
      ("a\r\n\r\n0\r\n\r\n012\r\n0\r\n\r\n", "\r\n0\r\n\r\n012"),
      ("3;name\r\ntea\r\n0;a=\"b\"\r\n\r\n", "tea"),
      ("3\r\ntea\r\n0\r\nX-Sum: 1\r\nY:\r\n\r\n", "tea"),
    ])
  func chunks(input: String, body: String) {
    #expect(Self.readEveryWay(.chunked, input + "GET /") == Self.body(body, rest: "GET /"))
    let allButOne = String(input.unicodeScalars.dropLast().map(Character.init))
    #expect(Self.readEveryWay(.chunked, allButOne) == .needMore)
  }

  static let refused: [(name: String, input: String, fault: HTTPFault)] = [
    ("no size", "\r\ntea", .badChunk),
    ("a size that is no number", "x\r\n", .badChunk),
    ("a size with a sign", "+3\r\n", .badChunk),
    ("a negative size", "-3\r\n", .badChunk),
    ("a size with 0x", "0x3\r\n", .badChunk),
    ("white space in front of a size", " 3\r\n", .badChunk),
    ("white space behind a size", "3 \r\n", .badChunk),
    ("an underscore in a size", "1_0\r\n", .badChunk),
    ("a size beyond the limit", "65\r\n", .bodyTooLarge),
    ("sizes that pass the limit together", "3\r\ntea\r\n62\r\n", .bodyTooLarge),
    ("a size that overflows 32 bits", "100000003\r\n", .bodyTooLarge),
    ("a size that overflows 64 bits", "10000000000000003\r\n", .bodyTooLarge),
    ("a size padded with zeros without end", "0000000000000003\r\n", .badChunk),
    ("a bare line feed behind a size", "3\ntea\r\n0\r\n\r\n", .badLineEnd),
    ("a lone carriage return behind a size", "3\rtea\r\n", .badLineEnd),
    ("a bare line feed in an extension", "3;a\ntea\r\n0\r\n\r\n", .badLineEnd),
    ("a lone carriage return in an extension", "3;a\rtea\r\n", .badLineEnd),
    ("a control byte in an extension", "3;a\u{0}\r\n", .controlByte),
    ("more data than the size says", "3\r\nteas\r\n", .badChunk),
    ("less data than the size says", "4\r\ntea\r\n0\r\n\r\n", .badChunk),
    ("a bare line feed behind the data", "3\r\ntea\n0\r\n\r\n", .badChunk),
    ("a lone carriage return behind the data", "3\r\ntea\r0\r\n\r\n", .badLineEnd),
    ("a bare line feed instead of the last line", "0\r\n\n", .badLineEnd),
    ("a bare line feed in the trailer", "0\r\nA: b\n\r\n", .badLineEnd),
    ("a lone carriage return in the trailer", "0\r\nA: b\rC: d\r\n\r\n", .badLineEnd),
    ("a trailer that is no field", "0\r\nGET / HTTP/1.1\r\n\r\n", .badFieldName),
    ("white space before the colon of a trailer", "0\r\nA : b\r\n\r\n", .badFieldName),
    ("a folded trailer", "0\r\nA: b\r\n c\r\n\r\n", .obsoleteFold),
    ("a control byte in the trailer", "0\r\nA: \u{1}\r\n\r\n", .controlByte),
  ]

  @Test("chunked bodies that two servers could read in two ways are refused", arguments: refused)
  func malformed(name: String, input: String, fault: HTTPFault) {
    #expect(Self.readEveryWay(.chunked, input) == .fault(fault), "\(name)")
    #expect(fault.status.code >= 400)
  }

  @Test("chunk extensions and trailers have limits of their own")
  func limits() {
    let short = String(repeating: "x", count: 500)
    #expect(Self.read(.chunked, bytes("1;\(short)\r\na\r\n0;\(short)\r\n\r\n")) == Self.body("a"))
    let long = String(repeating: "x", count: 1_025)
    #expect(Self.read(.chunked, bytes("1;\(long)")) == .fault(.badChunk))
    let many = String(repeating: "1;\(short)\r\na\r\n", count: 3)
    #expect(Self.read(.chunked, bytes(many)) == .fault(.badChunk))
    let fields = String(repeating: "A: b\r\n", count: 700)
    #expect(Self.read(.chunked, bytes("0\r\n" + fields)) == .fault(.headTooLarge))
  }
}
