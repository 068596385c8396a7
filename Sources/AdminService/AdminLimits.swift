// The bounds of the admin endpoint.

internal import HTTP1
internal import NetTypes

/// What one process spends on those who watch it.
enum AdminLimits {
  /// Connections at a time. A further one takes the place of the one that has been idle for
  /// longest; when all wait for answers it is closed at once.
  static let connectionsMax = 16
  /// Between two lines of the log about connections that were too many.
  static let warningPause = Duration.seconds(60)
  /// Received bytes of one connection that wait to be looked at.
  static let inputBytesMax = HTTPLimits.headBytesMax + 1_024
  /// The longest that anybody may ask a server to go on draining: a week.
  static let drainSecondsMax = 604_800
  /// Bytes of what an operator says to a room.
  static let noticeBytesMax = 1_024
  /// Entries of a list. What is left out is told.
  static let listMax = 20_000
  /// Bytes of one answer. A list of the longest entries fits, even with all of it escaped.
  static let answerBytesMax = 64 << 20
  /// How long a client may take to send a request, and wait for the next.
  static let requestTimeout = Duration.seconds(10)
  /// How long the loops may take to say what they see.
  static let inspectionTimeout = Duration.seconds(5)
  /// How long a client may take to read an answer.
  static let answerTimeout = Duration.seconds(60)
}
