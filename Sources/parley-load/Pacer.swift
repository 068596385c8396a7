// Says when each of a steady stream of sends is due, whatever happened to those before.

internal import NetTypes

/// An open-loop schedule: send `n` is due at `start + n × stride / rate`, so a slow receiver or a
/// late sender makes nothing rarer; it only makes it late, and that is measured.
struct Pacer: Sendable {
  let start: Instant
  let perSecond: Int
  /// What one send counts for in the rate.
  let stride: Int
  /// Sends after which it is over; × stride × 1e9 must fit an Int64.
  let total: Int
  /// The number of the next send.
  private(set) var next = 0

  init(start: Instant, perSecond: Int, stride: Int = 1, total: Int) {
    precondition(perSecond > 0 && stride > 0)
    self.start = start
    self.perSecond = perSecond
    self.stride = stride
    self.total = total
  }

  var isOver: Bool { next >= total }

  /// When the next send is due.
  var due: Instant { due(next) }

  /// When send `number` is due, or was.
  func due(_ number: Int) -> Instant {
    let offset = Int64(number * stride) * 1_000_000_000 / Int64(perSecond)
    return Instant(nanoseconds: start.nanoseconds + offset)
  }

  /// The next send is done, or given up.
  mutating func advance() { next += 1 }
}
