// The table of conversations that the corpus tests run; numbers follow Autobahn's sections.

import Testing
import WebSocket

/// One conversation: what a client sends, what the server makes of it, and what it answers.
struct Conversation: CustomTestStringConvertible {
  let rule: String
  let sends: [UInt8]
  let sees: [Seen]
  /// The server's frames; to a fault, the close frame is added by itself.
  var answers: [UInt8] = []

  var testDescription: String { rule }

  init(_ rule: String, _ sends: [[UInt8]], sees: [Seen], answers: [[UInt8]] = []) {
    self.rule = rule
    self.sends = sends.flatMap { $0 }
    self.sees = sees
    self.answers = answers.flatMap { $0 }
    if case .failed(let fault) = sees.last {
      self.answers += rawFrame(0x88, closePayload(fault.closeCode.rawValue, fault.rawValue))
    }
  }
}

enum Corpus {
  static let all =
    framing + pings + reservedBits + opcodes + fragmentation + texts + closing + closeCodes
    + sizes

  // MARK: 1 Framing

  static let framing: [Conversation] = [0, 1, 125, 126, 127, 128, 65_535, 65_536].flatMap { size in
    let letters = [UInt8](repeating: UInt8(ascii: "*"), count: size)
    let high = [UInt8](repeating: 0xFE, count: size)
    return [
      Conversation("1.1 a text of \(size) bytes", [masked(0x81, letters)], sees: [.text(letters)]),
      Conversation("1.2 a binary of \(size) bytes", [masked(0x82, high)], sees: [.binary(high)]),
    ]
  }

  // MARK: 2 Pings and pongs

  static let longest = [UInt8](repeating: 0xFE, count: 125)

  static let pings: [Conversation] = [
    Conversation("2.1 an empty ping", [masked(0x89)], sees: [], answers: [rawFrame(0x8A)]),
    Conversation(
      "2.2 a ping with text", [masked(0x89, "Hello")], sees: [],
      answers: [rawFrame(0x8A, bytes("Hello"))]),
    Conversation(
      "2.3 a ping with bytes that are no text", [masked(0x89, [0, 0xFF, 0xFE, 0xFD])], sees: [],
      answers: [rawFrame(0x8A, [0, 0xFF, 0xFE, 0xFD])]),
    Conversation(
      "2.4 a ping of 125 bytes", [masked(0x89, longest)], sees: [],
      answers: [rawFrame(0x8A, longest)]),
    Conversation(
      "2.5 a ping of 126 bytes", [masked(0x89, longest + [0])], sees: [.failed(.longControl)]),
    Conversation("2.7 a pong nobody asked for", [masked(0x8A)], sees: [.pong([])]),
    Conversation("2.8 the same with text", [masked(0x8A, "x")], sees: [.pong(bytes("x"))]),
    Conversation(
      "2.9 a pong nobody asked for, then a ping", [masked(0x8A, "x"), masked(0x89, "y")],
      sees: [.pong(bytes("x"))], answers: [rawFrame(0x8A, bytes("y"))]),
    Conversation(
      "2.10 ten pings, answered in order", (0..<10).map { masked(0x89, "payload-\($0)") },
      sees: [], answers: (0..<10).map { rawFrame(0x8A, bytes("payload-\($0)")) }),
  ]

  // MARK: 3 Reserved bits

  static let reservedBits: [Conversation] =
    (1...7).flatMap { bits -> [Conversation] in
      let reserved = UInt8(bits << 4)
      return [0x81, 0x82, 0x88, 0x89, 0x8A].map { first in
        Conversation(
          "3 reserved bits \(bits) on \(first)",
          [masked(0x81, "ok"), masked(first | reserved, "no"), masked(0x89)],
          sees: [.text(bytes("ok")), .failed(.reservedBit)])
      }
    }

  // MARK: 4 Opcodes

  static let opcodes: [Conversation] = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap { opcode in
    [
      Conversation(
        "4 opcode \(opcode), empty", [masked(0x80 | opcode)], sees: [.failed(.reservedOpcode)]),
      Conversation(
        "4 opcode \(opcode) behind a message, with payload",
        [masked(0x81, "ok"), masked(0x80 | opcode, "no"), masked(0x89)],
        sees: [.text(bytes("ok")), .failed(.reservedOpcode)]),
    ]
  }

  // MARK: 5 Fragmentation

  static let fragmentation: [Conversation] = [
    Conversation(
      "5.1 a ping in two fragments", [masked(0x09, "a"), masked(0x80, "b")],
      sees: [.failed(.fragmentedControl)]),
    Conversation(
      "5.2 a pong in two fragments", [masked(0x0A, "a"), masked(0x80, "b")],
      sees: [.failed(.fragmentedControl)]),
    Conversation(
      "5.2 a close in two fragments", [masked(0x08)], sees: [.failed(.fragmentedControl)]),
    Conversation(
      "5.3 a text in two fragments", [masked(0x01, "a"), masked(0x80, "b")],
      sees: [.text(bytes("ab"))]),
    Conversation(
      "5.3 a binary in three fragments", [masked(0x02, "a"), masked(0, "b"), masked(0x80, "c")],
      sees: [.binary(bytes("abc"))]),
    Conversation(
      "5.6 a ping between fragments", [masked(0x01, "a"), masked(0x89, "p"), masked(0x80, "b")],
      sees: [.text(bytes("ab"))], answers: [rawFrame(0x8A, bytes("p"))]),
    Conversation(
      "5.9 a last fragment of nothing", [masked(0x80, "a"), masked(0x81, "b")],
      sees: [.failed(.strayContinuation)]),
    Conversation(
      "5.12 a fragment of nothing", [masked(0x00, "a"), masked(0x81, "b")],
      sees: [.failed(.strayContinuation)]),
    Conversation(
      "5.15 a fragment behind a finished message",
      [masked(0x01, "a"), masked(0x80, "b"), masked(0x00, "c"), masked(0x81, "d")],
      sees: [.text(bytes("ab")), .failed(.strayContinuation)]),
    Conversation(
      "5.18 a second text inside of a text", [masked(0x01, "a"), masked(0x81, "b")],
      sees: [.failed(.interruptedMessage)]),
    Conversation(
      "5.18 a binary inside of a text", [masked(0x01, "a"), masked(0x02, "b")],
      sees: [.failed(.interruptedMessage)]),
    Conversation(
      "5.18 an empty first fragment counts, too", [masked(0x01), masked(0x81, "b")],
      sees: [.failed(.interruptedMessage)]),
    Conversation(
      "5.20 five fragments with pings and a pong between",
      [
        masked(0x01, "f1"), masked(0x00, "f2"), masked(0x89, "p1"), masked(0x00, "f3"),
        masked(0x8A, "x"), masked(0x00, "f4"), masked(0x89, "p2"), masked(0x80, "f5"),
      ],
      sees: [.pong(bytes("x")), .text(bytes("f1f2f3f4f5"))],
      answers: [rawFrame(0x8A, bytes("p1")), rawFrame(0x8A, bytes("p2"))]),
  ]

  // MARK: 6 UTF-8

  static let cosmos = bytes("κόσμε")

  static let texts: [Conversation] =
    [
      Conversation("6.1.1 an empty text", [masked(0x81)], sees: [.text([])]),
      Conversation(
        "6.1.2 three empty fragments", [masked(0x01), masked(0x00), masked(0x80)],
        sees: [.text([])]),
      Conversation(
        "6.1.3 the middle one not empty", [masked(0x01), masked(0x00, "m"), masked(0x80)],
        sees: [.text(bytes("m"))]),
      Conversation(
        "6.2.3 a fragment for each byte of a text",
        cosmos.enumerated().map {
          masked(
            ($0 == 0 ? 0x01 : 0) | ($0 == cosmos.count - 1 ? 0x80 : 0), [$1])
        }, sees: [.text(cosmos)]),
      Conversation(
        "6.3.1 a surrogate inside of a text", [masked(0x81, cosmos + [0xED, 0xA0, 0x80, 0x65])],
        sees: [.failed(.invalidUTF8)]),
      Conversation(
        "6.4.1 failed in the fragment that breaks it",
        [masked(0x01, cosmos), masked(0x00, [0xF4, 0x90, 0x80, 0x80]), masked(0x00, "x")],
        sees: [.failed(.invalidUTF8)]),
      Conversation(
        "6.4.2 failed at the byte that breaks it, in the middle of a frame",
        [Array(masked(0x01, cosmos + [0xF4, 0x90, 0x80, 0x80]).dropLast(2))],
        sees: [.failed(.invalidUTF8)]),
      Conversation(
        "6.6 a text that ends within a character", [masked(0x81, Array(cosmos.dropLast()))],
        sees: [.failed(.invalidUTF8)]),
      Conversation(
        "6.6 the same in two fragments", [masked(0x01, [0xCE]), masked(0x80)],
        sees: [.failed(.invalidUTF8)]),
      Conversation(
        "6.6 a half character does not leak into the next message",
        [masked(0x02, [0xCE]), masked(0x80, [0xBA]), masked(0x81, "a")],
        sees: [.binary([0xCE, 0xBA]), .text(bytes("a"))]),
      Conversation(
        "6.6 what is half a text is a whole binary", [masked(0x82, [0xCE])],
        sees: [.binary([0xCE])]),
    ]
    + valid.map { rule, text in
      Conversation("6 valid: \(rule)", [masked(0x81, text)], sees: [.text(text)])
    }
    + invalid.map { rule, text in
      Conversation("6 invalid: \(rule)", [masked(0x81, text)], sees: [.failed(.invalidUTF8)])
    }

  static let valid: [(String, [UInt8])] = [
    ("6.5.1 a byte order mark", [0xEF, 0xBB, 0xBF] + cosmos),
    ("6.7.1 U+0000", [0x00]),
    ("6.7.2 U+0080", [0xC2, 0x80]),
    ("6.7.3 U+0800", [0xE0, 0xA0, 0x80]),
    ("6.7.4 U+10000", [0xF0, 0x90, 0x80, 0x80]),
    ("6.9.1 U+007F", [0x7F]),
    ("6.9.2 U+07FF", [0xDF, 0xBF]),
    ("6.9.3 U+FFFF", [0xEF, 0xBF, 0xBF]),
    ("6.9.4 U+10FFFF", [0xF4, 0x8F, 0xBF, 0xBF]),
    ("6.11.1 U+D7FF", [0xED, 0x9F, 0xBF]),
    ("6.11.2 U+E000", [0xEE, 0x80, 0x80]),
    ("6.11.3 U+FFFD", [0xEF, 0xBF, 0xBD]),
    ("6.22.1 U+FFFE is no character, but valid", [0xEF, 0xBF, 0xBE]),
    ("6.22.2 U+1FFFF the same", [0xF0, 0x9F, 0xBF, 0xBF]),
    ("6.2.1 three scripts and an emoji", bytes("Hello-µ@ßöäüàá-UTF-8!! 水 🫖")),
  ]

  static let invalid: [(String, [UInt8])] = [
    ("6.8.1 a form of five bytes", [0xF8, 0x88, 0x80, 0x80, 0x80]),
    ("6.8.2 a form of six bytes", [0xFC, 0x84, 0x80, 0x80, 0x80, 0x80]),
    ("6.10.1 U+1FFFFF", [0xF7, 0xBF, 0xBF, 0xBF]),
    ("6.11.5 U+110000", [0xF4, 0x90, 0x80, 0x80]),
    ("6.12.1 a lone 80", [0x80]),
    ("6.12.2 a lone BF", [0xBF]),
    ("6.12.3 many of them", [0x80, 0xBF, 0x80, 0xBF]),
    ("6.13.1 a start of two, and a space", [0xC3, 0x20]),
    ("6.13.2 a start of three, and a space", [0xE1, 0x20]),
    ("6.13.3 a start of four, and a space", [0xF1, 0x20]),
    ("6.14.1 one of two", [0xC3]),
    ("6.14.2 two of three", [0xE1, 0x80]),
    ("6.14.3 three of four", [0xF1, 0x80, 0x80]),
    ("6.15.1 starts in a row", [0xC3, 0xE1, 0x80, 0xF1, 0x80, 0x80]),
    ("6.16.1 FE", [0xFE]),
    ("6.16.2 FF", [0xFF]),
    ("6.17.1 a slash in two bytes", [0xC0, 0xAF]),
    ("6.17.2 a slash in three", [0xE0, 0x80, 0xAF]),
    ("6.17.3 a slash in four", [0xF0, 0x80, 0x80, 0xAF]),
    ("6.18.1 U+007F in two bytes", [0xC1, 0xBF]),
    ("6.18.2 U+07FF in three", [0xE0, 0x9F, 0xBF]),
    ("6.18.3 U+FFFF in four", [0xF0, 0x8F, 0xBF, 0xBF]),
    ("6.19.1 U+0000 in two bytes", [0xC0, 0x80]),
    ("6.20.1 the first surrogate", [0xED, 0xA0, 0x80]),
    ("6.20.7 the last surrogate", [0xED, 0xBF, 0xBF]),
    ("6.21.1 a pair of surrogates", [0xED, 0xA0, 0x80, 0xED, 0xB0, 0x80]),
  ]
}
