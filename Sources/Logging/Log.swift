// The log: one line per event to standard error, each written in one piece.

/// Writes events. A line reads
/// `time=2025-01-31T12:00:00.123Z level=info event=listening transport=udp address=127.0.0.1:3478`.
///
/// ```swift
/// Log.info("listening", ["transport": "udp", "address": .public(address)])
/// Log.debug("refused", ["peer": .private(peer), "reason": .public(reason)])
/// ```
///
/// Nothing is evaluated for a level that is not shown. Never log per packet or per message.
public enum Log {
  /// The fields of an event, in their order.
  public typealias Fields = KeyValuePairs<StaticString, LogValue>

  static let standard = LogOutput(descriptor: LogOutput.standardError)

  /// Sets what is shown, once, at the start of the program. Until then it is `info` and above.
  ///
  /// - Parameter showPrivate: shows addresses and user names instead of tags that stand for them.
  public static func configure(level: Level, showPrivate: Bool = false) {
    standard.configure(level: level, showPrivate: showPrivate)
  }

  /// Whether events of this level are written.
  public static func shows(_ level: Level) -> Bool {
    standard.shows(level)
  }

  /// Something failed that the operator has to mend.
  public static func error(_ event: StaticString, _ fields: @autoclosure () -> Fields = [:]) {
    standard.write(.error, event, fields())
  }

  /// Something is wrong, and the server goes on.
  public static func warning(_ event: StaticString, _ fields: @autoclosure () -> Fields = [:]) {
    standard.write(.warning, event, fields())
  }

  /// One of the few events of normal running.
  public static func info(_ event: StaticString, _ fields: @autoclosure () -> Fields = [:]) {
    standard.write(.info, event, fields())
  }

  /// Whatever helps to follow one connection or allocation.
  public static func debug(_ event: StaticString, _ fields: @autoclosure () -> Fields = [:]) {
    standard.write(.debug, event, fields())
  }
}
