// The timers of one event loop: a wheel of slots in the place of timer objects.

/// At most one timer for each small index (a ``Slab`` index), rounded up to ``granularity``.
///
/// A timer may fire early: moving one to a later time leaves the earlier entry, and its owner,
/// asked when it fires, sets it again. So extending a lifetime, the common case, costs nothing.
public struct TimerWheel {
  /// A timer fires at most this much late, 250 ms.
  public static let granularity = Duration.milliseconds(250)
  private static let granularityNs = granularity.wholeNanoseconds
  private static let slotCount = 512

  private struct Entry {
    var index: Int32
    var deadline: Int64
  }

  private var slots: [[Entry]] = Array(repeating: [], count: slotCount)
  /// The deadline of the entry that counts for an index; `Int64.max` for none.
  private var armed: [Int64] = []
  private var tick: Int64
  /// A bit for each slot that has entries: the next one is asked for at every turn of a loop.
  private var occupied = [UInt64](repeating: 0, count: slotCount / 64)

  public init(now: Instant) {
    tick = now.nanoseconds / Self.granularityNs
  }

  /// Makes sure that `index` fires at `deadline` or before.
  public mutating func schedule(_ index: Int, at deadline: Instant) {
    while armed.count <= index { armed.append(.max) }
    guard deadline.nanoseconds < armed[index] else { return }
    armed[index] = deadline.nanoseconds
    insert(Entry(index: Int32(index), deadline: deadline.nanoseconds))
  }

  private mutating func insert(_ entry: Entry) {
    let due = (entry.deadline + Self.granularityNs - 1) / Self.granularityNs
    // Beyond one turn of the wheel: wait in the last slot and be put in again from there.
    let target = min(max(due, tick + 1), tick + Int64(Self.slotCount - 1))
    let slot = Int(target) & (Self.slotCount - 1)
    slots[slot].append(entry)
    occupied[slot / 64] |= 1 << UInt64(slot % 64)
  }

  /// Hands every index that is due to `fire`, and forgets it: the owner schedules it again if it
  /// still has something to wait for.
  public mutating func advance(to now: Instant, fire: (Int) -> Void) {
    let target = now.nanoseconds / Self.granularityNs
    var due: [Int] = []
    let turns = min(target - tick, Int64(Self.slotCount))
    if turns > 0 {
      let first = tick + 1
      tick = max(tick, target)
      for step in 0..<turns { collect(first + step, upTo: now.nanoseconds, into: &due) }
    }
    for index in due { fire(index) }
  }

  private mutating func collect(_ position: Int64, upTo now: Int64, into due: inout [Int]) {
    let slot = Int(position) & (Self.slotCount - 1)
    guard !slots[slot].isEmpty else { return }
    let entries = slots[slot]
    slots[slot].removeAll(keepingCapacity: true)
    occupied[slot / 64] &= ~(1 << UInt64(slot % 64))
    for entry in entries {
      // Overtaken by an earlier entry of the same index.
      guard armed[Int(entry.index)] == entry.deadline else { continue }
      if entry.deadline <= now {
        armed[Int(entry.index)] = .max
        due.append(Int(entry.index))
      } else {
        insert(entry)
      }
    }
  }

  /// When to call ``advance(to:fire:)`` next; `nil` when nothing is scheduled.
  public var nextDeadline: Instant? {
    let first = Int(tick + 1) & (Self.slotCount - 1)
    // Word by word from the first slot on, and at last the bits of its word that lie before it.
    for step in 0...occupied.count {
      let index = (first / 64 + step) % occupied.count
      var word = occupied[index]
      if step == 0 { word &= .max << UInt64(first % 64) }
      guard word != 0 else { continue }
      let slot = index * 64 + word.trailingZeroBitCount
      let distance = (slot - first) & (Self.slotCount - 1)
      return Instant(nanoseconds: (tick + 1 + Int64(distance)) * Self.granularityNs)
    }
    return nil
  }
}
