// Random fragmentation and random noise, from a seed that is printed.

import Testing
import WebSocket

@Suite("Random frames")
struct RandomFrameTests {
  /// A fresh seed each run; put the number of a failed run here to repeat it.
  static let seed = UInt64.random(in: 1...UInt64(UInt32.max))

  /// A message in random fragments with control frames between them, and what is to be seen of it.
  func conversation(
    _ random: inout SeededGenerator, _ output: inout [UInt8], _ seen: inout [Seen]
  ) {
    let alphabet = Array("aZ9 éκ水🫖\u{0}\u{10FFFF}".unicodeScalars)
    let isText = Bool.random(using: &random)
    let most = [3, 130, 700][Int.random(in: 0...2, using: &random)]
    let size = Int.random(in: 0...most, using: &random)
    var text = String.UnicodeScalarView()
    for _ in 0..<size { text.append(alphabet[Int.random(in: 0..<alphabet.count, using: &random)]) }
    let payload =
      isText
      ? Array(String(text).utf8)
      : (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
    var start = 0
    var opcode: Opcode = isText ? .text : .binary
    var isFinal = false
    while !isFinal {
      let end = Int.random(in: start...payload.count, using: &random)
      isFinal = end == payload.count && Bool.random(using: &random)
      append(&random, opcode, Array(payload[start..<end]), isFinal: isFinal, &output)
      (start, opcode) = (end, .continuation)
      if !isFinal && Int.random(in: 0...3, using: &random) == 0 {
        let control = (0..<Int.random(in: 0...125, using: &random)).map { UInt8($0) }
        let isPing = Bool.random(using: &random)
        append(&random, isPing ? .ping : .pong, control, isFinal: true, &output)
        seen.append(isPing ? .ping(control) : .pong(control))
      }
    }
    seen.append(isText ? .text(payload) : .binary(payload))
  }

  func append(
    _ random: inout SeededGenerator, _ opcode: Opcode, _ payload: [UInt8], isFinal: Bool,
    _ output: inout [UInt8]
  ) {
    FrameEncoder.append(
      to: &output, opcode: opcode, payload: payload.span, isFinal: isFinal,
      maskKey: UInt32.random(in: 0...UInt32.max, using: &random))
  }

  @Test("messages arrive whole however they are fragmented and cut")
  func fragmentation() {
    print("RandomFrameTests.seed = \(Self.seed)")
    var random = SeededGenerator(seed: Self.seed)
    for round in 0..<300 {
      var input: [UInt8] = []
      var expected: [Seen] = []
      for _ in 0..<Int.random(in: 1...5, using: &random) {
        conversation(&random, &input, &expected)
      }
      let cuts = (0..<Int.random(in: 0...20, using: &random)).map { _ in
        Int.random(in: 0...input.count, using: &random)
      }
      let seen = decode(input, cutAt: cuts.sorted())
      #expect(seen == expected, "seed \(Self.seed), round \(round)")
    }
  }

  @Test("random bytes end in a fault or wait, in either role, and never trap")
  func noise() {
    var random = SeededGenerator(seed: Self.seed)
    var total = 0
    while total < 400_000 {
      let input = (0..<Int.random(in: 1...2_000, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      total += input.count
      let cut = Int.random(in: 0...input.count, using: &random)
      let role: WebSocketRole = Bool.random(using: &random) ? .server : .client
      let seen = decode(input, cutAt: [cut], role: role)
      #expect(seen == decode(input, role: role), "seed \(Self.seed)")
    }
  }

  @Test("frames with valid headers and random everything else never trap, however they are cut")
  func structuredNoise() {
    var random = SeededGenerator(seed: Self.seed)
    let firsts: [UInt8] = [0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x88, 0x89, 0x8A]
    var total = 0
    while total < 300_000 {
      var input: [UInt8] = []
      for _ in 0..<Int.random(in: 1...12, using: &random) {
        let first = firsts[Int.random(in: 0..<firsts.count, using: &random)]
        let size = Int.random(in: 0...(first >= 0x88 ? 125 : 140), using: &random)
        let isASCII = Bool.random(using: &random)
        let payload = (0..<size).map { _ in
          UInt8.random(in: 0...(isASCII ? 0x7F : 0xFF), using: &random)
        }
        input += masked(first, payload)
      }
      total += input.count
      let cuts = (0..<4).map { _ in Int.random(in: 0...input.count, using: &random) }.sorted()
      let whole = receive(input)
      let cut = receive(input, cutAt: cuts)
      #expect(whole.seen == cut.seen, "seed \(Self.seed)")
      #expect(whole.output == cut.output, "seed \(Self.seed)")
      #expect(whole.output.count <= input.count + 2 + WebSocketLimits.controlBytesMax)
    }
  }
}
