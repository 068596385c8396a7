// Things with the same patience, in the order in which it runs out.

internal import NetTypes

enum QueueSlot {
  /// No place in a queue.
  static let none: Int32 = -1
}

/// A queue by the instant since which each of its elements waits; since all have the same patience,
/// its head is the next to run out. Every operation takes constant time, and it holds nothing of
/// the departed.
struct DeadlineQueue<ID: Sendable>: Sendable {
  private struct Node: Sendable {
    var id: ID
    var since: Instant
    var previous: Int32
    var next: Int32
  }

  private var nodes: [Node] = []
  private var free: [Int32] = []
  private var head = QueueSlot.none
  private var tail = QueueSlot.none

  /// The one that has waited for longest.
  var first: (id: ID, since: Instant)? {
    head == QueueSlot.none ? nil : (nodes[Int(head)].id, nodes[Int(head)].since)
  }

  /// Since when the one at `slot` waits.
  func since(_ slot: Int32) -> Instant { nodes[Int(slot)].since }

  /// Adds one that waits from `now` on; the slot names it here until `remove`.
  mutating func append(_ id: ID, now: Instant) -> Int32 {
    let node = Node(id: id, since: now, previous: QueueSlot.none, next: QueueSlot.none)
    let slot: Int32
    if let reused = free.popLast() {
      slot = reused
      nodes[Int(slot)] = node
    } else {
      slot = Int32(nodes.count)
      nodes.append(node)
    }
    link(slot)
    return slot
  }

  /// The one at `slot` waits from `now` on, which is not before anything told earlier.
  mutating func touch(_ slot: Int32, now: Instant) {
    unlink(slot)
    nodes[Int(slot)].since = now
    link(slot)
  }

  mutating func remove(_ slot: Int32) {
    unlink(slot)
    free.append(slot)
  }

  private mutating func link(_ slot: Int32) {
    nodes[Int(slot)].previous = tail
    nodes[Int(slot)].next = QueueSlot.none
    if tail == QueueSlot.none { head = slot } else { nodes[Int(tail)].next = slot }
    tail = slot
  }

  private mutating func unlink(_ slot: Int32) {
    let node = nodes[Int(slot)]
    if node.previous == QueueSlot.none {
      head = node.next
    } else {
      nodes[Int(node.previous)].next = node.next
    }
    if node.next == QueueSlot.none {
      tail = node.previous
    } else {
      nodes[Int(node.next)].previous = node.previous
    }
  }
}
