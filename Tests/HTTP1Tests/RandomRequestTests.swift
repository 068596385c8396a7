// Random and mutated input: it never stops the process, and cuts never change the outcome.

import HTTP1
import Testing

@Suite("Random input to the request parser")
struct RandomRequestTests {
  /// A fresh seed each run; put the number of a failed run here to repeat it.
  static let seed = UInt64.random(in: 1...UInt64(UInt32.max))

  @Test("random bytes are refused or wait, and never trap")
  func randomBytes() {
    print("RandomRequestTests.seed = \(Self.seed)")
    var random = SeededGenerator(seed: Self.seed)
    var total = 0
    while total < 300_000 {
      let input = (0..<Int.random(in: 1...600, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      total += input.count
      if case .request = parse(input, cutAt: []) {
        Issue.record("a request out of noise, seed \(Self.seed)")
      }
    }
  }

  @Test("bytes that structure a head, in any order, never trap")
  func structuredNoise() {
    var random = SeededGenerator(seed: Self.seed)
    let pieces = [
      "GET", " ", "/", "%2e", "%", "HTTP/1.1", "HTTP/1.0", "\r\n", "\r", "\n", ":", "Host: a",
      "Content-Length: ", "9", ",", "Transfer-Encoding: x", "?", "é", "\t", "..", "http://",
    ]
    for _ in 0..<20_000 {
      let count = Int.random(in: 1...24, using: &random)
      let input = (0..<count).map { _ in pieces[Int.random(in: 0..<pieces.count, using: &random)] }
      _ = parse(bytes(input.joined()), cutAt: [])
    }
  }

  @Test("a mutated request has the same outcome however it is cut")
  func mutated() {
    var random = SeededGenerator(seed: Self.seed)
    let valid = bytes(
      "\r\nPOST /a%20b/c?d=e HTTP/1.1\r\nHost: example.org:80\r\n"
        + "Connection: keep-alive, Upgrade\r\n"
        + "Content-Length: 17\r\nX-Empty:\r\n\r\n")
    for round in 0..<4_000 {
      var input = valid
      for _ in 0..<Int.random(in: 0...2, using: &random) {
        let place = Int.random(in: 0..<input.count, using: &random)
        switch Int.random(in: 0...2, using: &random) {
        case 0: input[place] = UInt8.random(in: 0...255, using: &random)
        case 1: input.remove(at: place)
        default: input.insert(contentsOf: [0x0D, 0x0A, 0x20].shuffled(using: &random), at: place)
        }
      }
      let cuts = (0..<3).map { _ in Int.random(in: 0...input.count, using: &random) }.sorted()
      #expect(
        parse(input, cutAt: cuts) == parse(input, cutAt: []),
        "seed \(Self.seed), round \(round), cuts \(cuts)")
    }
  }
}
