// The payload of a test packet: who sent it, which one it is, when, and bytes that can be checked.

internal import NetTypes

/// The layout, all big-endian: run (4), sender (4), number (8), time of sending (8), filler, and
/// the number again (8), so that two packets cannot be spliced without it being seen.
struct NumberedPayload: Sendable {
  static let sizeMin = 32
  private static let numberOffset = 8
  private static let timeOffset = 16
  private static let fillerOffset = 24
  private static let tailBytes = 8

  /// What a payload turned out to be.
  enum Finding: Equatable, Sendable {
    case valid(number: UInt64, sentAt: Instant)
    /// Of another run or sender, or not ours at all.
    case foreign
    /// Ours, but not as it was sent.
    case corrupt
  }

  /// Different for each run, so that packets of the one before are not taken for ours.
  let run: UInt32
  let sender: UInt32
  /// Bytes, at least ``sizeMin``.
  let size: Int

  /// A whole payload with the number 0 and the time 0.
  func template() -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(size)
    bytes.append(bigEndian: run)
    bytes.append(bigEndian: sender)
    bytes.append(bigEndian: UInt64(0))
    bytes.append(bigEndian: UInt64(0))
    for offset in Self.fillerOffset..<(size - Self.tailBytes) { bytes.append(filler(offset)) }
    bytes.append(bigEndian: UInt64(0))
    return bytes
  }

  /// Makes the template that begins at `start` of `bytes` a packet of its own, in place.
  func stamp(_ bytes: inout [UInt8], at start: Int, number: UInt64, time: Instant) {
    var span = bytes.mutableSpan
    span.store(number, at: start + Self.numberOffset)
    span.store(UInt64(bitPattern: time.nanoseconds), at: start + Self.timeOffset)
    span.store(number, at: start + size - Self.tailBytes)
  }

  /// Judges what came.
  func check(_ bytes: Span<UInt8>) -> Finding {
    guard bytes.count >= Self.fillerOffset, bytes.uint32(at: 0) == run,
      bytes.uint32(at: 4) == sender
    else { return .foreign }
    guard bytes.count == size else { return .corrupt }
    let number = bytes.uint64(at: Self.numberOffset)
    guard bytes.uint64(at: size - Self.tailBytes) == number else { return .corrupt }
    for offset in Self.fillerOffset..<(size - Self.tailBytes)
    where bytes[offset] != filler(offset) { return .corrupt }
    let time = Int64(bitPattern: bytes.uint64(at: Self.timeOffset))
    return .valid(number: number, sentAt: Instant(nanoseconds: time))
  }

  @inline(__always)
  private func filler(_ offset: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: offset &* 167 &+ Int(sender) &* 31 &+ Int(run))
  }
}
