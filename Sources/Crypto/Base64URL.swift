// Base64url without padding (RFC 4648 §5, RFC 7515 §2): the one form of each byte string.

public enum Base64URL {
  /// The alphabet that is safe in URLs, without padding.
  public static func encode(_ bytes: [UInt8]) -> String {
    let text = Base64.encode(bytes).utf8.compactMap { byte -> UInt8? in
      switch byte {
      case UInt8(ascii: "+"): UInt8(ascii: "-")
      case UInt8(ascii: "/"): UInt8(ascii: "_")
      case UInt8(ascii: "="): nil
      default: byte
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The bytes that `encode` would make this text of; `nil` for every other text: padding, white
  /// space, another alphabet, or bits behind the last byte that are not zero (RFC 4648 §3.5).
  public static func decode(_ text: some StringProtocol) -> [UInt8]? {
    var standard: [UInt8] = []
    standard.reserveCapacity(text.utf8.count + 2)
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "-"): standard.append(UInt8(ascii: "+"))
      case UInt8(ascii: "_"): standard.append(UInt8(ascii: "/"))
      case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="): return nil
      default: standard.append(byte)
      }
    }
    let digits = standard.count
    while standard.count % 4 != 0 { standard.append(UInt8(ascii: "=")) }
    guard standard.count - digits <= 2,
      let bytes = Base64.decode(String(decoding: standard, as: UTF8.self)),
      encode(bytes).utf8.elementsEqual(text.utf8)
    else { return nil }
    return bytes
  }
}
