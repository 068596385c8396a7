// Where payloads lie, masks, lengths and limits.

import Testing
import WebSocket

@Suite("Frame decoder")
struct FrameDecoderTests {
  /// The single event in `input` when cut anywhere.
  func only(
    _ input: [UInt8], role: WebSocketRole = .server, messageBytesMax: Int = 65_536,
    sourceLocation: SourceLocation = #_sourceLocation
  ) -> Seen? {
    let whole = decode(input, role: role, messageBytesMax: messageBytesMax)
    for cut in cutPlaces(input) {
      let result = decode(input, cutAt: [cut], role: role, messageBytesMax: messageBytesMax)
      #expect(result == whole, "cut at \(cut)", sourceLocation: sourceLocation)
    }
    #expect(whole.count <= 1, sourceLocation: sourceLocation)
    return whole.first
  }

  @Test("the examples of RFC 6455 §5.7")
  func examples() {
    #expect(
      only([0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F], role: .client) == .text(bytes("Hello")))
    #expect(
      only([0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58])
        == .text(bytes("Hello")))
    #expect(
      only([0x01, 0x03, 0x48, 0x65, 0x6C, 0x80, 0x02, 0x6C, 0x6F], role: .client)
        == .text(bytes("Hello")))
    #expect(
      only([0x89, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F], role: .client) == .ping(bytes("Hello")))
    #expect(
      only([0x8A, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58])
        == .pong(bytes("Hello")))
    let long = [UInt8](repeating: 7, count: 256)
    #expect(only([0x82, 0x7E, 0x01, 0x00] + long, role: .client) == .binary(long))
    let longer = [UInt8](repeating: 7, count: 65_536)
    #expect(only([0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0] + longer, role: .client) == .binary(longer))
  }

  @Test("a frame in one piece stays where it is and is unmasked there")
  func inPlace() {
    var input = masked(0x81, "first") + masked(0x82, "second!")
    var decoder = FrameDecoder(role: .server)
    var offset = 0
    let first = decoder.next(in: &input, at: &offset)
    #expect(first == .message(Message(kind: .text, payload: .range(6..<11))))
    #expect(offset == 11)
    let second = decoder.next(in: &input, at: &offset)
    #expect(second == .message(Message(kind: .binary, payload: .range(17..<24))))
    #expect(input[6..<11].elementsEqual(bytes("first")))
    #expect(input[17..<24].elementsEqual(bytes("second!")))
    #expect(decoder.next(in: &input, at: &offset) == .needMore)
    #expect(offset == input.count)
  }

  @Test(
    "a payload stays in place when only its header was cut, and is owned when it was cut itself")
  func ownership() {
    let frame = masked(0x81, "payload")
    for cut in 0...frame.count {
      var decoder = FrameDecoder(role: .server)
      var payload: Payload?
      for piece in pieces(frame, cutAt: [cut]) {
        var piece = piece
        var offset = 0
        if case .message(let message) = decoder.next(in: &piece, at: &offset) {
          payload = message.payload
        }
      }
      switch cut {
      case ...6: #expect(payload == .range(6 - cut..<13 - cut))
      case 13: #expect(payload == .range(6..<13))
      default: #expect(payload == .owned(bytes("payload")))
      }
    }
  }

  @Test("masks go on rightly at every length, offset and cut", arguments: 0..<40)
  func masks(size: Int) {
    let payload = (0..<size).map { UInt8($0 &* 7 & 0xFF) }
    let frame = rawFrame(0x82, payload, mask: [0x01, 0x80, 0xFF, 0x5A])
    #expect(only(frame) == .binary(payload))
    for lead in 1...9 {
      let ping = masked(0x89, [UInt8](repeating: 1, count: lead))
      #expect(decode(ping + frame).last == .binary(payload))
    }
  }

  @Test("a client has to mask, a server must not")
  func masking() {
    #expect(only(rawFrame(0x81, [1])) == .failed(.notMasked))
    #expect(only(rawFrame(0x89)) == .failed(.notMasked))
    #expect(only(masked(0x81, [1]), role: .client) == .failed(.masked))
    #expect(only([0x81, 0x00]) == .failed(.notMasked))
    #expect(only(rawFrame(0x82, [1], mask: [0, 0, 0, 0])) == .binary([1]))
  }

  @Test(
    "lengths have to be as short as they can be, and below 2^63",
    arguments: [
      ([0x82, 0xFE, 0x00, 0x00], .paddedLength),
      ([0x82, 0xFE, 0x00, 0x7D], .paddedLength),
      ([0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0, 5], .paddedLength),
      ([0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], .paddedLength),
      ([0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0], .impossibleLength),
      ([0x82, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], .impossibleLength),
      ([0x82, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], .messageTooBig),
      ([0x89, 0xFE, 0x00, 0x7E], .longControl),
      ([0x89, 0xFF, 0, 0, 0, 0, 0, 0, 0, 5], .longControl),
    ] as [([UInt8], WebSocketFault)])
  func lengths(header: [UInt8], fault: WebSocketFault) {
    #expect(only(header) == .failed(fault))
  }

  @Test("a message beyond the limit is refused by its header alone, over fragments too")
  func messageLimit() {
    let most = [UInt8](repeating: 1, count: 200)
    #expect(only(masked(0x82, most), messageBytesMax: 200) == .binary(most))
    #expect(only([0x82, 0xFE, 0, 201], messageBytesMax: 200) == .failed(.messageTooBig))
    let half = masked(0x02, [UInt8](repeating: 1, count: 100))
    #expect(only(half + masked(0x80, most[..<100].map { $0 }), messageBytesMax: 200) != nil)
    #expect(only(half + [0x80, 0x80 | 101], messageBytesMax: 200) == .failed(.messageTooBig))
    #expect(only(half + [0x00, 0x80 | 101], messageBytesMax: 200) == .failed(.messageTooBig))
    #expect(only(masked(0x82, [1]), messageBytesMax: 0) == .failed(.messageTooBig))
    #expect(only(masked(0x82), messageBytesMax: 0) == .binary([]))
    #expect(WebSocketFault.messageTooBig.closeCode == .messageTooBig)
  }

  @Test("control frames between fragments do not count against the message's limit")
  func controlBesideLimit() {
    let ping = masked(0x89, [UInt8](repeating: 1, count: 125))
    let input = masked(0x02, [1, 2]) + ping + masked(0x80, [3])
    let seen = decode(input, messageBytesMax: 3)
    #expect(seen == [.ping([UInt8](repeating: 1, count: 125)), .binary([1, 2, 3])])
  }

  @Test("RSV1 marks a compressed message where that was agreed on, on its first frame only")
  func compression() {
    var decoder = FrameDecoder(role: .server, allowsCompression: true)
    // What is not UTF-8 is for the inflater to judge.
    var input = masked(0x41, [0xFF]) + masked(0x80, [0xFE]) + masked(0x81, "a")
    var offset = 0
    guard case .message(let first) = decoder.next(in: &input, at: &offset),
      case .message(let second) = decoder.next(in: &input, at: &offset)
    else {
      Issue.record("no messages")
      return
    }
    #expect(first.isCompressed && first.payload == .owned([0xFF, 0xFE]))
    #expect(!second.isCompressed)
    var late = masked(0x01, "a") + masked(0xC0, "b")
    offset = 0
    #expect(decoder.next(in: &late, at: &offset) == .failed(.reservedBit))
  }

  @Test("behind a fault everything is taken in and nothing is told")
  func afterFault() {
    var decoder = FrameDecoder(role: .server)
    var input: [UInt8] = [0xFF] + masked(0x81, "a")
    var offset = 0
    #expect(decoder.next(in: &input, at: &offset) == .failed(.reservedBit))
    #expect(offset == input.count)
    var more = masked(0x81, "b")
    offset = 0
    #expect(decoder.next(in: &more, at: &offset) == .needMore)
    #expect(offset == more.count)
  }
}
