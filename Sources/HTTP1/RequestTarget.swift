// Takes a request target apart: authority, decoded path, query.

/// The parts of a request target (RFC 9112 §3.2).
struct RequestTarget {
  /// `host[:port]` of the absolute form, else nil.
  var authority: String?
  /// Percent-decoded, begins with a slash; `*` for the asterisk form.
  var path: String
  /// What follows the question mark, as it was sent.
  var query: String?

  static func parse(
    _ buffered: Span<UInt8>, _ range: Range<Int>, method: String
  ) throws(HTTPFault) -> RequestTarget {
    if method == "CONNECT" { throw .unsupportedMethod }
    let target = buffered.bytes(range)
    if method == "OPTIONS", target == [ASCII.asterisk] {
      return RequestTarget(authority: nil, path: "*", query: nil)
    }
    if target.first == ASCII.slash { return try parse(target[...], authority: nil) }

    // RFC 9112 §3.2.2: a server accepts the absolute form, and its authority counts, not Host.
    guard let rest = schemeDropped(target) else { throw .badTarget }
    let end = rest.firstIndex { $0 == ASCII.slash || $0 == ASCII.question } ?? rest.endIndex
    let authority = rest[..<end]
    guard !authority.isEmpty, authority.allSatisfy({ $0.isHostCharacter }) else {
      throw .badTarget
    }
    return try parse(rest[end...], authority: String(decoding: authority, as: UTF8.self))
  }

  /// What follows `http://` or `https://`, or nil.
  private static func schemeDropped(_ target: [UInt8]) -> ArraySlice<UInt8>? {
    for scheme in ["http://", "https://"] {
      let prefix = target.prefix(scheme.utf8.count)
      if prefix.map(\.lowercased).elementsEqual(scheme.utf8) {
        return target[prefix.endIndex...]
      }
    }
    return nil
  }

  private static func parse(
    _ pathAndQuery: ArraySlice<UInt8>, authority: String?
  ) throws(HTTPFault) -> RequestTarget {
    let end = pathAndQuery.firstIndex(of: ASCII.question) ?? pathAndQuery.endIndex
    let path = try decodedPath(pathAndQuery[..<end])
    guard end < pathAndQuery.endIndex else {
      return RequestTarget(authority: authority, path: path, query: nil)
    }
    let query = pathAndQuery[(end + 1)...]
    guard query.allSatisfy({ $0.isQueryCharacter }) else { throw .badTarget }
    return RequestTarget(
      authority: authority, path: path, query: String(decoding: query, as: UTF8.self))
  }

  private static func decodedPath(_ path: ArraySlice<UInt8>) throws(HTTPFault) -> String {
    if path.isEmpty { return "/" }
    guard path.allSatisfy({ $0.isPathCharacter }) else { throw .badTarget }
    guard let bytes = percentDecoded(path), bytes.allSatisfy({ !$0.isControl && $0 != ASCII.tab }),
      let text = String(validating: bytes, as: UTF8.self)
    else { throw .badPath }
    // A client resolves these itself (RFC 3986 §6.2.2.3), so here they are an attempt to leave the
    // tree. Looking after decoding also finds `%2e%2e` and `a%2f..`.
    for segment in bytes.split(separator: ASCII.slash) {
      if segment == [ASCII.dot] || segment == [ASCII.dot, ASCII.dot] { throw .dotSegment }
    }
    return text
  }
}

/// `text` with each `%XX` decoded, or nil when one of them is broken (RFC 3986 §2.1).
func percentDecoded(_ text: some Sequence<UInt8>) -> [UInt8]? {
  var decoded: [UInt8] = []
  var bytes = text.makeIterator()
  while let byte = bytes.next() {
    guard byte == ASCII.percent else {
      decoded.append(byte)
      continue
    }
    guard let high = bytes.next()?.hexadecimalValue, let low = bytes.next()?.hexadecimalValue else {
      return nil
    }
    decoded.append(high << 4 | low)
  }
  return decoded
}
