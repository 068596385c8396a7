// Frames with media that wait for one client's stream: the newest push the oldest out.

internal import EventLoop
internal import NetTypes
internal import STUN
internal import TURN

/// Whole frames of one allocation, in the order in which they came. What the stream has taken can
/// not be taken back, so frames wait here, in the clear, for as long as they can.
struct MediaQueue {
  /// Media that may wait for the client: some large video frames.
  static let bytesMax = 262_144
  /// Plaintext of a TLS record: as many frames share one as have room in it (RFC 8446 §5.1).
  private static let recordMax = 16_384
  /// Plaintext that is sealed before the socket is asked to take it.
  private static let sealedMax = 4 * recordMax

  /// Whose traffic the frames are counted in.
  private(set) var allocation = SlabHandle(index: -1, generation: 0)
  private var bytes: [UInt8] = []
  /// Where the oldest frame begins.
  private var first = 0
  /// Whether it is on the loop's list of those to be written at the end of this turn.
  var isListed = false

  /// Bytes that wait.
  var count: Int { bytes.count - first }

  /// Puts frames behind those that wait.
  ///
  /// - Parameters:
  ///   - header: what goes in front of each payload.
  ///   - range: where the payloads are in `payloads`, one behind the other.
  ///   - loop: lends the memory.
  /// - Returns: what has been forgotten to make room.
  mutating func append(
    _ header: Span<UInt8>, _ payloads: Span<UInt8>, _ range: Range<Int>, _ framing: Framing,
    of allocation: SlabHandle, on loop: EventLoop
  ) -> Forgotten {
    var forgotten = Forgotten(allocation: self.allocation, traffic: Traffic())
    if allocation != self.allocation {
      // What an allocation that is gone has left behind is nobody's media.
      forgotten.traffic = forgetAll(on: loop)
      self.allocation = allocation
    }
    let length = range.count / framing.count
    let frame = framing.header + length + framing.padding
    if count + framing.count * frame > Self.bytesMax {
      forgotten.traffic = forgetOldest(leaving: max(0, Self.bytesMax - framing.count * frame))
    }
    if bytes.isEmpty { loop.lendBuffer(to: &bytes) }
    if first > count { compact() }
    for index in 0..<framing.count {
      let start = range.lowerBound + index * length
      bytes.append(header, 0..<framing.header)
      bytes.append(payloads, start..<start + length)
      for _ in 0..<framing.padding { bytes.append(0) }
    }
    return forgotten
  }

  /// What was to be sent and never will be.
  struct Forgotten {
    let allocation: SlabHandle
    var traffic: Traffic
  }

  private mutating func compact() {
    bytes.removeFirst(first)
    first = 0
  }

  /// Where the frame ends that begins at `offset`.
  private func end(ofFrameAt offset: Int) -> Int {
    guard case .frame(let range) = StreamFramer.next(in: bytes.span, from: offset) else {
      preconditionFailure("whole frames only")
    }
    return range.upperBound
  }

  private mutating func forgetOldest(leaving bytesMax: Int) -> Traffic {
    var traffic = Traffic()
    while count > bytesMax {
      let next = end(ofFrameAt: first)
      traffic.count(next - first)
      first = next
    }
    return traffic
  }

  /// Forgets everything, and gives its memory back.
  mutating func forgetAll(on loop: EventLoop) -> Traffic {
    let traffic = forgetOldest(leaving: 0)
    giveBack(to: loop)
    return traffic
  }

  private mutating func giveBack(to loop: EventLoop) {
    loop.takeBackBuffer(&bytes)
    first = 0
  }

  // MARK: Out

  /// What came of ``pass(to:sealed:on:)``.
  enum Passing {
    /// Nothing waits here any more.
    case done
    /// The stream takes no more now; it tells when it has drained.
    case waits
    case failed
  }

  /// Gives the stream what it takes now. Calls nobody but the stream, which calls nobody.
  mutating func pass(to stream: ByteStream, sealed: Bool, on loop: EventLoop) -> Passing {
    let passing = sealed ? seal(into: stream) : write(to: stream)
    if count == 0 { giveBack(to: loop) }
    return passing
  }

  private mutating func write(to stream: ByteStream) -> Passing {
    guard count > 0 else { return .done }
    guard let taken = stream.offer(bytes.span, first..<bytes.count) else { return .failed }
    if taken == count {
      first = bytes.count
      return .done
    }
    // A frame that was cut has begun: the rest of it comes next, whatever happens.
    let cut = first + taken
    while first < cut { first = end(ofFrameAt: first) }
    if first > cut { _ = stream.enqueue(bytes.span, cut..<first) }
    return .waits
  }

  /// Few records, as large as they may be, and one write for several of them.
  private mutating func seal(into stream: ByteStream) -> Passing {
    while count > 0 {
      guard !stream.isBlocked else { return .waits }
      var sealed = 0
      while count > 0, sealed < Self.sealedMax {
        let end = endOfRecord()
        guard stream.enqueue(bytes.span, first..<end) else { return .waits }
        sealed += end - first
        first = end
      }
      guard stream.offerQueued() else { return .failed }
    }
    return .done
  }

  /// Where the frames end that share the next record; one frame at least.
  private func endOfRecord() -> Int {
    if count <= Self.recordMax { return bytes.count }
    var last = end(ofFrameAt: first)
    while last < bytes.count {
      let next = end(ofFrameAt: last)
      if next - first > Self.recordMax { break }
      last = next
    }
    return last
  }
}
