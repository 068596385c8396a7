// Turns field lines into fields, and fields into the length of a body.

extension HTTPFields {
  /// The fields in `lines` of `buffered` (RFC 9112 §5).
  static func parse(
    _ buffered: Span<UInt8>, _ lines: ArraySlice<Range<Int>>
  ) throws(HTTPFault) -> HTTPFields {
    var fields = HTTPFields()
    for line in lines {
      guard let colon = buffered.first(ASCII.colon, in: line), colon > line.lowerBound else {
        throw .badFieldName
      }
      var name: [UInt8] = []
      name.reserveCapacity(colon - line.lowerBound)
      for index in line.lowerBound..<colon {
        // RFC 9112 §5.1: white space before the colon is to be refused; it is no token character.
        guard buffered[index].isTokenCharacter else { throw .badFieldName }
        name.append(buffered[index].lowercased)
      }
      // The scanner has refused control characters, so what is left is a valid value.
      let value = buffered.trimmed(colon + 1..<line.upperBound)
      fields.appendParsed(String(decoding: name, as: UTF8.self), buffered.text(value))
    }
    return fields
  }

  /// How the body's length is told, or nil when nothing tells it (RFC 9112 §6).
  func bodyFraming(_ version: HTTPVersion) throws(HTTPFault) -> BodyFraming? {
    let lengths = values("content-length")
    let codings = values("transfer-encoding")
    if !codings.isEmpty {
      // RFC 9112 §6.1: both may be smuggling, and HTTP/1.0 has no transfer codings.
      guard lengths.isEmpty, version == .http11 else { throw .ambiguousLength }
      if codings.count == 1, codings[0].equalsIgnoringCase("chunked") { return .chunked }
      let all = list("transfer-encoding")
      let chunked = all.filter { $0.equalsIgnoringCase("chunked") }.count
      // RFC 9112 §6.3: without it as the last coding nobody knows where the body ends.
      guard chunked == 1, let last = all.last, last.equalsIgnoringCase("chunked") else {
        throw .ambiguousLength
      }
      // Only an empty element beside it, or another coding: neither do we take apart.
      throw .transferCoding
    }
    guard let text = lengths.first else { return nil }
    // RFC 9110 §8.6 allows refusing even the same length given twice; a list has a comma.
    guard lengths.count == 1, !text.isEmpty, text.utf8.allSatisfy({ $0.isDigit }) else {
      throw .badContentLength
    }
    let digits = text.utf8.drop { $0 == 0x30 }
    guard digits.count <= HTTPLimits.contentLengthDigitsMax else { throw .bodyTooLarge }
    return .length(digits.reduce(0) { $0 * 10 + Int($1 - 0x30) })
  }

  /// Whether the connection can go on after this message (RFC 9112 §9.3).
  func keepsAlive(_ version: HTTPVersion) -> Bool {
    let options = list("connection")
    if options.contains(where: { $0.equalsIgnoringCase("close") }) { return false }
    return version == .http11 || options.contains { $0.equalsIgnoringCase("keep-alive") }
  }
}

/// The minor versions of HTTP/1 that behave differently.
public enum HTTPVersion: Sendable, Equatable {
  /// HTTP/1.0: no Host needed, closes unless asked not to.
  case http10
  /// HTTP/1.1, or a later minor version, which is to be treated as it (RFC 9110 §2.5).
  case http11

  /// Reads `HTTP/1.x` (RFC 9112 §2.3).
  static func parse(
    _ buffered: Span<UInt8>, _ range: Range<Int>
  ) throws(HTTPFault) -> HTTPVersion {
    let text = buffered.bytes(range)
    guard text.count == 8, text.starts(with: "HTTP/".utf8), text[5].isDigit, text[6] == ASCII.dot,
      text[7].isDigit
    else { throw .badStartLine }
    guard text[5] == 0x31 else { throw .unsupportedVersion }
    return text[7] == 0x30 ? .http10 : .http11
  }
}
