// Everything that can be wrong with a head, and the status that answers it.

/// Why a request or response head was refused. The raw value is a stable word for logs and
/// counters.
public enum HTTPFault: String, Error, Sendable, CaseIterable {
  /// A line feed without carriage return, or a carriage return without line feed (RFC 9112 §2.2).
  case badLineEnd = "bad-line-end"
  /// A control character other than a tab (RFC 9110 §5.5).
  case controlByte = "control-byte"
  /// A field line that goes on in the next line (RFC 9112 §5.2).
  case obsoleteFold = "obsolete-fold"
  /// Not `method SP target SP version` (RFC 9112 §3), or not a status line (§4).
  case badStartLine = "bad-start-line"
  /// A target of no known form, or with characters that no URI has (RFC 9112 §3.2).
  case badTarget = "bad-target"
  /// A path with a broken percent-encoding, a control character, or not UTF-8.
  case badPath = "bad-path"
  /// A path with a `.` or `..` segment, before or after percent-decoding (RFC 3986 §6.2.2.3).
  case dotSegment = "dot-segment"
  /// A name that is not a token, or has white space before its colon (RFC 9112 §5.1).
  case badFieldName = "bad-field-name"
  /// HTTP/1.1 without Host, or more than one Host (RFC 9112 §3.2).
  case badHostCount = "bad-host-count"
  /// A Host that cannot be `host[:port]`.
  case badHost = "bad-host"
  /// A Content-Length that is not one run of digits, or more than one (RFC 9112 §6.3).
  case badContentLength = "bad-content-length"
  /// Transfer-Encoding beside Content-Length, in HTTP/1.0 (RFC 9112 §6.1), or without `chunked` as
  /// the last coding (§6.3).
  case ambiguousLength = "ambiguous-length"
  /// A chunk whose size is no number, or not that of its data (RFC 9112 §7.1).
  case badChunk = "bad-chunk"
  /// A body larger than the parser's limit.
  case bodyTooLarge = "body-too-large"
  /// A start line longer than `HTTPLimits.requestLineBytesMax`.
  case startLineTooLong = "start-line-too-long"
  /// A head larger than `HTTPLimits.headBytesMax`.
  case headTooLarge = "head-too-large"
  /// More field lines than `HTTPLimits.fieldCountMax`.
  case tooManyFields = "too-many-fields"
  /// A transfer coding beside `chunked` (RFC 9112 §6.1).
  case transferCoding = "transfer-coding"
  /// CONNECT, which asks for a tunnel.
  case unsupportedMethod = "unsupported-method"
  /// A major version other than 1.
  case unsupportedVersion = "unsupported-version"

  /// The status with which a server answers a request with this fault, closing the connection.
  public var status: HTTPStatus {
    switch self {
    case .badLineEnd, .controlByte, .obsoleteFold, .badStartLine, .badTarget, .badPath,
      .dotSegment, .badFieldName, .badHostCount, .badHost, .badContentLength, .ambiguousLength,
      .badChunk:
      .badRequest
    case .bodyTooLarge: .contentTooLarge
    case .startLineTooLong: .uriTooLong
    case .headTooLarge, .tooManyFields: .fieldsTooLarge
    case .transferCoding, .unsupportedMethod: .notImplemented
    case .unsupportedVersion: .versionNotSupported
    }
  }
}
