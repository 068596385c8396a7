// What a member is to the others.

/// A word from a join token that the others are told: at most 64 bytes, no control characters, not
/// empty. It means something to the application; the server goes by `Permissions`.
public struct Role: Hashable, Sendable {
  /// Bytes of a role at most.
  public static let bytesMax = 64

  /// The word itself.
  public let text: String

  /// Nil when `text` is no such word.
  public init?(_ text: String) {
    guard !text.isEmpty, ShortText.isFit(text, bytesMax: Self.bytesMax) else { return nil }
    self.text = text
  }
}
