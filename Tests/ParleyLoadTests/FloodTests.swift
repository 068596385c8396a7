// Holds the parts of a flood run that need no server.

import Compression
import NetTypes
import Testing

@testable import parley_load

@Suite struct FloodTests {
  @Test func `a bomb is what it says: a small deflated text that is a large one`() throws {
    let bytes = DeflateBomb.deflated(inflatedBytes: 1_000_000)
    #expect(bytes.count < 1_000_000 / 150)
    var inflated: [UInt8] = []
    try ZlibCodec().inflate(bytes.span, bytesMax: 1_000_100, into: &inflated)
    #expect(inflated.count > 999_000 && inflated.count <= 1_000_002)
    #expect(inflated.starts(with: Array(#""aaaa"#.utf8)))
  }

  @Test func `what comes before the flood is told from what comes during it, by room`() {
    var options = FloodOptions()
    options.calm.messages = 4
    var results = SignalResults()
    for number in 0..<4 {
      results.sent(
        receivers: 3, at: .zero, due: .zero, in: options.calm.part(of: number, room: number % 2))
    }
    #expect(results.lostByPart == [3, 3, 3, 3])
    #expect(
      SignalPart.allCases.map(\.key) == [
        "before_same", "before_other", "during_same", "during_other",
      ])
  }
}
