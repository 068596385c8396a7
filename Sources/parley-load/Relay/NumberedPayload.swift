// The payload of a test packet: who sent it, which one it is, when it was due, and bytes that can
// be checked.

internal import NetTypes
internal import Traffic

/// The layout, all big-endian: run (4), sender (4), number (8), when it was due (8), filler, and
/// the number again (8), so that two packets cannot be spliced without it being seen.
struct NumberedPayload: Sendable {
  static let sizeMin = 32
  private static let numberOffset = 8
  private static let timeOffset = 16
  private static let fillerOffset = 24
  private static let tailBytes = 8

  /// What a payload turned out to be.
  enum Finding: Equatable, Sendable {
    case valid(number: UInt64, due: Instant)
    /// Of another run or sender, or not ours at all.
    case foreign
    /// Ours, but not as it was sent.
    case corrupt
  }

  /// Different for each run, so that packets of the one before are not taken for ours.
  let run: UInt32
  /// Bytes, at least ``sizeMin``.
  let size: Int
  /// A whole payload with sender, number and time 0: all packets of a run have the same filler.
  let template: [UInt8]

  init(run: UInt32, size: Int) {
    self.run = run
    self.size = size
    var bytes: [UInt8] = []
    bytes.append(bigEndian: run)
    bytes.append(contentsOf: repeatElement(0, count: Self.fillerOffset - 4))
    for offset in Self.fillerOffset..<(size - Self.tailBytes) {
      bytes.append(UInt8(truncatingIfNeeded: offset &* 167 &+ Int(run)))
    }
    bytes.append(contentsOf: repeatElement(0, count: Self.tailBytes))
    template = bytes
  }

  /// Makes the template that begins at `start` of `bytes` a packet of its own, in place.
  @inline(__always)
  func stamp(
    _ bytes: inout MutableSpan<UInt8>, at start: Int, sender: UInt32, number: UInt64, due: Instant
  ) {
    bytes.store(sender, at: start + 4)
    bytes.store(number, at: start + Self.numberOffset)
    bytes.store(UInt64(bitPattern: due.nanoseconds), at: start + Self.timeOffset)
    bytes.store(number, at: start + size - Self.tailBytes)
  }

  /// The sender that stands in `range` of `bytes`, or the highest number for none.
  @inline(__always)
  func sender(of bytes: Span<UInt8>, _ range: Range<Int>) -> UInt32 {
    range.count >= 8 ? bytes.uint32(at: range.lowerBound + 4) : .max
  }

  /// Judges what came in `range` of `bytes`, where packets of `sender` are expected.
  @inline(__always)
  func check(_ bytes: Span<UInt8>, _ range: Range<Int>, from sender: UInt32) -> Finding {
    let start = range.lowerBound
    guard range.count >= Self.fillerOffset, bytes.uint32(at: start) == run,
      bytes.uint32(at: start + 4) == sender
    else { return .foreign }
    guard range.count == size else { return .corrupt }
    let number = bytes.uint64(at: start + Self.numberOffset)
    let tail = range.upperBound - Self.tailBytes
    guard bytes.uint64(at: tail) == number,
      bytes.holds(
        template.span, from: Self.fillerOffset, at: start + Self.fillerOffset..<tail)
    else { return .corrupt }
    let time = Int64(bitPattern: bytes.uint64(at: start + Self.timeOffset))
    return .valid(number: number, due: Instant(nanoseconds: time))
  }
}
