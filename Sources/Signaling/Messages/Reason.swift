// Why a moderator or an operator did something, in words.

/// A reason for people: at most 128 bytes, no control characters, possibly empty.
public struct Reason: Hashable, Sendable {
  /// Bytes of a reason at most.
  public static let bytesMax = 128

  /// The words; empty when none were given.
  public let text: String

  /// Nil when `text` is no such reason.
  public init?(_ text: String) {
    guard ShortText.isFit(text, bytesMax: Self.bytesMax) else { return nil }
    self.text = text
  }

  private init() { text = "" }

  /// No reason was given.
  public static let none = Reason()
}
