// Says when each of a steady stream of sends is due, whatever happened to those before.

internal import NetTypes

/// An open-loop schedule: send `n` is due at `start + n / rate`, so a slow receiver or a late
/// sender makes nothing rarer; it only makes it late, and that is measured.
struct Pacer: Sendable {
  let start: Instant
  let perSecond: Int
  /// Sends after which it is over; × 1e9 must fit an Int64.
  let total: Int
  /// The number of the next send.
  private(set) var next = 0

  init(start: Instant, perSecond: Int, total: Int) {
    precondition(perSecond > 0)
    self.start = start
    self.perSecond = perSecond
    self.total = total
  }

  var isOver: Bool { next >= total }

  /// When the next send is due.
  var due: Instant {
    Instant(nanoseconds: start.nanoseconds + Int64(next) * 1_000_000_000 / Int64(perSecond))
  }

  /// The next send is done, or given up.
  mutating func advance() { next += 1 }
}
