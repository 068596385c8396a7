// A client's parser for response heads, for the load tool and the command line.

/// A valid response head.
public struct ResponseHead: Sendable, Equatable {
  public let version: HTTPVersion
  public let status: HTTPStatus
  public let fields: HTTPFields
  /// Content-Length, or nil without one: then a body, if the status has any, ends with the
  /// connection (RFC 9112 §6.3). An answer to HEAD has no body whatever this says.
  public let contentLength: Int?
  /// Whether the server lets the connection go on.
  public let keepAlive: Bool

  static func parse(
    _ buffered: Span<UInt8>, _ lines: [Range<Int>]
  ) throws(HTTPFault) -> ResponseHead {
    guard let line = lines.first,
      let versionEnd = buffered.first(ASCII.space, in: line)
    else { throw .badStartLine }
    let version = try HTTPVersion.parse(buffered, line.lowerBound..<versionEnd)
    // RFC 9112 §4: three digits, a space, and a phrase that may be empty; some leave out the space.
    let rest = buffered.bytes(versionEnd + 1..<line.upperBound)
    guard rest.count >= 3, rest[..<3].allSatisfy({ $0.isDigit }),
      rest.count == 3 || rest[3] == ASCII.space
    else { throw .badStartLine }
    let code = rest[..<3].reduce(0) { $0 * 10 + Int($1 - 0x30) }
    guard (100...599).contains(code) else { throw .badStartLine }
    let fields = try HTTPFields.parse(buffered, lines.dropFirst())
    var length: Int?
    switch try fields.bodyFraming(version) {
    case .length(let told): length = told
    case .chunked: throw .transferCoding
    case nil: break
    }
    return ResponseHead(
      version: version, status: HTTPStatus(code), fields: fields,
      contentLength: length, keepAlive: fields.keepsAlive(version))
  }
}

/// What a response parser found.
public enum ResponseParseResult: Sendable, Equatable {
  /// The head is not complete: append what arrives and ask again.
  case needMore
  /// A valid head that took `consumed` bytes from the front of the buffer.
  case response(ResponseHead, consumed: Int)
  /// Close the connection.
  case malformed(HTTPFault)
}

/// Parses the response heads of one connection, as `RequestParser` does for requests. Chunked
/// bodies are a fault: our own servers send none.
public struct ResponseParser: Sendable {
  private var scanner = HeadScanner()
  private var fault: HTTPFault?

  public init() {}

  /// Looks for a head at the front of `buffered`. After a fault it repeats that fault.
  public mutating func parse(_ buffered: Span<UInt8>) -> ResponseParseResult {
    if let fault { return .malformed(fault) }
    switch scanner.scan(buffered) {
    case .needMore: return .needMore
    case .fault(let found): return fail(found)
    case .complete: break
    }
    do throws(HTTPFault) {
      let head = try ResponseHead.parse(buffered, scanner.lines)
      let consumed = scanner.position
      scanner = HeadScanner()
      return .response(head, consumed: consumed)
    } catch {
      return fail(error)
    }
  }

  private mutating func fail(_ fault: HTTPFault) -> ResponseParseResult {
    self.fault = fault
    return .malformed(fault)
  }
}
