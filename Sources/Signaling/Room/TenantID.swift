// Whose rooms they are.

/// A tenant: somebody whose rooms never meet those of others. Its id is made of the characters of
/// room names, 1 to 64 of them; the one tenant of a server without join tokens has the empty id.
public struct TenantID: Hashable, Sendable {
  /// The id itself; empty in open mode.
  public let text: String

  /// Nil when `text` is no such id.
  public init?(_ text: String) {
    guard let name = RoomName(text) else { return nil }
    self.text = name.text
  }

  private init() { text = "" }

  /// The tenant of everybody where no join tokens are asked for.
  public static let open = TenantID()
}
