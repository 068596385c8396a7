// A client that reaches the relay over TCP or TLS: its stream, cut into frames.

internal import EventLoop
internal import Gate
internal import NetTypes
internal import STUN
internal import TURN

/// One client's connection. It stays on the loop that accepted it, with its allocation.
final class RelayStream: ByteStreamHandler {
  /// What the stream may hold of media, which can not be dropped any more: the rest of the longest
  /// frame, or some records.
  static let mediaTakenMax = 2 * StreamFramer.frameBytesMax
  /// Room in the stream's queue for answers besides. A client that has so many answers coming and
  /// takes none is not one.
  static let controlRoom = 65_536
  /// What the kernel may hold that it can not send yet: the longer its queue, the older what it
  /// sends, and the less is left to be dropped in time.
  static let unsentMax = 32_768
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
    stream.limit(inputMax: Self.inputMax, outputMax: Self.mediaTakenMax + Self.controlRoom)
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

  func drained(_ stream: ByteStream) { owner.drained(self) }

  func closed(_ stream: ByteStream) { owner.closed(self) }
}
