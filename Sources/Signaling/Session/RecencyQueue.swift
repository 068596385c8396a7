// Connections in the order in which they were last heard of.

internal import NetTypes

/// A queue by the instant of the last sign of life; since all have the same patience, its head is
/// the next to run out. Every operation takes constant time, and it holds nothing of the departed.
struct RecencyQueue: Sendable {
  private struct Node: Sendable {
    var connection: ConnectionID
    var heard: Instant
    var previous: Int
    var next: Int
  }

  private static let none = -1

  private var nodes: [Node] = []
  private var free: [Int] = []
  private var head = RecencyQueue.none
  private var tail = RecencyQueue.none

  /// The one that has been silent for longest.
  var first: (connection: ConnectionID, heard: Instant)? {
    head == Self.none ? nil : (nodes[head].connection, nodes[head].heard)
  }

  /// When the connection of `slot` was last heard of.
  func heard(_ slot: Int) -> Instant { nodes[slot].heard }

  /// Adds a connection that was heard `now`; the slot names it here until `remove`.
  mutating func append(_ connection: ConnectionID, now: Instant) -> Int {
    let node = Node(connection: connection, heard: now, previous: Self.none, next: Self.none)
    let slot: Int
    if let reused = free.popLast() {
      slot = reused
      nodes[slot] = node
    } else {
      slot = nodes.count
      nodes.append(node)
    }
    link(slot)
    return slot
  }

  /// The connection was heard `now`, which is not before anything told earlier.
  mutating func touch(_ slot: Int, now: Instant) {
    unlink(slot)
    nodes[slot].heard = now
    link(slot)
  }

  mutating func remove(_ slot: Int) {
    unlink(slot)
    free.append(slot)
  }

  private mutating func link(_ slot: Int) {
    nodes[slot].previous = tail
    nodes[slot].next = Self.none
    if tail == Self.none { head = slot } else { nodes[tail].next = slot }
    tail = slot
  }

  private mutating func unlink(_ slot: Int) {
    let node = nodes[slot]
    if node.previous == Self.none {
      head = node.next
    } else {
      nodes[node.previous].next = node.next
    }
    if node.next == Self.none {
      tail = node.previous
    } else {
      nodes[node.next].previous = node.previous
    }
  }
}
