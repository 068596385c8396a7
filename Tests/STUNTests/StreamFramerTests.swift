// Frames cut out of a stream, however the network has cut the stream.

import NetTypes
import STUN
import Testing

struct StreamFramerTests {
  /// A STUN message with a body of so many bytes.
  private func message(_ body: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: MessageType(.send, .indication).rawValue)
    bytes.append(bigEndian: UInt16(body))
    bytes.append(bigEndian: Wire.magicCookie)
    bytes += (0..<12).map { UInt8($0) }
    return bytes + [UInt8](repeating: 0x2A, count: body)
  }

  /// ChannelData, padded as a stream wants it.
  private func channelData(_ length: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: UInt16(0x4001))
    bytes.append(bigEndian: UInt16(length))
    return bytes + [UInt8](repeating: 0x2B, count: length)
      + [UInt8](repeating: 0, count: -length & 3)
  }

  /// What comes out when the stream arrives in `parts`.
  private func frames(_ parts: [[UInt8]]) -> [[UInt8]] {
    var buffer: [UInt8] = []
    var found: [[UInt8]] = []
    for part in parts {
      buffer += part
      var offset = 0
      while case .frame(let range) = StreamFramer.next(in: buffer.span, from: offset) {
        found.append(Array(buffer[range]))
        offset = range.upperBound
      }
      buffer.removeFirst(offset)
    }
    #expect(buffer.isEmpty)
    return found
  }

  private func step(_ bytes: [UInt8], bytesMax: Int = StreamFramer.frameBytesMax)
    -> StreamFramer.Step
  {
    StreamFramer.next(in: bytes.span, from: 0, bytesMax: bytesMax)
  }

  @Test("Trap 26: several frames in one read, and a frame in several reads, come out whole")
  func framesWhole() {
    let all = [message(0), channelData(0), channelData(1), message(8), channelData(1_200)]
    #expect(frames([all.flatMap(\.self)]) == all)
    #expect(frames(all.flatMap(\.self).map { [$0] }) == all)
  }

  @Test func `a stream that is cut in two at any byte gives the same frames`() {
    let all = [message(4), channelData(5), message(0), channelData(8), channelData(3)]
    let bytes = all.flatMap(\.self)
    for cut in 0...bytes.count {
      #expect(frames([Array(bytes[..<cut]), Array(bytes[cut...])]) == all, "cut at \(cut)")
    }
  }

  @Test(arguments: 1...40)
  func `a stream that is cut at random gives the same frames`(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let all = (0..<60).map { _ in
      Bool.random(using: &random)
        ? message(4 * Int.random(in: 0...400, using: &random))
        : channelData(Int.random(in: 0...1_500, using: &random))
    }
    var rest = all.flatMap(\.self)[...]
    var parts: [[UInt8]] = []
    while !rest.isEmpty {
      let count = Int.random(in: 1...min(rest.count, 2_000), using: &random)
      parts.append(Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    #expect(frames(parts) == all)
  }

  @Test("Trap 24: ChannelData on a stream ends with its padding, which its length leaves out")
  func channelDataPadded() {
    for length in 0...9 {
      let bytes = channelData(length)
      #expect(bytes.count % 4 == 0)
      #expect(step(bytes) == .frame(0..<bytes.count))
      #expect(step(Array(bytes.dropLast())) == .needMore)
    }
  }

  @Test("Trap 25: what is neither STUN nor ChannelData by its first byte is a fault")
  func firstByte() {
    for byte in UInt8.min...UInt8.max {
      let isKnown = byte < 4 || (64..<128).contains(byte)
      #expect(step([byte]) == (isKnown ? .needMore : .fault(.notRecognized)))
    }
  }

  @Test("Trap 26: a STUN length that is no multiple of 4 is a fault, before the body has come")
  func badLength() {
    for length in [1, 2, 3, 5, 65_535] as [UInt16] {
      var bytes: [UInt8] = [0, 1]
      bytes.append(bigEndian: length)
      #expect(step(bytes) == .fault(.badLength))
    }
  }

  @Test func `a wrong cookie is a fault as soon as it is there`() {
    var bytes = message(100)
    bytes[7] ^= 1
    #expect(step(Array(bytes.prefix(7))) == .needMore)
    #expect(step(Array(bytes.prefix(8))) == .fault(.notRecognized))
  }

  @Test("CVE-2026-68552: the longest lengths keep the stream in step")
  func longestLengths() {
    // 20 + 65,532 does not fit into 16 bits, nor does 4 + 65,535 with its padding.
    let all = [message(65_532), channelData(65_535), message(0)]
    #expect(all[0].count == StreamFramer.frameBytesMax && all[1].count == 65_540)
    #expect(frames([all.flatMap(\.self)]) == all)
  }

  @Test("Trap 26: a frame longer than the cap is a fault, before more of it is kept")
  func cap() {
    #expect(step(Array(channelData(100).prefix(4)), bytesMax: 104) == .needMore)
    #expect(step(Array(channelData(101).prefix(4)), bytesMax: 104) == .fault(.tooLong))
    #expect(step(Array(message(100).prefix(4)), bytesMax: 116) == .fault(.tooLong))
  }
}
