// What a member may do.

/// What a member may do; `can` of `joined` names it.
public struct Permissions: OptionSet, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Send offers, answers and candidates.
  public static let signal = Permissions(rawValue: 1)
  /// Send messages.
  public static let message = Permissions(rawValue: 2)
  /// Remove others, and close the room.
  public static let moderate = Permissions(rawValue: 4)

  /// What everybody may where no join token says otherwise.
  public static let usual: Permissions = [.signal, .message]

  /// The words of the protocol, in its order.
  public var words: [String] {
    Self.named.filter { contains($0.permission) }.map(\.word)
  }

  /// The permission that a word of the protocol names; nil for other words.
  public init?(word: String) {
    guard let found = Self.named.first(where: { $0.word == word }) else { return nil }
    self = found.permission
  }

  private static let named: [(word: String, permission: Permissions)] = [
    ("signal", .signal), ("message", .message), ("moderate", .moderate),
  ]
}
