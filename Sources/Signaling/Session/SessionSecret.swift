// The secret that makes a later connection the heir of an earlier one.

/// A session's secret, known to its client alone; `joined` carries it.
public struct SessionSecret: Hashable, Sendable {
  /// Digits of 5 bits each: 160 bits.
  static let digits = 32

  /// The secret as it stands in messages.
  public let text: String

  /// - Parameter text: what a client claims its secret to be.
  public init(_ text: String) { self.text = text }

  init(from random: inout some RandomNumberGenerator) {
    self.init(Base32.text(digits: Self.digits, from: &random))
  }
}
