// Points in time as cores are given them, and the way from there to the calendar.

/// A reading of a monotonic clock, in nanoseconds since that clock's own beginning.
public struct Instant: Hashable, Comparable, Sendable {
  public var nanoseconds: Int64

  @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  public static let zero = Instant(nanoseconds: 0)
  /// Later than any deadline that is set.
  public static let distantFuture = Instant(nanoseconds: .max)

  @inlinable public static func < (a: Instant, b: Instant) -> Bool {
    a.nanoseconds < b.nanoseconds
  }

  /// Saturates at ``distantFuture``.
  @inlinable public static func + (instant: Instant, duration: Duration) -> Instant {
    let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(duration.wholeNanoseconds)
    return overflow ? .distantFuture : Instant(nanoseconds: sum)
  }

  @inlinable public static func - (a: Instant, b: Instant) -> Duration {
    .nanoseconds(a.nanoseconds &- b.nanoseconds)
  }
}

extension Duration {
  /// The duration in nanoseconds, without what is finer; saturates at about 292 years.
  @inlinable public var wholeNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? (seconds < 0 ? .min : .max) : whole &+ attoseconds / 1_000_000_000
  }
}

/// What the calendar says at an ``Instant``: read once in a while by whoever drives a core, because
/// credentials expire by the calendar and everything else by the monotonic clock.
public struct WallClock: Hashable, Sendable {
  /// Nanoseconds from the monotonic clock's beginning to 1970-01-01T00:00:00Z, negated.
  public var offsetNanoseconds: Int64

  public init(unixNanoseconds: Int64, at instant: Instant) {
    offsetNanoseconds = unixNanoseconds &- instant.nanoseconds
  }

  /// Whole seconds since 1970.
  public func unixSeconds(at instant: Instant) -> Int64 {
    (instant.nanoseconds &+ offsetNanoseconds) / 1_000_000_000
  }

  /// Whole milliseconds since 1970.
  public func unixMilliseconds(at instant: Instant) -> Int64 {
    (instant.nanoseconds &+ offsetNanoseconds) / 1_000_000
  }
}
