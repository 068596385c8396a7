// A text that must not show up in logs, messages or dumps.

/// Holds a password or a shared secret. Whatever prints it prints a stand-in.
public struct Secret: Sendable, Equatable {
  /// The secret itself, for whoever asks for it by name.
  public let text: String

  /// Wraps a text.
  public init(_ text: String) {
    self.text = text
  }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// Not the secret.
  public var description: String { "(secret)" }
  /// Not the secret.
  public var debugDescription: String { description }
  /// Not the secret, for `dump`.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
