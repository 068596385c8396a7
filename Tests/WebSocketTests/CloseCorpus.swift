// The part of the corpus about closing, section 7.

import WebSocket

extension Corpus {
  static let ordinary = masked(0x88, closePayload(1000))
  static let echoed = rawFrame(0x88, closePayload(1000))

  static let closing: [Conversation] = [
    Conversation(
      "7.1.1 a message, then a close", [masked(0x81, "a"), ordinary],
      sees: [.text(bytes("a")), .close(1000, "")], answers: [echoed]),
    Conversation(
      "7.1.2 a second close is ignored", [ordinary, ordinary], sees: [.close(1000, "")],
      answers: [echoed]),
    Conversation(
      "7.1.3 a ping behind a close is ignored", [ordinary, masked(0x89, "p")],
      sees: [.close(1000, "")], answers: [echoed]),
    Conversation(
      "7.1.4 a text behind a close is ignored", [ordinary, masked(0x81, "x")],
      sees: [.close(1000, "")], answers: [echoed]),
    Conversation(
      "7.1.5 a close between fragments ends the message",
      [masked(0x01, "a"), ordinary, masked(0x80, "b")], sees: [.close(1000, "")],
      answers: [echoed]),
    Conversation(
      "7.1.6 noise behind a close is ignored", [ordinary, [UInt8](repeating: 0xFF, count: 64)],
      sees: [.close(1000, "")], answers: [echoed]),
    Conversation(
      "7.3.1 a close without payload", [masked(0x88)], sees: [.close(nil, "")],
      answers: [rawFrame(0x88)]),
    Conversation("7.3.2 a close with one byte", [masked(0x88, "a")], sees: [.failed(.shortClose)]),
    Conversation(
      "7.3.4 a close with a reason", [masked(0x88, closePayload(1001, "Good bye, ☕"))],
      sees: [.close(1001, "Good bye, ☕")], answers: [rawFrame(0x88, closePayload(1001))]),
    Conversation(
      "7.3.5 the longest reason",
      [masked(0x88, closePayload(1000, String(repeating: "*", count: 123)))],
      sees: [.close(1000, String(repeating: "*", count: 123))], answers: [echoed]),
    Conversation(
      "7.3.6 one byte more",
      [masked(0x88, closePayload(1000, String(repeating: "*", count: 124)))],
      sees: [.failed(.longControl)]),
    Conversation(
      "7.5.1 a reason that is not UTF-8",
      [masked(0x88, closePayload(1000) + cosmos + [0xED, 0xA0, 0x80])],
      sees: [.failed(.badCloseReason)]),
    Conversation(
      "7.5.1 a reason that ends within a character", [masked(0x88, closePayload(1000) + [0xCE])],
      sees: [.failed(.badCloseReason)]),
  ]

  static let closeCodes: [Conversation] =
    [
      1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000,
      4999,
    ].map { (code: UInt16) in
      Conversation(
        "7.7 code \(code)", [masked(0x88, closePayload(code, "why"))],
        sees: [.close(code, "why")], answers: [rawFrame(0x88, closePayload(code))])
    }
    + [
      0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 32_768, 65_535,
    ].map { (code: UInt16) in
      Conversation(
        "7.9 code \(code)", [masked(0x88, closePayload(code, "why"))],
        sees: [.failed(.badCloseCode)])
    }
}
