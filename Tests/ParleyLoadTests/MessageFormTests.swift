// Holds the messages of a signaling run, which are neither built nor parsed one by one, to a parser
// of JSON and to the decoder of frames.

import JSON
import NetTypes
import Testing
import WebSocket

@testable import parley_load

@Suite struct MessageFormTests {
  private let mark = MessageMark(sender: 3, number: 41, timeNs: 1_234_567_890_123_456)
  private let target = Array("pabcdefghi".utf8)

  /// A message as a server passes it on.
  private func passedOn(_ text: [UInt8]) -> [UInt8] {
    let whole = String(decoding: text, as: UTF8.self)
    return Array(whole.replacing(#""to":""#, with: #""from":""#, maxReplacements: 1).utf8)
  }

  private func read(_ form: MessageForm, _ text: [UInt8]) -> MessageReading? {
    form.read(text.span)
  }

  private func unmasked(_ frame: [UInt8]) -> [UInt8]? {
    var decoder = FrameDecoder(role: .server)
    var (input, offset) = (frame, 0)
    guard case .message(let message) = decoder.next(in: &input, at: &offset),
      offset == frame.count
    else { return nil }
    return message.payload.withSpan(in: input.span) { $0.bytes(in: 0..<$0.count) }
  }

  @Test(arguments: MessageLane.allCases, [MessageForm.sizeMin, 300, 2_048, 2_049, 65_536])
  func `a text is JSON of the size that was asked for`(lane: MessageLane, size: Int) throws {
    let form = MessageForm(lane, size: size, isEcho: false)
    let text = form.text(seq: 123_456, to: lane == .peer ? target : nil, mark)
    #expect(text.count == size)
    var parser = JSONObjectParser(sizeMax: 65_536)
    try parser.parse(text.span)
    let isCandidate = lane == .peer && size <= 2_048
    #expect(parser.string("type") == (isCandidate ? "candidate" : "message"))
    #expect(parser.integer("seq") == 123_456)
    #expect(parser.string("to") == (lane == .peer ? "pabcdefghi" : nil))
    #expect(parser.string("n", in: isCandidate ? "candidate" : "data") == "00000029")
  }

  @Test(arguments: MessageLane.allCases)
  func `a stamped frame holds what a frame made for it would`(lane: MessageLane) {
    let form = MessageForm(lane, size: 300, isEcho: false)
    var template = MessageTemplate(form, maskKey: 0x1234_5678)
    let to = lane == .peer ? target : nil
    for number in [0, 7, 8, 97, 98, 99, 998, 1_000_000, 12, 0xFFFF_FFFF] {
      let mark = MessageMark(sender: number % 5, number: number, timeNs: Int64(number) << 20)
      template.stamp(seq: number + 2, to: to, mark)
      #expect(unmasked(template.frame) == form.text(seq: number + 2, to: to, mark), "\(number)")
    }
    let longer = to.map { $0 + $0 }
    template.stamp(seq: 5, to: longer, mark)
    #expect(unmasked(template.frame) == form.text(seq: 5, to: longer, mark))
  }

  @Test(arguments: MessageLane.allCases)
  func `what a server passes on is read`(lane: MessageLane) throws {
    let form = MessageForm(lane, size: 300, isEcho: false)
    let text = passedOn(form.text(seq: 9_876, to: target, mark))
    let reading = try #require(read(form, text))
    #expect(reading.seq == 9_876 && reading.mark == mark)
    #expect(Array(text[reading.peer]) == target)
  }

  @Test func `an echo is read as it was sent, and a message passed on is none`() {
    let echo = MessageForm(.peer, size: 300, isEcho: true)
    let text = echo.text(seq: 2, to: target, mark)
    #expect(read(echo, text)?.mark == mark)
    #expect(read(echo, passedOn(text)) == nil)
  }

  @Test func `every byte that is changed, missing or too many is seen`() {
    let form = MessageForm(.peer, size: 300, isEcho: false)
    let text = passedOn(form.text(seq: 42, to: target, mark))
    let good = read(form, text)
    for index in text.indices {
      var bytes = text
      bytes[index] ^= 0x02
      let reading = read(form, bytes)
      let isSame =
        reading == good
        && reading.map { Array(bytes[$0.peer]) } == good.map { Array(text[$0.peer]) }
      #expect(!isSame, "byte \(index)")
    }
    for count in text.indices { #expect(read(form, Array(text[..<count])) == nil) }
    #expect(read(form, text + [0x20]) == nil)
  }
}

@Suite struct ServerFrameTests {
  private func frames(_ bytes: [UInt8]) -> (frames: [ServerFrame], rest: Int) {
    var (offset, found) = (0, [ServerFrame]())
    while true {
      let frame = ServerFrame.next(in: bytes.span, at: &offset)
      if frame == .needMore { return (found, bytes.count - offset) }
      found.append(frame)
      if case .failed = frame { return (found, 0) }
    }
  }

  @Test(arguments: [0, 1, 125, 126, 127, 65_535, 65_536])
  func `frames of every length are where the encoder put them`(count: Int) {
    let payload = Array(repeating: 0x41 as UInt8, count: count)
    let frame = FrameEncoder.frame(.text, payload)
    let found = frames(frame + frame)
    #expect(found.frames.count == 2 && found.rest == 0)
    #expect(found.frames.first == .text(frame.count - count..<frame.count))
    for cut in [1, frame.count - 1] where cut < frame.count {
      let part = frames(Array(frame[..<cut]))
      #expect(part.frames.isEmpty && part.rest == cut)
    }
  }

  @Test func `a close frame has its code and its reason`() {
    var bytes: [UInt8] = []
    FrameEncoder.appendClose(to: &bytes, CloseCode(4_004), reason: "full")
    #expect(frames(bytes).frames == [.close(4_004, reason: 4..<8)])
    #expect(frames([0x88, 0]).frames == [.close(nil, reason: 2..<2)])
  }

  @Test func `pings and pongs are known, and what this tool does not read is a fault`() {
    #expect(frames([0x89, 1, 7, 0x8A, 0]).frames == [.ping(2..<3), .pong])
    let huge: [UInt8] = [0x81, 127] + Array(repeating: 0xFF, count: 8)
    let strange: [[UInt8]] = [[0x81, 0x80, 0, 0, 0, 0], [0x01, 0], [0xC1, 0], [0x82, 0], huge]
    for bytes in strange {
      guard case .failed = frames(bytes).frames.first else {
        Issue.record("\(bytes)")
        continue
      }
    }
  }
}
