// The digits of base64, for the short numbers in a nonce: without the heap.

/// RFC 4648 §4.
enum Base64Digits {
  /// - Parameter sextet: its lowest six bits count.
  static func digit(_ sextet: UInt64) -> UInt8 {
    let value = UInt8(truncatingIfNeeded: sextet & 63)
    switch value {
    case 0..<26: return UInt8(ascii: "A") + value
    case 26..<52: return UInt8(ascii: "a") + value - 26
    case 52..<62: return UInt8(ascii: "0") + value - 52
    case 62: return UInt8(ascii: "+")
    default: return UInt8(ascii: "/")
    }
  }

  /// The 24 bits in the four digits at `offset`; `nil` where something else is.
  static func bits24(_ text: Span<UInt8>, at offset: Int) -> UInt32? {
    guard offset + 4 <= text.count else { return nil }
    var bits: UInt32 = 0
    for index in offset..<offset + 4 {
      let value: UInt8
      switch text[index] {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = text[index] - UInt8(ascii: "A")
      case UInt8(ascii: "a")...UInt8(ascii: "z"): value = text[index] - UInt8(ascii: "a") + 26
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = text[index] - UInt8(ascii: "0") + 52
      case UInt8(ascii: "+"): value = 62
      case UInt8(ascii: "/"): value = 63
      default: return nil
      }
      bits = bits << 6 | UInt32(value)
    }
    return bits
  }
}
