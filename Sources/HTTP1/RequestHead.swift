// What a request head says, once it has been found valid.

/// A valid request head.
public struct RequestHead: Sendable, Equatable {
  /// A token; methods are case-sensitive (RFC 9110 §9.1).
  public let method: String
  /// The target as it was sent.
  public let target: String
  /// Percent-decoded, without control characters and dot segments; begins with a slash, or is `*`.
  public let path: String
  /// What follows the question mark, as it was sent; nil without a question mark.
  public let query: String?
  /// `host[:port]` of the target when it has one, else of Host; empty in HTTP/1.0 without Host.
  public let authority: String
  public let version: HTTPVersion
  public let fields: HTTPFields
  /// How the body that follows the head is delimited; a length is within the parser's limit.
  public let bodyFraming: BodyFraming
  /// Whether the client lets the connection go on after the answer (RFC 9112 §9.3).
  public let keepAlive: Bool

  /// Whether a body follows the head, or at least its framing.
  public var hasBody: Bool { !bodyFraming.isEmpty }

  /// Whether the client waits for a 100 before it sends its body (RFC 9110 §10.1.1).
  public var expectsContinue: Bool {
    version == .http11 && hasBody && fields.contains("expect", token: "100-continue")
  }

  /// How an answer to this request is to be written.
  public var responseMode: ResponseMode {
    ResponseMode(
      isHead: method == "HEAD", keepAlive: keepAlive, announcesKeepAlive: version == .http10)
  }

  /// The percent-decoded value of the first query parameter called `name`; nil without one, or
  /// when it is not valid UTF-8.
  public func queryValue(_ name: String) -> String? {
    for pair in (query ?? "").split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let key = parts.first, key == name else { continue }
      guard parts.count == 2 else { return "" }
      let spaced = parts[1].utf8.map { $0 == 0x2B ? ASCII.space : $0 }
      guard let bytes = percentDecoded(spaced) else { return nil }
      return String(validating: bytes, as: UTF8.self)
    }
    return nil
  }

  /// Reads the head whose lines have been found.
  static func parse(
    _ buffered: Span<UInt8>, _ lines: [Range<Int>], bodyBytesMax: Int
  ) throws(HTTPFault) -> RequestHead {
    guard let line = lines.first else { throw .badStartLine }
    // RFC 9112 §3: method SP target SP version, and no lenience about white space.
    guard let methodEnd = buffered.first(ASCII.space, in: line),
      let targetEnd = buffered.first(ASCII.space, in: methodEnd + 1..<line.upperBound)
    else { throw .badStartLine }
    let method = buffered.text(line.lowerBound..<methodEnd)
    guard method.isToken else { throw .badStartLine }
    let version = try HTTPVersion.parse(buffered, targetEnd + 1..<line.upperBound)
    let target = methodEnd + 1..<targetEnd
    let parts = try RequestTarget.parse(buffered, target, method: method)

    let fields = try HTTPFields.parse(buffered, lines.dropFirst())
    let host = try host(fields, version)
    let framing = try fields.bodyFraming(version) ?? .length(0)
    if case .length(let length) = framing, length > bodyBytesMax { throw .bodyTooLarge }
    return RequestHead(
      method: method, target: buffered.text(target), path: parts.path, query: parts.query,
      authority: parts.authority ?? host, version: version, fields: fields, bodyFraming: framing,
      keepAlive: fields.keepsAlive(version))
  }

  /// RFC 9112 §3.2: exactly one Host in HTTP/1.1, at most one before; and a valid one.
  private static func host(
    _ fields: HTTPFields, _ version: HTTPVersion
  ) throws(HTTPFault) -> String {
    let hosts = fields.values("host")
    guard hosts.count <= 1, hosts.count == 1 || version == .http10 else { throw .badHostCount }
    let host = hosts.first ?? ""
    guard host.utf8.allSatisfy({ $0.isHostCharacter }) else { throw .badHost }
    return host
  }
}
