// A client that reaches the relay over TCP or TLS: its stream, cut into frames.

internal import EventLoop
internal import Gate
internal import NetTypes
internal import STUN
internal import TURN

/// One client's connection. It stays on the loop that accepted it, with its allocation.
final class RelayStream: ByteStreamHandler {
  /// Media that may wait for the client: some large video frames. The kernel has about as much.
  static let mediaQueuedMax = 262_144
  /// Room in the queue for answers when it is full of media. A client that has so many answers
  /// coming and takes none is not one.
  static let controlRoom = 65_536
  /// What the kernel may hold that it can not send yet.
  static let unsentMax = 131_072
  /// Holds the longest frame, and what comes behind it in one read.
  static let inputMax = 2 * StreamFramer.frameBytesMax
  /// RFC 8656 has no word on it; other servers wait as long for an Allocate.
  static let allocationTimeout = Duration.seconds(60)

  let stream: ByteStream
  let tuple: FiveTuple
  /// What becomes of the stream when it stops being that of a client with messages.
  enum Turn {
    /// The client's half of a connection with a peer (RFC 6062 §5.4).
    case joins(SlabHandle)
    /// That of another loop, by its index.
    case moves(Int)
  }

  /// Its next frame is none of ours once this is set.
  var turn: Turn?
  /// Its place in the loop's table.
  var handle = SlabHandle(index: -1, generation: 0)
  /// The longest frame it may send: until it has an allocation, only requests make sense.
  var frameBytesMax = TURNLimits.requestBytesMax
  /// When it is closed, unless its first message is there then, or later, unless it has an
  /// allocation.
  private(set) var deadline: Instant
  /// Whether a message has come whole.
  private(set) var hasSpoken: Bool
  /// Whether it had an allocation when that was last looked at.
  var hadAllocation = false
  /// Held until the client has an allocation, by which it has shown that it knows a credential.
  private(set) var place: HalfOpenPlace?
  private unowned let owner: RelayLoop

  /// - Parameter hasSpoken: it comes from another loop, with what is left of its time.
  init(_ gated: GatedStream, hasSpoken: Bool, owner: RelayLoop) {
    self.hasSpoken = hasSpoken
    deadline = gated.deadline
    stream = gated.stream
    tuple = gated.tuple
    place = gated.place
    self.owner = owner
    stream.limit(inputMax: Self.inputMax, outputMax: Self.mediaQueuedMax + Self.controlRoom)
    stream.limitUnsent(bytes: Self.unsentMax)
    stream.handler = self
  }

  /// The client has an allocation, or the stream is closed.
  func releasePlace() {
    place?.release()
    place = nil
  }

  /// What it was made of, for another loop.
  func detached() -> GatedStream {
    defer { place = nil }
    return GatedStream(stream: stream, tuple: tuple, place: place, deadline: deadline)
  }

  /// A message has come whole: it has the time that an Allocate takes.
  func spoke(now: Instant) {
    guard !hasSpoken else { return }
    hasSpoken = true
    deadline = now + Self.allocationTimeout
  }

  /// It has as much time again.
  func prolong(now: Instant) { deadline = now + Self.allocationTimeout }

  func received(on stream: ByteStream) { owner.receive(on: self) }

  func drained(_ stream: ByteStream) {}

  func closed(_ stream: ByteStream) { owner.closed(self) }
}

/// The streams of a loop, found by their 5-tuple as cheaply as an allocation is.
struct RelayStreams {
  private var streams: Slab<RelayStream>
  private var byTuple = SlotTable()
  private let hashKey: HashKey

  init(capacity: Int, using random: inout some RandomNumberGenerator) {
    streams = Slab(capacity: capacity)
    hashKey = HashKey(using: &random)
  }

  var count: Int { streams.count }

  var all: [RelayStream] { streams.handles.compactMap { streams[$0] } }

  func at(_ index: Int) -> RelayStream? { streams.handle(at: index).flatMap { streams[$0] } }

  func find(_ tuple: FiveTuple) -> RelayStream? {
    let slot = byTuple.find(hashKey.hash(tuple)) { index in
      streams.value(at: index) { $0.tuple == tuple } ?? false
    }
    return slot.flatMap { at($0) }
  }

  /// `false` when there is no room.
  mutating func insert(_ stream: RelayStream) -> Bool {
    guard let handle = streams.insert(stream) else { return false }
    stream.handle = handle
    byTuple.insert(hashKey.hash(stream.tuple), slot: Int(handle.index))
    return true
  }

  mutating func remove(_ stream: RelayStream) {
    guard streams.remove(stream.handle) != nil else { return }
    byTuple.remove(hashKey.hash(stream.tuple), slot: Int(stream.handle.index))
  }
}
