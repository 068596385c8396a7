// Holds the parts of a flood run that need no server.

import Foundation
import NetTypes
import Testing

@testable import parley_load

@Suite struct FloodTests {
  @Test func `a bomb is what it says: a small deflated text that is a large one`() throws {
    let bytes = DeflateBomb.deflated(inflatedBytes: 1_000_000)
    #expect(bytes.count < 1_000_000 / 150)
    // RFC 7692 §7.2.2: the tail that was left out comes back before inflating.
    let inflated = try inflate(bytes + [0, 0, 0xFF, 0xFF])
    #expect(inflated.count > 999_000 && inflated.count <= 1_000_002)
    #expect(inflated.starts(with: Array(#""aaaa"#.utf8)))
  }

  /// By Python, which has zlib on every machine that these tests run on.
  private func inflate(_ bytes: [UInt8]) throws -> [UInt8] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = [
      "-c",
      "import sys, zlib; d = sys.stdin.buffer.read();"
        + " sys.stdout.buffer.write(zlib.decompressobj(-15).decompress(d))",
    ]
    let input = Pipe()
    let output = Pipe()
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    input.fileHandleForWriting.write(Data(bytes))
    try input.fileHandleForWriting.close()
    let result = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Array(result)
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
