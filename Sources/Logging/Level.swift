// The four levels of a log line, and their order.

extension Log {
  /// How much an event matters. A level that is set shows its own lines and those above it.
  public enum Level: String, CaseIterable, Comparable, Sendable {
    /// Something failed that the operator has to mend.
    case error
    /// Something is wrong, and the server goes on.
    case warning
    /// The few events of normal running: started, listening, stopping.
    case info
    /// Whatever helps to follow one connection or allocation.
    case debug

    /// 0 for `error`, growing as the events matter less.
    var rank: UInt8 {
      switch self {
      case .error: 0
      case .warning: 1
      case .info: 2
      case .debug: 3
      }
    }

    /// `error < warning < info < debug`: more lines are shown the greater the level.
    public static func < (left: Level, right: Level) -> Bool {
      left.rank < right.rank
    }
  }
}
