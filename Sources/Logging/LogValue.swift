// A value of a log line, which its writer has marked as public or as private.

public import NetTypes

/// One value of a log line. A literal is public; whatever is computed has to be marked, so that an
/// address or a user name never gets into a log because nobody thought about it.
public struct LogValue: Sendable {
  let text: String
  let isPrivate: Bool

  /// A value everybody may read: a number, a reason, an address of the server's own.
  public static func `public`(_ value: some CustomStringConvertible) -> LogValue {
    LogValue(text: value.description, isPrivate: false)
  }

  /// A value that tells who is served: a remote address, a user, a room. The line shows a tag.
  public static func `private`(_ value: some CustomStringConvertible) -> LogValue {
    LogValue(text: value.description, isPrivate: true)
  }

  /// An address of the server's own, in full.
  public static func `public`(_ address: SocketAddress) -> LogValue {
    LogValue(text: address.text, isPrivate: false)
  }

  /// An address of the server's own, in full.
  public static func `public`(_ address: IPAddress) -> LogValue {
    LogValue(text: address.text, isPrivate: false)
  }

  /// A remote address. Its `description` is shortened, so this takes care to tag all of it.
  public static func `private`(_ address: SocketAddress) -> LogValue {
    LogValue(text: address.text, isPrivate: true)
  }

  /// A remote address. Its `description` is shortened, so this takes care to tag all of it.
  public static func `private`(_ address: IPAddress) -> LogValue {
    LogValue(text: address.text, isPrivate: true)
  }

  /// What a wrapped value is, to be shown as `private` shows it.
  public static func `private`<Value>(_ value: Redacted<Value>) -> LogValue {
    LogValue(text: value.value.description, isPrivate: true)
  }

  /// The text that goes into the line, before escaping.
  func shown(revealing: Bool) -> String {
    isPrivate && !revealing ? Redaction.tag(of: text) : text
  }
}

extension LogValue: ExpressibleByStringLiteral {
  public init(stringLiteral value: StaticString) {
    self.init(text: value.description, isPrivate: false)
  }
}

extension LogValue: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: Int) {
    self.init(text: String(value), isPrivate: false)
  }
}

extension LogValue: ExpressibleByBooleanLiteral {
  public init(booleanLiteral value: Bool) {
    self.init(text: String(value), isPrivate: false)
  }
}
