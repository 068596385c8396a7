// The character classes of RFC 9110 and RFC 3986, and text out of spans.

/// The bytes that structure a head.
enum ASCII {
  static let tab: UInt8 = 0x09
  static let lineFeed: UInt8 = 0x0A
  static let carriageReturn: UInt8 = 0x0D
  static let space: UInt8 = 0x20
  static let quote: UInt8 = 0x22
  static let hash: UInt8 = 0x23
  static let percent: UInt8 = 0x25
  static let asterisk: UInt8 = 0x2A
  static let comma: UInt8 = 0x2C
  static let dot: UInt8 = 0x2E
  static let slash: UInt8 = 0x2F
  static let colon: UInt8 = 0x3A
  static let semicolon: UInt8 = 0x3B
  static let less: UInt8 = 0x3C
  static let greater: UInt8 = 0x3E
  static let question: UInt8 = 0x3F
  static let delete: UInt8 = 0x7F
}

extension UInt8 {
  var isDigit: Bool { self >= 0x30 && self <= 0x39 }

  var isLetter: Bool { (self | 0x20) >= 0x61 && (self | 0x20) <= 0x7A }

  var isBlank: Bool { self == ASCII.space || self == ASCII.tab }

  /// A control character that no part of a head may have; a tab is none of them.
  var isControl: Bool { (self < ASCII.space && self != ASCII.tab) || self == ASCII.delete }

  /// `tchar` of RFC 9110 §5.6.2.
  var isTokenCharacter: Bool {
    if isLetter || isDigit { return true }
    switch self {
    case 0x21, 0x23, 0x24, 0x25, 0x26, 0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E, 0x5F, 0x60, 0x7C, 0x7E:
      return true
    default:
      return false
    }
  }

  /// `unreserved` or `sub-delims` of RFC 3986 §2.
  var isPlainURICharacter: Bool {
    if isLetter || isDigit { return true }
    switch self {
    case 0x2D, 0x2E, 0x5F, 0x7E: return true
    case 0x21, 0x24, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x2B, 0x2C, 0x3B, 0x3D: return true
    default: return false
    }
  }

  /// `pchar` of RFC 3986 §3.3, or the slash between segments.
  var isPathCharacter: Bool {
    isPlainURICharacter || self == ASCII.colon || self == 0x40 || self == ASCII.percent
      || self == ASCII.slash
  }

  /// What a query may have. Wider than RFC 3986 §3.4: browsers leave `[]^{|}` and others as they
  /// are (URL standard, query percent-encode set).
  var isQueryCharacter: Bool {
    self > ASCII.space && self < ASCII.delete && self != ASCII.hash && self != ASCII.quote
      && self != ASCII.less && self != ASCII.greater
  }

  /// What `host[:port]` may have (RFC 3986 §3.2). The comma is left out, although a reg-name could
  /// have it, since it is how proxies join two Host fields into one.
  var isHostCharacter: Bool {
    self != ASCII.comma
      && (isPlainURICharacter || self == ASCII.colon || self == 0x5B || self == 0x5D
        || self == ASCII.percent)
  }

  /// The value of a hexadecimal digit, or nil.
  var hexadecimalValue: UInt8? {
    switch self {
    case 0x30...0x39: self - 0x30
    case 0x41...0x46: self - 0x41 + 10
    case 0x61...0x66: self - 0x61 + 10
    default: nil
    }
  }

  /// Itself, with A–Z made a–z.
  var lowercased: UInt8 { self >= 0x41 && self <= 0x5A ? self | 0x20 : self }
}

extension Span<UInt8> {
  /// The bytes of `range` as an array.
  func bytes(_ range: Range<Int>) -> [UInt8] {
    let part = extracting(range)
    return [UInt8](capacity: part.count) { output in
      for index in part.indices { output.append(part[index]) }
    }
  }

  /// The bytes of `range` as text; what is not UTF-8 becomes U+FFFD.
  func text(_ range: Range<Int>) -> String {
    String(decoding: bytes(range), as: UTF8.self)
  }

  /// `range` without spaces and tabs at its ends.
  func trimmed(_ range: Range<Int>) -> Range<Int> {
    var lower = range.lowerBound
    var upper = range.upperBound
    while lower < upper, self[lower].isBlank { lower += 1 }
    while upper > lower, self[upper - 1].isBlank { upper -= 1 }
    return lower..<upper
  }

  /// The first place of `byte` in `range`.
  func first(_ byte: UInt8, in range: Range<Int>) -> Int? {
    for index in range where self[index] == byte { return index }
    return nil
  }
}

extension String {
  /// Whether both are the same but for the case of A–Z.
  func equalsIgnoringCase(_ other: String) -> Bool {
    utf8.elementsEqual(other.utf8) { $0.lowercased == $1.lowercased }
  }

  /// Whether this is a token of RFC 9110 §5.6.2.
  var isToken: Bool { !isEmpty && utf8.allSatisfy { $0.isTokenCharacter } }

  /// Whether this can stand as a field value without ending its line.
  var isFieldValue: Bool { utf8.allSatisfy { !$0.isControl } }
}
