// Tells whether bytes that arrive in pieces are UTF-8, at the first byte that cannot be.

/// An incremental check for UTF-8 (RFC 3629 §4): no overlong forms, no surrogates, nothing above
/// U+10FFFF.
public struct UTF8Validator: Sendable {
  /// Bytes that the character begun still needs.
  private var remaining = 0
  /// What the next of them may be; narrower than 80–BF behind E0, ED, F0 and F4.
  private var lowest: UInt8 = 0x80
  private var highest: UInt8 = 0xBF

  public init() {}

  /// Whether no character is half done.
  public var isComplete: Bool { remaining == 0 }

  /// Takes the bytes of `range` in. False: they are not UTF-8, whatever follows.
  public mutating func accept(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    var index = range.lowerBound
    while index < range.upperBound {
      if remaining > 0 {
        guard bytes[index] >= lowest, bytes[index] <= highest else { return false }
        lowest = 0x80
        highest = 0xBF
        remaining -= 1
      } else {
        index = Self.skipASCII(bytes, index..<range.upperBound)
        guard index < range.upperBound else { return true }
        guard begin(bytes[index]) else { return false }
      }
      index += 1
    }
    return true
  }

  private mutating func begin(_ byte: UInt8) -> Bool {
    switch byte {
    case 0xC2...0xDF: remaining = 1
    case 0xE0: (remaining, lowest) = (2, 0xA0)
    case 0xED: (remaining, highest) = (2, 0x9F)
    case 0xE1...0xEF: remaining = 2
    case 0xF0: (remaining, lowest) = (3, 0x90)
    case 0xF1...0xF3: remaining = 3
    case 0xF4: (remaining, highest) = (3, 0x8F)
    default: return false
    }
    return true
  }

  /// Bytes that are looked at together: enough for the compiler to use its widest registers.
  private static let blockBytes = 64

  /// The first place in `range` that is not ASCII, or its end.
  private static func skipASCII(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
    var index = range.lowerBound
    while index < range.upperBound {
      let end = min(index + blockBytes, range.upperBound)
      let block = bytes.extracting(index..<end)
      var bits: UInt8 = 0
      for place in block.indices { bits |= block[place] }
      if bits >= 0x80 { break }
      index = end
    }
    while index < range.upperBound, bytes[index] < 0x80 { index += 1 }
    return index
  }
}
