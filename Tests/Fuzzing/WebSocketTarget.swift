// The server's side of a WebSocket: the same messages however the bytes arrive, none that breaks a
// limit or is no text, and nothing said that a client could not read.

import Compression
import WebSocket

enum WebSocketTarget {
  /// The first byte says how the bytes arrive, whether messages may be compressed and how long they
  /// may be; the others are what a client sends.
  static func run(_ input: [UInt8]) throws(Finding) {
    let head = input.first ?? 0
    let stream = Array(input.dropFirst())
    let setting = Setting(
      messageBytesMax: head & 1 == 0 ? 200 : 100_000, allowsCompression: head & 2 != 0)
    let whole = try seen(stream, arriving: max(1, stream.count), setting)
    let pieces = try seen(stream, arriving: 1 + Int(head >> 2) % 24, setting)
    try require(whole.events == pieces.events, "what is seen depends on how the bytes arrive")
    try require(whole.output == pieces.output, "what is said depends on how the bytes arrive")
    try check(whole.events, setting)
    // A pong is as long as its ping less the mask; one close frame more.
    try require(whole.output.count <= stream.count + 127, "more is said than was heard")
    try readBack(whole.output)
  }

  private struct Setting {
    let messageBytesMax: Int
    let allowsCompression: Bool
  }

  private enum Event: Equatable {
    case message(MessageKind, [UInt8])
    case pong([UInt8])
    case closed(CloseCode?, String)
    case failed(WebSocketFault)
  }

  private struct Outcome {
    var events: [Event] = []
    var output: [UInt8] = []
  }

  private static func seen(
    _ stream: [UInt8], arriving step: Int, _ setting: Setting
  ) throws(Finding) -> Outcome {
    var connection = WebSocketConnection.server(
      messageBytesMax: setting.messageBytesMax, allowsCompression: setting.allowsCompression)
    let codec = ZlibCodec()
    var outcome = Outcome()
    var start = 0
    while start < stream.count {
      var piece = Array(stream[start..<min(stream.count, start + step)])
      start += piece.count
      var offset = 0
      reading: while true {
        let before = offset
        let event = connection.receive(
          &piece, at: &offset, output: &outcome.output, codec: codec)
        try require(offset >= before && offset <= piece.count, "an offset outside of the piece")
        switch event {
        case .needMore:
          try require(offset == piece.count, "bytes are left over")
          break reading
        case .message(let message):
          try require(!message.isCompressed, "a message that nobody has inflated")
          outcome.events.append(.message(message.kind, message.payload.bytes(in: piece.span)))
        case .pong(let payload): outcome.events.append(.pong(payload.bytes(in: piece.span)))
        case .closed(let code, let reason): outcome.events.append(.closed(code, reason))
        case .failed(let fault): outcome.events.append(.failed(fault))
        }
      }
    }
    return outcome
  }

  private static func check(_ events: [Event], _ setting: Setting) throws(Finding) {
    for (index, event) in events.enumerated() {
      switch event {
      case .message(let kind, let bytes):
        try require(bytes.count <= setting.messageBytesMax, "a message of \(bytes.count) bytes")
        let isText = String(validating: bytes, as: UTF8.self) != nil
        try require(kind == .binary || isText, "a text that is none")
      case .pong(let bytes):
        try require(bytes.count <= WebSocketLimits.controlBytesMax, "a long pong")
      case .closed(let code, _):
        try require(code?.isSendable != false, "a close code that must not be sent")
        try require(index == events.count - 1, "something behind the end")
      case .failed:
        try require(index == events.count - 1, "something behind a fault")
      }
    }
  }

  /// What is said is pongs, and at most one close frame at the end.
  private static func readBack(_ output: [UInt8]) throws(Finding) {
    var decoder = FrameDecoder(role: .client)
    var output = output
    var offset = 0
    while true {
      switch decoder.next(in: &output, at: &offset) {
      case .needMore: return try require(offset == output.count, "half a frame is said")
      case .pong: break
      case .close: return try require(offset == output.count, "something is said behind the close")
      case .message, .ping, .failed: throw Finding(description: "what is said is no answer")
      }
    }
  }
}
