// Takes the lists of Sec-WebSocket-Extensions apart.

/// One element: an extension with its parameters (RFC 6455 §9.1).
struct ExtensionElement: Equatable {
  struct Parameter: Equatable {
    let name: String
    /// Nil without an equals sign. Quotes are taken off.
    let value: String?
  }

  let name: String
  let parameters: [Parameter]

  var hasNoDuplicates: Bool { Set(parameters.map(\.name)).count == parameters.count }

  /// The elements of all fields; nil when they break the grammar, which fails the handshake
  /// (RFC 6455 §4.2.1).
  static func parse(_ values: [String]) -> [ExtensionElement]? {
    var elements: [ExtensionElement] = []
    for value in values {
      var reader = Reader(bytes: Array(value.utf8))
      guard let list = reader.list() else { return nil }
      elements += list
    }
    return elements
  }

  private struct Reader {
    let bytes: [UInt8]
    var index = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func list() -> [ExtensionElement]? {
      var elements: [ExtensionElement] = []
      while true {
        skipBlanks()
        // RFC 9110 §5.6.1: empty elements of a list are ignored.
        if index < bytes.count, !take(UInt8(ascii: ",")) {
          guard let element = element() else { return nil }
          elements.append(element)
          skipBlanks()
          guard index == bytes.count || take(UInt8(ascii: ",")) else { return nil }
        }
        if index == bytes.count { return elements }
      }
    }

    private mutating func element() -> ExtensionElement? {
      guard let name = token() else { return nil }
      var parameters: [Parameter] = []
      skipBlanks()
      while take(UInt8(ascii: ";")) {
        skipBlanks()
        guard let parameter = parameter() else { return nil }
        parameters.append(parameter)
        skipBlanks()
      }
      return ExtensionElement(name: name, parameters: parameters)
    }

    private mutating func parameter() -> Parameter? {
      guard let name = token() else { return nil }
      skipBlanks()
      guard take(UInt8(ascii: "=")) else { return Parameter(name: name, value: nil) }
      skipBlanks()
      guard let value = take(UInt8(ascii: "\"")) ? quoted() : token() else { return nil }
      return Parameter(name: name, value: value)
    }

    /// Behind the first quote. RFC 6455 §9.1: what is in the quotes has to be a token.
    private mutating func quoted() -> String? {
      var text: [UInt8] = []
      while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
        if bytes[index] == UInt8(ascii: "\\") { index += 1 }
        guard index < bytes.count, Self.isToken(bytes[index]) else { return nil }
        text.append(bytes[index])
        index += 1
      }
      guard take(UInt8(ascii: "\"")), !text.isEmpty else { return nil }
      return String(decoding: text, as: UTF8.self)
    }

    private mutating func token() -> String? {
      let start = index
      while index < bytes.count, Self.isToken(bytes[index]) { index += 1 }
      return start == index ? nil : String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func take(_ byte: UInt8) -> Bool {
      guard index < bytes.count, bytes[index] == byte else { return false }
      index += 1
      return true
    }

    private mutating func skipBlanks() {
      while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 { index += 1 }
    }

    /// `tchar` of RFC 9110 §5.6.2.
    private static func isToken(_ byte: UInt8) -> Bool {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
      case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E...0x60, 0x7C, 0x7E: true
      default: false
      }
    }
  }
}
