// Compressed messages at the real port: agreed on, sent and taken, and bounded.

import Compression
import Signaling
import Testing
import WebSocket

@testable import SignalingService

@Suite struct DeflateTests {
  private static let long = String(
    repeating: "a=candidate:1 1 udp 2122260223 192.0.2.1 ", count: 60)

  @Test func `Long messages come compressed to those who agreed on it, and whole to all`() throws {
    try withService { running in
      let ann = try SocketClient(port: running.port, deflates: true)
      let bo = try SocketClient(port: running.port, deflates: true)
      let cy = try SocketClient(port: running.port)
      #expect(ann.deflate == DeflateAgreement() && cy.deflate == nil)
      for client in [ann, bo, cy] { try client.join("tea") }
      let before = (bo: bo.received, cy: cy.received)
      ann.sayDeflated("message", "\"data\":\"\(Self.long)\"")
      ann.say("message", "\"data\":\"short\"")
      for client in [bo, cy] {
        #expect(try message(client) == Self.long)
        #expect(try message(client) == "short")
      }
      #expect(cy.received - before.cy > Self.long.utf8.count)
      #expect(bo.received - before.bo < Self.long.utf8.count / 2)
    }
  }

  /// The data of the next message, past what is told of others coming.
  private func message(_ client: SocketClient) throws -> String? {
    while case .text(let object) = try client.next() {
      if object["type"] as? String == "message" { return object["data"] as? String }
    }
    return nil
  }

  @Test func `A bomb is closed with 1009, what is no deflate with 1007, and others go on`() throws {
    try withService { running in
      let bo = try SocketClient(port: running.port, deflates: true)
      try bo.join("tea")
      var bomb: [UInt8] = []
      let zeros = [UInt8](repeating: 0, count: 10_000_000)
      let isDone = ZlibCodec().deflate(zeros.span, windowBits: 15, into: &bomb)
      #expect(isDone)
      for (payload, code) in [(bomb, 1009), ([0xFF, 0xFF, 0xFF], 1007)] as [([UInt8], UInt16)] {
        let ann = try SocketClient(port: running.port, deflates: true)
        ann.sendDeflated(payload)
        #expect(try ann.expectClose() == code)
      }
      #expect(running.report().service.frameFaults == ["message-too-big": 1, "bad-deflate": 1])
      bo.sayDeflated("message", "\"data\":1")
      bo.send(raw: SocketClient.text("ping", bo.number, "\"ack\":1"))
      try bo.expect("pong")
    }
  }

  /// Counts what it is asked, and passes it on.
  private final class CountingCodec: MessageCodec {
    let codec = ZlibCodec()
    var deflated = 0

    func deflate(_ bytes: Span<UInt8>, windowBits: Int, into output: inout [UInt8]) -> Bool {
      deflated += 1
      return codec.deflate(bytes, windowBits: windowBits, into: &output)
    }

    func inflate(
      _ payload: Span<UInt8>, bytesMax: Int, into output: inout [UInt8]
    ) throws(InflateFault) {
      try codec.inflate(payload, bytesMax: bytesMax, into: &output)
    }
  }

  private func frame(
    _ message: inout EncodedMessage, _ number: Int64, _ deflate: DeflateAgreement?,
    _ codec: any MessageCodec
  ) -> [UInt8] {
    var frame: [UInt8] = []
    message.appendFrame(number: number, deflate: deflate, codec: codec, to: &frame)
    return frame
  }

  @Test func `A message for a thousand is compressed once for each size of window`() throws {
    let codec = CountingCodec()
    let data = RawJSON(Array("\"\(Self.long)\"".utf8))
    var encoded = EncodedMessage(.message(from: PeerID("p1"), data: data))
    for number in Int64(1)...1_000 {
      let bits = number % 2 == 0 ? 15 : 10
      var frame = frame(
        &encoded, number, DeflateAgreement(serverWindowBits: bits), codec)
      var client = WebSocketConnection.client(maskSeed: 1, allowsCompression: true)
      var offset = 0
      var none: [UInt8] = []
      let event = client.receive(&frame, at: &offset, output: &none, codec: codec)
      guard case .message(let message) = event else {
        Issue.record("\(event)")
        return
      }
      #expect(message.payload == .owned(encoded.text(number: number)))
    }
    #expect(codec.deflated == 2)
  }

  @Test func `What is short, or does not get smaller, is sent as it is`() {
    let codec = CountingCodec()
    let agreement = DeflateAgreement()
    var short = EncodedMessage(.pong(ack: 1))
    #expect(frame(&short, 1, agreement, codec)[0] == 0x81)
    #expect(codec.deflated == 0)
    var random = SystemRandomNumberGenerator()
    let noise = (0..<5_000).map { _ in UInt8.random(in: 0...255, using: &random) }
    var dense = EncodedMessage(.message(from: PeerID("p1"), data: RawJSON(noise)))
    #expect(frame(&dense, 1, agreement, codec)[0] == 0x81)
    #expect(frame(&dense, 2, nil, codec)[0] == 0x81)
    #expect(codec.deflated == 1)
  }
}
