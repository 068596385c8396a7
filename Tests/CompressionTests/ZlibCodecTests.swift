// The codec against the examples of RFC 7692, against damage and against bombs.

import Compression
import Testing
import WebSocket

struct ZlibCodecTests {
  private let codec = ZlibCodec()

  private func inflate(_ payload: [UInt8], bytesMax: Int = 65_536) throws(InflateFault) -> [UInt8] {
    var output: [UInt8] = []
    try codec.inflate(payload.span, bytesMax: bytesMax, into: &output)
    return output
  }

  private func deflate(_ bytes: [UInt8], windowBits: Int = 15) -> [UInt8] {
    var output: [UInt8] = []
    let isDone = codec.deflate(bytes.span, windowBits: windowBits, into: &output)
    #expect(isDone)
    return output
  }

  static let examples: [(section: String, payload: [UInt8], text: String)] = [
    ("7.2.3.1", [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], "Hello"),
    ("7.2.3.3", [0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00], "Hello"),
    ("7.2.3.4", [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00], "Hello"),
    (
      "7.2.3.5",
      [0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00], "Hello"
    ),
    ("7.2.3.6", [0x00], ""),
  ]

  @Test(arguments: examples)
  func `The examples of RFC 7692 are inflated`(
    section: String, payload: [UInt8], text: String
  ) throws {
    #expect(try inflate(payload) == Array(text.utf8), "\(section)")
  }

  @Test func `The example that refers to the message before is refused`() {
    // RFC 7692 §7.2.3.2: only with context takeover.
    #expect(throws: InflateFault.malformed) {
      _ = try inflate([0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00])
      _ = try inflate([0xF2, 0x00, 0x11, 0x00, 0x00])
    }
  }

  @Test(arguments: DeflateAgreement.windowBits)
  func `What is deflated is inflated, whatever the window`(windowBits: Int) throws {
    var random = SystemRandomNumberGenerator()
    for count in [0, 1, 511, 512, 513, 5_000, 17_000] {
      let text = (0..<count).map { UInt8($0 / 7 % 251) }
      let noise = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      for bytes in [text, noise] {
        let deflated = deflate(bytes, windowBits: windowBits)
        #expect(try inflate(deflated, bytesMax: count) == bytes)
        #expect(deflated.count <= count + count / 50 + 64)
      }
    }
  }

  @Test func `Messages are deflated without regard to each other`() {
    let text = Array(String(repeating: "candidate:1 1 udp 2122260223 ", count: 20).utf8)
    let first = deflate(text)
    #expect(first.count < text.count / 4)
    #expect(deflate(text) == first)
    #expect(deflate([]) == [0x00])
  }

  @Test func `A file is compressed with header, checksum and size`() throws {
    let text = Array(String(repeating: "function parley() {}\n", count: 500).utf8)
    let result = Gzip.compress(text.span)
    let zipped = try #require(result)
    #expect(zipped.count < text.count / 20)
    // RFC 1952 §2.3.1: what it is, and deflate; then the size at the end.
    #expect(zipped[..<3] == [0x1F, 0x8B, 0x08])
    let size = zipped.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    #expect(size == text.count)
    var whole: [UInt8] = []
    let blocks = Array(zipped[10..<zipped.count - 8]) + [0x00]
    try codec.inflate(blocks.span, bytesMax: text.count, into: &whole)
    #expect(whole == text)
    let nothing = Gzip.compress([UInt8]().span)
    #expect(try #require(nothing).count < 30)
  }

  @Test func `Output is appended, and taken back after a fault`() throws {
    var output: [UInt8] = [1, 2]
    let hello: [UInt8] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]
    try codec.inflate(hello.span, bytesMax: 5, into: &output)
    #expect(output == [1, 2] + Array("Hello".utf8))
    output = [1, 2]
    let done = codec.deflate(Array("Hello".utf8).span, windowBits: 15, into: &output)
    #expect(done && output == [1, 2] + hello)
  }

  @Test func `What just fits is inflated, and one byte more is too large`() throws {
    let deflated = deflate(Array(repeating: 7, count: 70_000))
    #expect(try inflate(deflated, bytesMax: 70_000).count == 70_000)
    #expect(throws: InflateFault.tooLarge) { try inflate(deflated, bytesMax: 69_999) }
    #expect(throws: InflateFault.tooLarge) { try inflate(deflated, bytesMax: 0) }
    #expect(try inflate([0x00], bytesMax: 0) == [])
  }

  @Test func `A bomb is refused without room for what it would be`() {
    // As large as a message may be, and 200 times that.
    let bomb = deflate(Array(repeating: 0, count: 14_000_000))
    #expect(bomb.count < 65_536)
    var output: [UInt8] = []
    #expect(throws: InflateFault.tooLarge) {
      try codec.inflate(bomb.span, bytesMax: 65_536, into: &output)
    }
    #expect(output.capacity < 4 * 65_536)
  }

  @Test func `Tens of thousands of last blocks are inflated in a moment`() throws {
    let blocks = (0..<64_000).map { $0 % 2 == 0 ? 0x03 : 0x00 as UInt8 } + [0x00]
    let start = ContinuousClock.now
    #expect(try inflate(blocks) == [])
    #expect(ContinuousClock.now - start < .seconds(1))
  }

  @Test(
    arguments: [
      // Not even the beginning of the block that the tail ends.
      [],
      // A block of the kind that does not exist.
      [0x06],
      // A stored block whose length is not repeated inverted.
      [0x00, 0x05, 0x00, 0xFA, 0xFE, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00],
      // The last block, and no bits behind it for the tail to complete.
      [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00],
      // Cut within a block.
      [0xF2, 0x48, 0xCD, 0xC9],
      // A reference to before the beginning.
      [0x4B, 0x04, 0x12, 0x00],
      [0xFF, 0xFF, 0xFF, 0xFF],
    ] as [[UInt8]])
  func `What is no deflate is refused, and the next message is not`(payload: [UInt8]) throws {
    #expect(throws: InflateFault.malformed) { try inflate(payload) }
    #expect(try inflate([0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]) == Array("Hello".utf8))
  }

  @Test func `Noise and damage never trap`() {
    var random = SystemRandomNumberGenerator()
    let good = deflate(Array(String(repeating: "a=mid:0\r\n", count: 99).utf8))
    for _ in 0..<1_000 {
      var bytes = good
      for _ in 0..<3 {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(
          in: 0...255, using: &random)
      }
      _ = try? inflate(bytes, bytesMax: 2_000)
      let noise = (0..<60).map { _ in UInt8.random(in: 0...255, using: &random) }
      _ = try? inflate(noise, bytesMax: 2_000)
    }
  }

  @Test func `A stored block in front of what was deflated is one message`() throws {
    let tail = Array(String(repeating: "tail ", count: 200).utf8)
    let deflated = deflate(tail)
    for head in ["h", String(repeating: "x", count: 300)] {
      var payload: [UInt8] = []
      DeflateBlocks.appendStoredHeader(count: head.utf8.count, to: &payload)
      payload += Array(head.utf8) + deflated
      #expect(try inflate(payload) == Array(head.utf8) + tail)
    }
  }
}
