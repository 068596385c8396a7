// What is going to happen, in virtual time.

internal import NetTypes

/// Events by the instant at which they happen; those of one instant in the order of their adding.
struct EventQueue<Event> {
  private struct Entry {
    let at: Instant
    let order: Int
    let slot: Int

    func isBefore(_ other: Entry) -> Bool {
      at == other.at ? order < other.order : at < other.at
    }
  }

  /// A binary heap: no entry is before the one at half its index.
  private var heap: [Entry] = []
  private var events: [Event?] = []
  private var free: [Int] = []
  private var added = 0

  /// When the next event happens.
  var next: Instant? { heap.first?.at }

  mutating func add(_ event: Event, at instant: Instant) {
    let slot = free.popLast() ?? events.count
    if slot == events.count { events.append(event) } else { events[slot] = event }
    added += 1
    heap.append(Entry(at: instant, order: added, slot: slot))
    var place = heap.count - 1
    while place > 0, heap[place].isBefore(heap[(place - 1) / 2]) {
      heap.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  mutating func pop() -> Event? {
    guard let first = heap.first, let last = heap.popLast() else { return nil }
    if !heap.isEmpty {
      heap[0] = last
      sink()
    }
    free.append(first.slot)
    defer { events[first.slot] = nil }
    return events[first.slot]
  }

  private mutating func sink() {
    var place = 0
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2]
      where child < heap.count && heap[child].isBefore(heap[least]) {
        least = child
      }
      if least == place { return }
      heap.swapAt(place, least)
      place = least
    }
  }
}
