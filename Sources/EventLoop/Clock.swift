// The only place where a clock is read.

internal import CLinux
public import NetTypes

public enum Clock {
  /// CLOCK_MONOTONIC.
  public static func now() -> Instant { Instant(nanoseconds: parley_monotonic_ns()) }

  /// Ties the calendar to the monotonic clock, as of now.
  public static func wallClock() -> WallClock {
    WallClock(unixNanoseconds: parley_realtime_ns(), at: now())
  }
}
