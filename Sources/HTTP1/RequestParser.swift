// The server's parser for request heads that arrive in pieces.

/// What a request parser found.
public enum RequestParseResult: Sendable, Equatable {
  /// The head is not complete: append what arrives and ask again.
  case needMore
  /// A valid head that took `consumed` bytes from the front of the buffer. A body, if it `hasBody`,
  /// lies behind them, for a `BodyReader`.
  case request(RequestHead, consumed: Int)
  /// Answer with `fault.status`, close, and read no more: where the next request would begin is
  /// not known.
  case malformed(HTTPFault)
}

/// Parses the request heads of one connection (RFC 9112).
///
/// The caller keeps the bytes. As long as the answer is `needMore`, each call gets the same bytes
/// and those that arrived since; after a request the caller drops the head and its body, and the
/// parser begins anew at the front of the buffer. The buffer never needs more than
/// `HTTPLimits.headBytesMax` bytes, plus an empty line, for a head.
public struct RequestParser: Sendable {
  private let bodyBytesMax: Int
  private var scanner = HeadScanner()
  private var fault: HTTPFault?

  /// A parser that refuses heads which announce bodies of more than `bodyBytesMax` bytes.
  public init(bodyBytesMax: Int = HTTPLimits.bodyBytesMax) {
    precondition(bodyBytesMax >= 0, "a limit is not negative")
    self.bodyBytesMax = bodyBytesMax
  }

  /// Looks for a head at the front of `buffered`. After a fault it repeats that fault.
  public mutating func parse(_ buffered: Span<UInt8>) -> RequestParseResult {
    if let fault { return .malformed(fault) }
    switch scanner.scan(buffered) {
    case .needMore: return .needMore
    case .fault(let found): return fail(found)
    case .complete: break
    }
    do throws(HTTPFault) {
      let head = try RequestHead.parse(buffered, scanner.lines, bodyBytesMax: bodyBytesMax)
      let consumed = scanner.position
      scanner = HeadScanner()
      return .request(head, consumed: consumed)
    } catch {
      return fail(error)
    }
  }

  private mutating func fail(_ fault: HTTPFault) -> RequestParseResult {
    self.fault = fault
    return .malformed(fault)
  }
}
