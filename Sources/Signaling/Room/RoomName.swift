// The names that rooms can have.

/// A room's name: 1 to 64 of the characters `A–Z a–z 0–9 . _ ~ -`, but neither `.` nor `..`, which
/// no path can name (RFC 3986 §5.2.4).
public struct RoomName: Hashable, Sendable {
  /// Bytes of a name at most.
  public static let bytesMax = 64

  /// The name itself.
  public let text: String

  /// Nil when `text` is no such name.
  public init?(_ text: String) {
    guard (1...Self.bytesMax).contains(text.utf8.count) else { return nil }
    guard text.utf8.allSatisfy(Self.isAllowed), text != ".", text != ".." else { return nil }
    self.text = text
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "-"): true
    default: false
    }
  }
}
