// The framer of streams: the same frames however the bytes arrive, and nothing between them.

import STUN

enum StreamTarget {
  /// The first byte says how the bytes arrive and how long a frame may be; the others are the
  /// stream.
  static func run(_ input: [UInt8]) throws(Finding) {
    let head = input.first ?? 0
    let stream = Array(input.dropFirst())
    let bytesMax = head & 1 == 0 ? StreamFramer.frameBytesMax : 64
    let whole = try frames(stream, arriving: max(1, stream.count), bytesMax)
    let pieces = try frames(stream, arriving: 1 + Int(head >> 1) % 24, bytesMax)
    // Which of two faults is seen first may depend on it.
    try require(
      whole.frames == pieces.frames && (whole.fault == nil) == (pieces.fault == nil),
      "the frames depend on how the bytes arrive")
    var end = 0
    for frame in whole.frames {
      try require(frame.lowerBound == end, "a frame does not begin where the last one ended")
      end = frame.upperBound
      try require(frame.count >= 4 && frame.count <= bytesMax, "a frame of \(frame.count) bytes")
      try require(frame.count % 4 == 0, "a frame that leaves the next one in the middle of a word")
      try check(Array(stream[frame]))
    }
    try require(end <= stream.count, "frames longer than the stream")
    let waits = stream.count - end
    try require(whole.fault != nil || waits < bytesMax, "\(waits) bytes wait for more")
  }

  private struct Outcome {
    var frames: [Range<Int>] = []
    var fault: FramingFault?
  }

  private static func frames(_ stream: [UInt8], arriving step: Int, _ bytesMax: Int)
    throws(Finding) -> Outcome
  {
    var outcome = Outcome()
    var offset = 0
    var present = 0
    while present < stream.count {
      present = min(stream.count, present + step)
      let arrived = Array(stream[..<present])
      reading: while true {
        switch StreamFramer.next(in: arrived.span, from: offset, bytesMax: bytesMax) {
        case .needMore: break reading
        case .frame(let range):
          try require(range.lowerBound == offset && !range.isEmpty, "the framer stands still")
          try require(range.upperBound <= present, "a frame of bytes that have not come")
          outcome.frames.append(range)
          offset = range.upperBound
        case .fault(let fault):
          outcome.fault = fault
          return outcome
        }
      }
    }
    return outcome
  }

  /// A frame is what its first byte says.
  private static func check(_ frame: [UInt8]) throws(Finding) {
    switch DatagramKind(firstByte: frame[0]) {
    case .unknown: throw Finding(description: "a frame of nothing that is known")
    case .channelData:
      let length = Int(frame[2]) << 8 | Int(frame[3])
      try require(frame.count == 4 + (length + 3) & ~3, "ChannelData of another length")
    case .stun:
      do throws(ParseError) {
        _ = try Message(frame.span, in: 0..<frame.count)
      } catch {
        let isOfFraming = [.truncated, .notSTUN, .badLength].contains(error)
        try require(!isOfFraming, "a frame that the parser finds \(error)")
      }
    }
  }
}
