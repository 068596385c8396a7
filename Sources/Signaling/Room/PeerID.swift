// What a member of a room is called by the others.

/// A member's name for the others in its room: random, 10 characters, no secret; or as its join
/// token has it.
///
/// One that a client sent is any text; it then names nobody.
public struct PeerID: Hashable, Sendable {
  /// The name as it stands in messages.
  public let text: String

  /// - Parameter text: the name as it stands in messages.
  public init(_ text: String) { self.text = text }

  /// The name that a join token gives: 1 to 64 of the characters of room names; nil for others.
  public init?(granted text: String) {
    guard let name = RoomName(text) else { return nil }
    self.text = name.text
  }

  /// A new one: a letter, so that it can be an identifier anywhere, and 45 random bits.
  init(from random: inout some RandomNumberGenerator) {
    self.init("p" + Base32.text(digits: 9, from: &random))
  }
}
