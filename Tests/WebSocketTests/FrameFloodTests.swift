// Frames that bring no message forward are metered: in virtual time, kind by kind.

import NetTypes
import Testing
import WebSocket

@Suite("Floods of frames")
struct FrameFloodTests {
  static let start = Instant(nanoseconds: 5_000_000_000)

  struct Metered: ~Copyable {
    var connection = WebSocketConnection.server()
    var output: [UInt8] = []

    /// What comes of these frames at `now`.
    mutating func take(_ frames: [[UInt8]], _ now: Instant?) -> [Seen] {
      var input = frames.flatMap { $0 }
      var offset = 0
      var seen: [Seen] = []
      while let event = Seen(
        connection.receive(&input, at: &offset, output: &output, now: now), input)
      { seen.append(event) }
      return seen
    }
  }

  static let most = WebSocketLimits.idleFramesMax

  @Test(
    "more than the allowance ends the connection with 1008",
    arguments: [
      ("pings", masked(0x89, "p"), nil), ("pongs", masked(0x8A), nil),
      ("empty fragments", masked(0x00), masked(0x01)),
      ("tiny fragments", masked(0x00, "x"), masked(0x01, "x")),
    ] as [(String, [UInt8], [UInt8]?)])
  func flood(name: String, frame: [UInt8], first: [UInt8]?) {
    var metered = Metered()
    var seen = metered.take((first.map { [$0] } ?? [frame]), Self.start)
    seen = metered.take(Array(repeating: frame, count: Self.most - 1), Self.start)
    #expect(!seen.contains(.failed(.tooManyFrames)))
    metered.output = []
    seen = metered.take([frame, frame], Self.start)
    #expect(seen.last == .failed(.tooManyFrames))
    #expect(metered.output.suffix(19) == rawFrame(0x88, closePayload(1008, "too-many-frames"))[...])
    #expect(WebSocketFault.tooManyFrames.closeCode == .policyViolation)
  }

  @Test("the allowance comes back with time, and no more than it was")
  func refill() {
    let pings = Array(repeating: masked(0x89), count: Self.most)
    var metered = Metered()
    #expect(metered.take(pings, Self.start).isEmpty)
    let later = Self.start + .seconds(1)
    let back = Array(pings[..<WebSocketLimits.idleFramesPerSecond])
    #expect(metered.take(back, later).isEmpty)
    #expect(metered.take([masked(0x89)], later) == [.failed(.tooManyFrames)])
    metered = Metered()
    #expect(metered.take([masked(0x89)], Self.start).isEmpty)
    #expect(metered.take(pings, Self.start + .seconds(3_600)).isEmpty)
    let tooMany = metered.take([masked(0x89)], Self.start + .seconds(3_600))
    #expect(tooMany == [.failed(.tooManyFrames)])
  }

  @Test("messages, and fragments that are worth it, are not counted")
  func messages() {
    var metered = Metered()
    let text = [UInt8](repeating: 0x61, count: 512)
    let many = Array(repeating: masked(0x81, "x"), count: 3 * Self.most)
    #expect(metered.take(many, Self.start).count == 3 * Self.most)
    for _ in 0..<3 * Self.most {
      let seen = metered.take(
        [masked(0x01, text), masked(0x00, text), masked(0x80, text)], Self.start)
      #expect(seen.count == 1)
    }
    #expect(metered.take([masked(0x88)], Self.start) == [.close(nil, "")])
  }

  @Test("who is trusted is not metered")
  func trusted() {
    var metered = Metered()
    let seen = metered.take(Array(repeating: masked(0x89), count: 3 * Self.most), nil)
    #expect(seen.isEmpty)
  }
}
