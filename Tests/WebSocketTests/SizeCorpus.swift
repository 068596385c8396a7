// The part of the corpus about sizes and how messages are cut: sections 9 and 10.

import WebSocket

extension Corpus {
  static let sizes: [Conversation] =
    [16, 64, 256].flatMap { size in
      [
        cut("9.3 a text of 1,024 bytes in fragments of \(size)", 0x01, 1_024, size),
        cut("9.4 a binary of 1,024 bytes in fragments of \(size)", 0x02, 1_024, size),
      ]
    } + [
      cut("9.1 the largest text that is taken", 0x01, WebSocketLimits.messageBytesMax, 65_536),
      cut("10.1 a text of 8,192 bytes in fragments of 1,300", 0x01, 8_192, 1_300),
      Conversation(
        "9 a message beyond the limit in one frame",
        [Array(masked(0x82, [UInt8](repeating: 1, count: 65_537)).prefix(14))],
        sees: [.failed(.messageTooBig)]),
      Conversation(
        "9 a message beyond the limit in fragments, told by the header that passes it",
        [
          masked(0x02, [UInt8](repeating: 1, count: 65_000)),
          Array(masked(0x80, [UInt8](repeating: 1, count: 600)).prefix(4)),
        ], sees: [.failed(.messageTooBig)]),
    ]

  /// One message, cut.
  private static func cut(_ rule: String, _ first: UInt8, _ size: Int, _ step: Int) -> Conversation
  {
    let payload = (0..<size).map { UInt8(ascii: "a") + UInt8($0 % 23) }
    let frames = stride(from: 0, to: size, by: step).map { start in
      let end = min(start + step, size)
      let opcode: UInt8 = start == 0 ? first : 0
      return masked(opcode | (end == size ? 0x80 : 0), Array(payload[start..<end]))
    }
    return Conversation(rule, frames, sees: [first == 0x01 ? .text(payload) : .binary(payload)])
  }
}
