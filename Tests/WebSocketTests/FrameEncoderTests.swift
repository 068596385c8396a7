// Frames that are written: byte for byte, and back through a decoder.

import Testing
import WebSocket

@Suite("Frame encoder")
struct FrameEncoderTests {
  func encode(
    _ opcode: Opcode, _ payload: [UInt8], isFinal: Bool = true, isCompressed: Bool = false,
    maskKey: UInt32? = nil
  ) -> [UInt8] {
    var output: [UInt8] = [0xEE]
    FrameEncoder.append(
      to: &output, opcode: opcode, payload: payload.span, isFinal: isFinal,
      isCompressed: isCompressed, maskKey: maskKey)
    #expect(output.first == 0xEE)
    return Array(output.dropFirst())
  }

  @Test("the examples of RFC 6455 §5.7")
  func examples() {
    #expect(encode(.text, bytes("Hello")) == [0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F])
    #expect(
      encode(.text, bytes("Hello"), maskKey: 0x37FA_213D)
        == [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58])
    #expect(encode(.text, bytes("Hel"), isFinal: false) == [0x01, 0x03, 0x48, 0x65, 0x6C])
    #expect(encode(.continuation, bytes("lo")) == [0x80, 0x02, 0x6C, 0x6F])
    #expect(encode(.binary, [1], isCompressed: true) == [0xC2, 0x01, 0x01])
    #expect(FrameEncoder.frame(.binary, [1, 2]) == [0x82, 0x02, 0x01, 0x02])
  }

  @Test(
    "headers have the shortest length and the length announced",
    arguments: [0, 1, 125, 126, 65_535, 65_536, 70_000])
  func headers(size: Int) {
    let payload = [UInt8](repeating: 9, count: size)
    for key in [nil, 0x1020_3040] as [UInt32?] {
      let frame = encode(.binary, payload, maskKey: key)
      let mask: [UInt8]? = key == nil ? nil : [0x10, 0x20, 0x30, 0x40]
      #expect(frame == rawFrame(0x82, payload, mask: mask))
      let header = FrameEncoder.headerLength(payloadCount: size, isMasked: key != nil)
      #expect(frame.count == header + size)
      #expect(header <= WebSocketLimits.headerBytesMax)
      let role: WebSocketRole = key == nil ? .client : .server
      #expect(decode(frame, role: role, messageBytesMax: size) == [.binary(payload)])
    }
  }

  func close(_ code: CloseCode?, _ reason: String) -> Seen? {
    var output: [UInt8] = []
    FrameEncoder.appendClose(to: &output, code, reason: reason)
    return decode(output, role: .client).first
  }

  @Test("a close reason is cut between characters")
  func closeReason() {
    #expect(close(nil, "") == .close(nil, ""))
    #expect(close(.goingAway, "stopping") == .close(1001, "stopping"))
    #expect(close(CloseCode(4002), "") == .close(4002, ""))
    let letters = String(repeating: "a", count: 122)
    #expect(close(.normal, letters + "bc") == .close(1000, letters + "b"))
    #expect(close(.normal, letters + "é") == .close(1000, letters))
    #expect(
      close(.normal, String(repeating: "🫖", count: 99))
        == .close(1000, String(repeating: "🫖", count: 30)))
  }

  @Test("frames that must not be sent stop the process")
  func preconditions() async {
    await #expect(processExitsWith: .failure) {
      var output: [UInt8] = []
      let payload = [UInt8](repeating: 0, count: 126)
      FrameEncoder.append(to: &output, opcode: .ping, payload: payload.span)
    }
    await #expect(processExitsWith: .failure) {
      var output: [UInt8] = []
      let payload: [UInt8] = []
      FrameEncoder.append(to: &output, opcode: .close, payload: payload.span, isFinal: false)
    }
    await #expect(processExitsWith: .failure) {
      var output: [UInt8] = []
      FrameEncoder.appendClose(to: &output, .noStatus)
    }
  }
}
