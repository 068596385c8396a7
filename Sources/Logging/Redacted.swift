// A wrapper that keeps a value from being printed, wherever it is carried.

/// Holds an address or a user name and prints a tag in its place: in string interpolation, `print`,
/// `dump` and the debugger. The same value has the same tag for as long as the process runs, so
/// that lines can be told to belong together; another run has other tags.
public struct Redacted<Value: CustomStringConvertible> {
  /// The value itself, for whoever asks for it by name.
  public let value: Value

  /// Wraps a value.
  public init(_ value: Value) {
    self.value = value
  }
}

extension Redacted: Sendable where Value: Sendable {}
extension Redacted: Equatable where Value: Equatable {}
extension Redacted: Hashable where Value: Hashable {}

extension Redacted: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// The tag, or the value when `Log.configure(level:showPrivate:)` has been told to show it.
  public var description: String {
    Log.standard.showsPrivate ? value.description : Redaction.tag(of: value.description)
  }

  /// As `description`.
  public var debugDescription: String { description }

  /// As `description`, so that `dump` looks no deeper.
  public var customMirror: Mirror { Mirror(self, children: [("value", description)]) }
}

/// Makes the tags that stand for private values.
enum Redaction {
  /// A secret of this process. `Hasher` is keyed as well, unless the environment turns that off.
  private static let salt = (
    UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max)
  )

  /// `~` and 8 hexadecimal digits: enough to tell the values of one log apart.
  static func tag(of text: String) -> String {
    var hasher = Hasher()
    hasher.combine(salt.0)
    hasher.combine(text)
    hasher.combine(salt.1)
    let digits = String(UInt32(truncatingIfNeeded: hasher.finalize()), radix: 16)
    return "~" + String(repeating: "0", count: 8 - digits.count) + digits
  }
}
