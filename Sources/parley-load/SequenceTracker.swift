// Tells of numbered packets which came, came twice, or came late.

/// What arrived of the numbers 0..<capacity.
struct SequenceTracker: Sendable {
  /// What one arrival was.
  enum Arrival: Equatable, Sendable {
    /// The first time, and higher than all before.
    case inOrder
    /// The first time, behind a higher number (RFC 4737 §3.3 calls it reordered).
    case reordered
    /// Another copy of what came already.
    case duplicate
    /// A number that is never sent.
    case outOfRange
  }

  let capacity: Int
  private var seen: [UInt64]
  private var next = 0
  /// Different numbers that arrived.
  private(set) var distinct = 0
  private(set) var reordered = 0
  private(set) var duplicates = 0

  init(capacity: Int) {
    self.capacity = capacity
    seen = Array(repeating: 0, count: (capacity + 63) / 64)
  }

  @discardableResult
  mutating func record(_ number: UInt64) -> Arrival {
    guard number < UInt64(capacity) else { return .outOfRange }
    let index = Int(number)
    let bit: UInt64 = 1 << UInt64(index & 63)
    guard seen[index >> 6] & bit == 0 else {
      duplicates += 1
      return .duplicate
    }
    seen[index >> 6] |= bit
    distinct += 1
    guard index >= next else {
      reordered += 1
      return .reordered
    }
    next = index + 1
    return .inOrder
  }
}
