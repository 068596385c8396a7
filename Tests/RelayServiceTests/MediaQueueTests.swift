// What waits for a client's stream: whole frames in order, of which the oldest make room.

import EventLoop
import Glibc
import NetTypes
import STUN
import TLS
import TLSTesting
import Testing

@testable import RelayService
@testable import TURN

/// A stream whose other end reads when it is told to, on a loop that does not run.
private final class Cable: ByteStreamHandler {
  let loop: EventLoop
  let stream: ByteStream
  let isSealed: Bool
  private let far: ByteStream
  /// Frames that have arrived.
  private(set) var frames: [[UInt8]] = []
  var queue = MediaQueue()
  let allocation = SlabHandle(index: 3, generation: 1)
  private(set) var forgotten = Traffic()
  private(set) var appended = Traffic()

  /// - Parameter sealed: the stream is that of a server, and the other end that of a client.
  init(sealed: Bool = false) throws {
    loop = try EventLoop()
    isSealed = sealed
    var ends: [Int32] = [0, 0]
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    try #require(unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0)
    var bytes: Int32 = 4_096
    _ = unsafe setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &bytes, 4)
    stream = try ByteStream(
      descriptor: ends[0], peer: nil, on: loop, inputMax: 65_536,
      outputMax: RelayStream.mediaTakenMax + RelayStream.controlRoom)
    far = try ByteStream(
      descriptor: ends[1], peer: nil, on: loop, inputMax: 65_536, outputMax: 65_536)
    stream.handler = self
    far.handler = self
    if sealed { try shakeHands() }
  }

  private func shakeHands() throws {
    let files = try TestCertificate()
    let engine = TLSEngine(
      serving: try TLSContext(
        certificates: files.certificatePath, key: files.keyPath, protocols: []))
    far.secure(
      by: TLSEngine(
        connectingTo: "localhost",
        by: try TLSContext(trusting: files.certificatePath, protocols: [])))
    stream.secure(by: engine)
    for _ in 0..<20 {
      for end in [stream, far] { end.ready([.readable, .writable], now: loop.now) }
    }
    try #require(engine.progress == .established)
  }

  /// Frames of `length` bytes of payload, each of which is `mark`, on channel 0x4000.
  func append(_ mark: UInt8, length: Int, count: Int = 1, of allocation: SlabHandle? = nil) {
    let header: [UInt8] = [0x40, 0, UInt8(length >> 8), UInt8(length & 0xFF)]
    let framing = Framing(count: count, header: 4, padding: -length & 3)
    let payloads = [UInt8](repeating: mark, count: 7 + length * count)
    let lost = queue.append(
      header.span, payloads.span, 7..<payloads.count, framing, of: allocation ?? self.allocation,
      on: loop)
    let traffic = framing.traffic(of: length * count)
    appended = appended + traffic
    forgotten = forgotten + lost.traffic
  }

  /// What the loop does at the end of a turn.
  func pass() {
    guard !stream.isBlocked else { return }
    #expect(queue.pass(to: stream, sealed: isSealed, on: loop) != .failed)
  }

  /// Lets the far end read once, and the near one go on.
  func read() {
    far.ready(.readable, now: loop.now)
    stream.ready(.writable, now: loop.now)
    pass()
  }

  /// Reads until nothing comes any more.
  func readAll() {
    var before = -1
    while before != far.queuedBytes + arrivedBytes {
      before = far.queuedBytes + arrivedBytes
      for _ in 0..<8 { read() }
    }
  }

  private(set) var arrivedBytes = 0

  func received(on stream: ByteStream) {
    guard stream === far else { return }
    let input = far.input
    var offset = 0
    while case .frame(let range) = StreamFramer.next(in: input.span, from: offset) {
      frames.append(Array(input[range]))
      arrivedBytes += range.count
      offset = range.upperBound
    }
    far.consume(offset)
  }

  func closed(_ stream: ByteStream) {}
  func drained(_ stream: ByteStream) {}
}

struct MediaQueueTests {
  @Test(arguments: [false, true])
  func `what one turn has leaves in order, each frame with its header and its padding`(
    sealed: Bool
  ) throws {
    let cable = try Cable(sealed: sealed)
    cable.append(1, length: 5)
    cable.append(2, length: 4, count: 3)
    cable.pass()
    cable.readAll()
    #expect(
      cable.frames == [
        [0x40, 0, 0, 5, 1, 1, 1, 1, 1, 0, 0, 0], [0x40, 0, 0, 4, 2, 2, 2, 2],
        [0x40, 0, 0, 4, 2, 2, 2, 2], [0x40, 0, 0, 4, 2, 2, 2, 2],
      ])
    #expect(cable.queue.count == 0 && cable.forgotten.packets == 0)
  }

  @Test(arguments: [false, true])
  func `of what a client does not take the oldest goes, and the newest arrives`(sealed: Bool)
    throws
  {
    let cable = try Cable(sealed: sealed)
    // Far more than may wait, in lengths that no buffer is a multiple of.
    for number in 0..<2_000 {
      cable.append(UInt8(truncatingIfNeeded: number), length: 900 + number % 97)
      cable.pass()
    }
    #expect(cable.queue.count <= MediaQueue.bytesMax && cable.forgotten.packets > 1_000)
    cable.readAll()
    let frames = cable.frames
    #expect(UInt64(frames.count) + cable.forgotten.packets == cable.appended.packets)
    #expect(UInt64(cable.arrivedBytes) + cable.forgotten.bytes == cable.appended.bytes)
    // The newest, without a gap, as many as may wait.
    let newest = frames.suffix(MediaQueue.bytesMax / 1_000)
    let last = 1_999
    for (place, frame) in newest.reversed().enumerated() {
      let number = last - place
      #expect(frame[4] == UInt8(truncatingIfNeeded: number))
      #expect(Int(frame[2]) << 8 | Int(frame[3]) == 900 + number % 97)
    }
  }

  @Test(arguments: [UInt64](1...40))
  func `whatever is read when, frames arrive whole and in order, and the bytes add up`(
    seed: UInt64
  ) throws {
    var random = SplitMix64(seed: seed)
    let cable = try Cable(sealed: seed % 4 == 0)
    var number = 0
    for _ in 0..<400 {
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<5:
        let count = Int.random(in: 1...16, using: &random)
        let length = Int.random(in: 0...3_000, using: &random)
        cable.append(UInt8(truncatingIfNeeded: number), length: length, count: count)
        number += 1
      case 5..<8: cable.pass()
      default: cable.read()
      }
    }
    cable.append(200, length: 1)
    cable.pass()
    cable.readAll()
    let what = "seed \(seed): Tests/RelayServiceTests/MediaQueueTests.swift"
    #expect(
      UInt64(cable.frames.count) + cable.forgotten.packets == cable.appended.packets, "\(what)")
    #expect(UInt64(cable.arrivedBytes) + cable.forgotten.bytes == cable.appended.bytes, "\(what)")
    #expect(cable.frames.last == [0x40, 0, 0, 1, 200, 0, 0, 0], "\(what)")
    // Each frame is of one mark, and marks go up, by less than half of their circle at a time.
    var before: UInt8 = 0
    for frame in cable.frames.dropLast() where frame.count > 4 {
      #expect(frame[4] &- before < 128, "\(what)")
      before = frame[4]
    }
  }

  @Test func `as many frames share a record as fit, and the longest frame has records of its own`()
    throws
  {
    let cable = try Cable(sealed: true)
    cable.append(1, length: 1_000, count: 40)
    cable.append(2, length: 65_532)
    cable.append(3, length: 8)
    cable.pass()
    cable.readAll()
    #expect(cable.frames.count == 42)
    #expect(cable.frames[40].count == 65_536 && cable.frames[41].count == 12)
  }

  @Test func `what an allocation that is gone has left behind makes way for the next one's`() throws
  {
    let cable = try Cable()
    cable.append(1, length: 100, count: 5)
    cable.append(2, length: 100, of: SlabHandle(index: 3, generation: 2))
    #expect(cable.forgotten == Traffic(packets: 5, bytes: 520))
    cable.pass()
    cable.readAll()
    #expect(cable.frames.map { $0[4] } == [2])
  }

  @Test func `an answer goes ahead of what waits, but never into a frame that has begun`() throws {
    let cable = try Cable()
    cable.append(1, length: 1_000, count: 60)
    cable.pass()
    #expect(cable.stream.isBlocked && cable.queue.count > 0)
    let answer: [UInt8] = [1, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42] + [UInt8](repeating: 0, count: 12)
    #expect(cable.stream.send(answer))
    cable.readAll()
    #expect(cable.frames.count == 61)
    let place = try #require(cable.frames.firstIndex(of: answer))
    #expect((1..<60).contains(place))
  }
}
