// Writes the requests of a client, for the load tool and the command line.

/// A client's request.
public struct HTTPRequest: Sendable, Equatable {
  public var method: String
  /// The origin form: `/path?query`, percent-encoded.
  public var target: String
  /// `host[:port]`.
  public var host: String
  /// Without Host and Content-Length, which the writer adds.
  public var fields: HTTPFields
  public var body: [UInt8]

  public init(
    _ method: String, _ target: String, host: String, fields: HTTPFields = HTTPFields(),
    body: [UInt8] = []
  ) {
    self.method = method
    self.target = target
    self.host = host
    self.fields = fields
    self.body = body
  }

  /// Appends the request to `output`.
  public func append(to output: inout [UInt8]) {
    precondition(method.isToken, "a method is a token")
    precondition(
      target.utf8.first == ASCII.slash && target.utf8.allSatisfy { $0.isQueryCharacter },
      "a target is in origin form and percent-encoded")
    precondition(host.utf8.allSatisfy { $0.isHostCharacter }, "a host is host[:port]")
    for name in ["host", "content-length", "transfer-encoding"] {
      precondition(fields[name] == nil, "the writer adds this field itself")
    }
    output.append(contentsOf: "\(method) \(target) HTTP/1.1\r\n".utf8)
    output.appendField("Host", host)
    for field in fields.all { output.appendField(field.name, field.value) }
    if !body.isEmpty { output.appendField("Content-Length", "\(body.count)") }
    output.append(contentsOf: "\r\n".utf8)
    output.append(contentsOf: body)
  }

  /// The request as bytes.
  public func encoded() -> [UInt8] {
    var output: [UInt8] = []
    append(to: &output)
    return output
  }
}
