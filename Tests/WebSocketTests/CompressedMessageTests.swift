// Compressed messages on a connection (RFC 7692 §6, §7.2); numbers follow Autobahn's sections.

import Compression
import NetTypes
import Testing
import WebSocket

@Suite("Compressed messages")
struct CompressedMessageTests {
  /// RFC 7692 §7.2.3.1.
  static let hello: [UInt8] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]

  static func deflated(_ bytes: [UInt8], windowBits: Int = 15) -> [UInt8] {
    var output: [UInt8] = []
    let isDone = ZlibCodec().deflate(bytes.span, windowBits: windowBits, into: &output)
    precondition(isDone)
    return output
  }

  /// What a server that agreed on compression sees and sends, however the input is cut.
  func receive(
    _ input: [UInt8], messageBytesMax: Int = WebSocketLimits.messageBytesMax
  ) -> (seen: [Seen], output: [UInt8]) {
    let codec = ZlibCodec()
    func run(_ cuts: [Int]) -> (seen: [Seen], output: [UInt8]) {
      var connection = WebSocketConnection.server(
        messageBytesMax: messageBytesMax, allowsCompression: true)
      var seen: [Seen] = []
      var output: [UInt8] = []
      for piece in pieces(input, cutAt: cuts) {
        var piece = piece
        var offset = 0
        while let event = Seen(
          connection.receive(&piece, at: &offset, output: &output, codec: codec), piece)
        { seen.append(event) }
      }
      return (seen, output)
    }
    let whole = run([])
    for cut in cutPlaces(input) {
      let parts = run([cut])
      #expect(parts.seen == whole.seen && parts.output == whole.output, "cut at \(cut)")
    }
    return whole
  }

  static let conversations: [Conversation] = [
    Conversation("12.1 a text in one frame", [masked(0xC1, hello)], sees: [.text(bytes("Hello"))]),
    Conversation("12.2 a binary", [masked(0xC2, hello)], sees: [.binary(bytes("Hello"))]),
    Conversation(
      "12 fragments, the bit on the first alone (RFC 7692 §7.2.3.1)",
      [masked(0x41, Array(hello[..<3])), masked(0x80, Array(hello[3...]))],
      sees: [.text(bytes("Hello"))]),
    Conversation(
      "12 a ping between fragments is not compressed",
      [masked(0x41, Array(hello[..<3])), masked(0x89, "p"), masked(0x80, Array(hello[3...]))],
      sees: [.text(bytes("Hello"))], answers: [rawFrame(0x8A, bytes("p"))]),
    Conversation(
      "12 empty fragments", [masked(0x41), masked(0, hello), masked(0x80)],
      sees: [.text(bytes("Hello"))]),
    Conversation(
      "12 an empty message (RFC 7692 §7.2.3.6)", [masked(0xC1, [0])], sees: [.text([])]),
    Conversation(
      "13 uncompressed messages between compressed ones",
      [masked(0xC1, hello), masked(0x81, "plain"), masked(0xC1, hello)],
      sees: [.text(bytes("Hello")), .text(bytes("plain")), .text(bytes("Hello"))]),
    Conversation(
      "13 a message in two blocks (RFC 7692 §7.2.3.5)",
      [masked(0xC1, [0xF2, 0x48, 0x05, 0, 0, 0, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0])],
      sees: [.text(bytes("Hello"))]),
    Conversation(
      "13 a smaller window of the client's",
      [masked(0xC2, deflated(Array(repeating: 7, count: 9_000), windowBits: 9))],
      sees: [.binary(Array(repeating: 7, count: 9_000))]),
    Conversation(
      "RSV1 on a continuation",
      [masked(0x41, Array(hello[..<3])), masked(0xC0, Array(hello[3...]))],
      sees: [.failed(.reservedBit)]),
    Conversation(
      "RSV1 on the continuation of a plain message", [masked(0x01, "a"), masked(0xC0, hello)],
      sees: [.failed(.reservedBit)]),
    Conversation("RSV1 on a ping", [masked(0xC9, hello)], sees: [.failed(.reservedBit)]),
    Conversation("RSV1 on a pong", [masked(0xCA, hello)], sees: [.failed(.reservedBit)]),
    Conversation("RSV1 on a close", [masked(0xC8, [3, 232])], sees: [.failed(.reservedBit)]),
    Conversation("RSV2 beside RSV1", [masked(0xE1, hello)], sees: [.failed(.reservedBit)]),
    Conversation("RSV3 beside RSV1", [masked(0xD1, hello)], sees: [.failed(.reservedBit)]),
    Conversation(
      "what is no deflate", [masked(0xC1, [0xFF, 0xFF, 0xFF]), masked(0x81, "x")],
      sees: [.failed(.badDeflate)]),
    Conversation(
      "a block that is not complete", [masked(0xC1, Array(hello[..<4]))],
      sees: [.failed(.badDeflate)]),
    Conversation(
      "a reference to the message before (RFC 7692 §7.2.3.2)",
      [masked(0xC1, hello), masked(0xC1, [0xF2, 0x00, 0x11, 0x00, 0x00])],
      sees: [.text(bytes("Hello")), .failed(.badDeflate)]),
    Conversation(
      "a compressed text that is not UTF-8", [masked(0xC1, deflated([0xCE, 0xBA, 0xE1, 0xBD]))],
      sees: [.failed(.invalidUTF8)]),
    Conversation(
      "the same as a binary", [masked(0xC2, deflated([0xCE, 0xBA, 0xE1, 0xBD]))],
      sees: [.binary([0xCE, 0xBA, 0xE1, 0xBD])]),
  ]

  @Test("each conversation is seen and answered as it has to be", arguments: conversations)
  func conversation(_ conversation: Conversation) {
    let (seen, output) = receive(conversation.sends)
    #expect(seen == conversation.sees)
    #expect(output == conversation.answers)
  }

  @Test("without agreement RSV1 is a fault")
  func notAgreed() {
    #expect(decode(masked(0xC1, Self.hello)) == [.failed(.reservedBit)])
  }

  @Test("the limit counts what a message inflates to: one byte more is closed with 1009")
  func bomb() {
    let most = Self.deflated(Array(repeating: 65, count: 1_000))
    #expect(receive(masked(0xC1, most), messageBytesMax: 1_000).seen.count == 1)
    let more = Self.deflated(Array(repeating: 65, count: 1_001))
    let (seen, output) = receive(masked(0xC1, more), messageBytesMax: 1_000)
    #expect(seen == [.failed(.messageTooBig)])
    #expect(output == rawFrame(0x88, closePayload(1009, "message-too-big")))
    let bomb = Self.deflated(Array(repeating: 65, count: 5_000_000))
    #expect(bomb.count < WebSocketLimits.messageBytesMax)
    #expect(receive(masked(0xC1, bomb)).seen == [.failed(.messageTooBig)])
  }

  @Test("both ends understand each other, frame by frame, in every size of window")
  func roundTrip() {
    let codec = ZlibCodec()
    var client = WebSocketConnection.client(maskSeed: 9, allowsCompression: true)
    var server = WebSocketConnection.server(allowsCompression: true)
    for windowBits in DeflateAgreement.windowBits {
      let text = bytes(String(repeating: "a=candidate:1 1 udp ", count: windowBits * 7))
      let payload = Self.deflated(text, windowBits: windowBits)
      var wire: [UInt8] = []
      var none: [UInt8] = []
      var offset = 0
      client.send(.text, payload.span, isCompressed: true, output: &wire)
      let atServer = server.receive(&wire, at: &offset, output: &none, codec: codec)
      #expect(Seen(atServer, wire) == .text(text))
      (wire, offset) = ([], 0)
      server.send(.binary, payload.span, isCompressed: true, output: &wire)
      #expect(wire[0] == 0xC2)
      let atClient = client.receive(&wire, at: &offset, output: &none, codec: codec)
      #expect(Seen(atClient, wire) == .binary(text) && none.isEmpty)
    }
  }
}
