// One run of the server, as all its loops know it.

public import NetTypes

/// What makes one run of the server another one than the last.
public struct Incarnation: Sendable {
  /// A random number for this run.
  public let epoch: UInt64
  /// Makes and checks sessions' secrets.
  public let sessions: SessionKey
  /// When it began.
  public let start: Instant
  /// What the calendar said then, in milliseconds since 1970.
  public let startUnixMs: Int64

  /// A run that begins now, by the monotonic clock and by the calendar.
  public init(
    sessions: SessionKey, start: Instant, startUnixMs: Int64,
    random: inout some RandomNumberGenerator
  ) {
    epoch = random.next()
    self.sessions = sessions
    self.start = start
    self.startUnixMs = startUnixMs
  }

  /// Milliseconds since 1970, as they go on from the start whatever becomes of the calendar.
  func unixMs(at now: Instant) -> Int64 {
    startUnixMs + (now - start).wholeNanoseconds / 1_000_000
  }
}
