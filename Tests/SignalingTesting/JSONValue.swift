// JSON as a client sees it, read by other code than the server's.

/// One JSON value (RFC 8259). It reads what the server writes and need be fast at nothing else.
public indirect enum JSONValue: Hashable, Sendable {
  /// One member of an object.
  public struct Member: Hashable, Sendable {
    /// Its name.
    public let name: String
    /// What it is.
    public let value: JSONValue
  }

  /// `null`.
  case null
  /// `true` or `false`.
  case boolean(Bool)
  /// A whole number of 64 bits.
  case integer(Int64)
  /// Any other number, as it stood there.
  case number(String)
  /// A string, unescaped.
  case string(String)
  /// An array.
  case array([JSONValue])
  /// An object; a name may not come twice.
  case object([Member])

  /// The value that all of `text` is; nil when it is not JSON.
  public init?(_ text: [UInt8]) {
    var reader = JSONReader(text)
    guard let value = reader.value(), reader.isAtEnd else { return nil }
    self = value
  }

  /// The member `name` of an object.
  public subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  /// What a string says; nil for all others.
  public var text: String? { if case .string(let text) = self { text } else { nil } }

  /// The value of a whole number; nil for all others.
  public var integer: Int64? { if case .integer(let value) = self { value } else { nil } }

  /// The value of `true` and `false`; nil for all others.
  public var boolean: Bool? { if case .boolean(let value) = self { value } else { nil } }

  /// The values of an array; nil for all others.
  public var elements: [JSONValue]? { if case .array(let values) = self { values } else { nil } }
}

/// Reads one value after the other.
private struct JSONReader {
  private static let depthMax = 64

  private let text: [UInt8]
  private var place = 0
  private var depth = 0

  init(_ text: [UInt8]) { self.text = text }

  private var next: UInt8? { place < text.count ? text[place] : nil }

  /// Only white space is left.
  var isAtEnd: Bool {
    mutating get {
      skipSpace()
      return place == text.count
    }
  }

  mutating func value() -> JSONValue? {
    skipSpace()
    switch next {
    case UInt8(ascii: "{"): return nested { $0.object() }
    case UInt8(ascii: "["): return nested { $0.array() }
    case UInt8(ascii: "\""): return string().map { .string($0) }
    case UInt8(ascii: "t"): return take("true") ? .boolean(true) : nil
    case UInt8(ascii: "f"): return take("false") ? .boolean(false) : nil
    case UInt8(ascii: "n"): return take("null") ? .null : nil
    default: return number()
    }
  }

  private mutating func nested(_ read: (inout JSONReader) -> JSONValue?) -> JSONValue? {
    guard depth < Self.depthMax else { return nil }
    depth += 1
    defer { depth -= 1 }
    place += 1
    return read(&self)
  }

  private mutating func object() -> JSONValue? {
    var members: [JSONValue.Member] = []
    if take(UInt8(ascii: "}")) { return .object(members) }
    repeat {
      skipSpace()
      guard let name = string(), take(UInt8(ascii: ":")), let value = value(),
        !members.contains(where: { $0.name == name })
      else { return nil }
      members.append(JSONValue.Member(name: name, value: value))
    } while take(UInt8(ascii: ","))
    return take(UInt8(ascii: "}")) ? .object(members) : nil
  }

  private mutating func array() -> JSONValue? {
    var values: [JSONValue] = []
    if take(UInt8(ascii: "]")) { return .array(values) }
    repeat {
      guard let value = value() else { return nil }
      values.append(value)
    } while take(UInt8(ascii: ","))
    return take(UInt8(ascii: "]")) ? .array(values) : nil
  }

  private mutating func string() -> String? {
    guard next == UInt8(ascii: "\"") else { return nil }
    place += 1
    let start = place
    while let byte = next, byte >= 0x20 {
      if byte == UInt8(ascii: "\"") {
        place += 1
        return String(validating: text[start..<place - 1], as: UTF8.self)
      }
      if byte == UInt8(ascii: "\\") { return escaped(from: start) }
      place += 1
    }
    return nil
  }

  private mutating func escaped(from start: Int) -> String? {
    var bytes = Array(text[start..<place])
    while let byte = next, byte >= 0x20 {
      place += 1
      if byte == UInt8(ascii: "\"") { return String(validating: bytes, as: UTF8.self) }
      if byte != UInt8(ascii: "\\") {
        bytes.append(byte)
      } else if !appendEscape(to: &bytes) {
        return nil
      }
    }
    return nil
  }

  private mutating func appendEscape(to bytes: inout [UInt8]) -> Bool {
    guard let kind = next else { return false }
    place += 1
    switch kind {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(kind)
    case UInt8(ascii: "b"): bytes.append(0x08)
    case UInt8(ascii: "f"): bytes.append(0x0C)
    case UInt8(ascii: "n"): bytes.append(0x0A)
    case UInt8(ascii: "r"): bytes.append(0x0D)
    case UInt8(ascii: "t"): bytes.append(0x09)
    case UInt8(ascii: "u"):
      guard let scalar = escapedScalar() else { return false }
      bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    default: return false
    }
    return true
  }

  private mutating func escapedScalar() -> Unicode.Scalar? {
    guard let first = codeUnit() else { return nil }
    guard UTF16.isLeadSurrogate(first) else { return Unicode.Scalar(UInt32(first)) }
    guard take("\\u"), let second = codeUnit(), UTF16.isTrailSurrogate(second) else { return nil }
    return Unicode.Scalar(0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00))
  }

  private mutating func codeUnit() -> UInt16? {
    guard place + 4 <= text.count else { return nil }
    defer { place += 4 }
    return UInt16(String(decoding: text[place..<place + 4], as: UTF8.self), radix: 16)
  }

  private mutating func number() -> JSONValue? {
    let start = place
    while let byte = next, Self.numberBytes.contains(byte) { place += 1 }
    let digits = String(decoding: text[start..<place], as: UTF8.self)
    if let whole = Int64(digits) { return .integer(whole) }
    return Double(digits).map { _ in .number(digits) }
  }

  private static let numberBytes = Set("+-.0123456789eE".utf8)

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      place += 1
    }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    skipSpace()
    guard next == byte else { return false }
    place += 1
    return true
  }

  private mutating func take(_ word: StaticString) -> Bool {
    let bytes = Array(String(describing: word).utf8)
    guard text[place...].starts(with: bytes) else { return false }
    place += bytes.count
    return true
  }
}
