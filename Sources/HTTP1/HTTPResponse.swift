// Writes the answers of a server.

/// What an answer owes to its request.
public struct ResponseMode: Sendable, Equatable {
  /// The request was HEAD: the head as for GET, and no body.
  public var isHead: Bool
  /// The connection goes on after the answer.
  public var keepAlive: Bool
  /// An HTTP/1.0 client wants to be told that the connection goes on (RFC 9112 §9.3).
  public var announcesKeepAlive: Bool

  public init(isHead: Bool, keepAlive: Bool, announcesKeepAlive: Bool = false) {
    self.isHead = isHead
    self.keepAlive = keepAlive
    self.announcesKeepAlive = announcesKeepAlive
  }

  /// For an answer after which the connection is closed, as to a malformed request.
  public static let closing = ResponseMode(isHead: false, keepAlive: false)

  /// The same for a connection that is to be closed after all.
  public var closingAfter: ResponseMode {
    ResponseMode(isHead: isHead, keepAlive: false)
  }
}

/// A server's answer.
public struct HTTPResponse: Sendable, Equatable {
  /// The interim answer to a request that `expectsContinue`.
  public static let continueBytes = [UInt8]("HTTP/1.1 100 Continue\r\n\r\n".utf8)

  public var status: HTTPStatus
  /// Without Date and Content-Length, which the writer adds, and without `Connection: close`.
  public var fields: HTTPFields
  public var body: [UInt8]

  public init(_ status: HTTPStatus, fields: HTTPFields = HTTPFields(), body: [UInt8] = []) {
    self.status = status
    self.fields = fields
    self.body = body
  }

  /// An answer with a body of the given type.
  public init(_ status: HTTPStatus, contentType: String, body: [UInt8]) {
    self.init(status, body: body)
    fields.append("Content-Type", contentType)
  }

  /// A status with one line for people.
  public static func text(_ status: HTTPStatus, _ line: String? = nil) -> HTTPResponse {
    let body = [UInt8]("\(line ?? status.description)\n".utf8)
    return HTTPResponse(status, contentType: "text/plain; charset=utf-8", body: body)
  }

  /// Appends the answer to `output`. `date` is the value of Date, see `HTTPDate.format`.
  public func append(to output: inout [UInt8], mode: ResponseMode, date: String) {
    precondition(date.isFieldValue, "a date has no control characters")
    for name in ["content-length", "transfer-encoding", "date"] {
      precondition(fields[name] == nil, "the writer adds this field itself")
    }
    precondition(body.isEmpty || !status.isBodiless, "an answer of this status has no body")
    output.append(contentsOf: "HTTP/1.1 \(status.code) \(status.reason)\r\n".utf8)
    output.appendField("Date", date)
    for field in fields.all { output.appendField(field.name, field.value) }
    if !status.isBodiless { output.appendField("Content-Length", "\(body.count)") }
    // After a 1xx the connection goes on in any case.
    if status.code >= 200 {
      if !mode.keepAlive {
        output.appendField("Connection", "close")
      } else if mode.announcesKeepAlive {
        output.appendField("Connection", "keep-alive")
      }
    }
    output.append(contentsOf: "\r\n".utf8)
    if !mode.isHead { output.append(contentsOf: body) }
  }

  /// The answer as bytes.
  public func encoded(mode: ResponseMode, date: String) -> [UInt8] {
    var output: [UInt8] = []
    append(to: &output, mode: mode, date: date)
    return output
  }
}

extension [UInt8] {
  /// Appends one field line that has been checked.
  mutating func appendField(_ name: String, _ value: String) {
    append(contentsOf: "\(name): \(value)\r\n".utf8)
  }
}
