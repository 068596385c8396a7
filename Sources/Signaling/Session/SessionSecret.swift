// The secret that makes a later connection the heir of an earlier one.

/// A session's secret, known to its client alone; `joined` carries it. It is a sealed
/// `SessionStatement`.
public struct SessionSecret: Hashable, Sendable {
  /// The secret as it stands in messages.
  public let text: String

  /// - Parameter text: what a client claims its secret to be.
  public init(_ text: String) { self.text = text }
}
