// The names that people show to each other.

/// What people call a member: at most 64 bytes, no control characters, possibly empty.
public struct DisplayName: Hashable, Sendable {
  /// Bytes of a name at most.
  public static let bytesMax = 64

  /// The name itself; empty when the member gave none.
  public let text: String

  /// Nil when `text` is no such name.
  public init?(_ text: String) {
    guard ShortText.isFit(text, bytesMax: Self.bytesMax) else { return nil }
    self.text = text
  }

  private init() { text = "" }

  /// The name of those who gave none.
  public static let none = DisplayName()
}
