// What the tests of HTTP1 share: parsing in pieces, and seeded randomness.

import HTTP1
import Testing

/// The bytes of `text`, whose lines end in CRLF already.
func bytes(_ text: String) -> [UInt8] { [UInt8](text.utf8) }

/// A request with the usual fields and what is given.
func get(_ target: String, _ lines: String...) -> String {
  "GET \(target) HTTP/1.1\r\nHost: example.org\r\n" + lines.map { $0 + "\r\n" }.joined() + "\r\n"
}

/// Parses `input` as it arrives in pieces that end at `cuts`, keeping the buffer as a driver does.
func parse(_ input: [UInt8], cutAt cuts: [Int]) -> RequestParseResult {
  var parser = RequestParser()
  for end in cuts + [input.count] {
    let buffered = Array(input[..<end])
    let result = parser.parse(buffered.span)
    if result != .needMore { return result }
  }
  return .needMore
}

/// Parses `text` in one piece, in two pieces cut at every byte, and byte by byte; all have to
/// agree.
func parseEveryWay(
  _ text: String, sourceLocation: SourceLocation = #_sourceLocation
) -> RequestParseResult {
  let input = bytes(text)
  let whole = parse(input, cutAt: [])
  // Every cut of a long head would be slow and tell nothing more than every 97th.
  for cut in stride(from: 0, to: input.count, by: input.count > 2_000 ? 97 : 1) {
    #expect(parse(input, cutAt: [cut]) == whole, "cut at \(cut)", sourceLocation: sourceLocation)
  }
  if input.count <= 2_000 {
    let single = parse(input, cutAt: Array(0..<input.count))
    #expect(single == whole, "byte by byte", sourceLocation: sourceLocation)
  }
  return whole
}

/// The head that `text` has to be, complete to its last byte.
func head(
  _ text: String, sourceLocation: SourceLocation = #_sourceLocation
) throws -> RequestHead {
  let result = parseEveryWay(text, sourceLocation: sourceLocation)
  guard case .request(let head, let consumed) = result else {
    Issue.record("\(result)", sourceLocation: sourceLocation)
    throw NotAHead()
  }
  #expect(consumed == text.utf8.count, sourceLocation: sourceLocation)
  return head
}

struct NotAHead: Error {}

/// The fault that `text` has to be refused with.
func fault(
  _ text: String, sourceLocation: SourceLocation = #_sourceLocation
) -> HTTPFault? {
  guard case .malformed(let fault) = parseEveryWay(text, sourceLocation: sourceLocation) else {
    return nil
  }
  return fault
}

/// SplitMix64, so that a seed tells the whole test.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
