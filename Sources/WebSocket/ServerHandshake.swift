// The server's part of the opening handshake.

internal import Crypto
public import HTTP1

/// Why a request does not open a WebSocket. The raw value is a stable word for logs and counters.
public enum HandshakeFault: String, Error, Sendable, CaseIterable {
  /// Not GET.
  case badMethod = "bad-method"
  /// No `Upgrade: websocket`, or HTTP/1.0, which has no upgrades.
  case notUpgrade = "not-upgrade"
  /// `Connection` does not name `Upgrade`.
  case badConnection = "bad-connection"
  /// Not version 13.
  case badVersion = "bad-version"
  /// Not one key of 16 bytes in base64.
  case badKey = "bad-key"
  /// A body, which a handshake does not have.
  case hasBody = "has-body"
  /// A list of extensions that breaks the grammar.
  case badExtensions = "bad-extensions"
  /// None of the subprotocols that we speak is offered.
  case noSubprotocol = "no-subprotocol"

  /// The status of the answer.
  public var status: HTTPStatus {
    switch self {
    case .badMethod: .methodNotAllowed
    case .notUpgrade, .badVersion: .upgradeRequired
    case .badConnection, .badKey, .hasBody, .badExtensions, .noSubprotocol: .badRequest
    }
  }

  /// The answer, with the fields that its status asks for.
  public var response: HTTPResponse {
    var response = HTTPResponse.text(status, "\(status): \(rawValue)")
    switch self {
    case .badMethod: response.fields.append("Allow", "GET")
    case .notUpgrade, .badVersion:
      // RFC 9110 §15.5.22 wants Upgrade, RFC 6455 §4.4 the versions that we speak.
      response.fields.append("Upgrade", "websocket")
      response.fields.append("Connection", "Upgrade")
      response.fields.append("Sec-WebSocket-Version", WebSocketHandshake.version)
    case .badConnection, .badKey, .hasBody, .badExtensions, .noSubprotocol: break
    }
    return response
  }
}

/// What both sides of a handshake share.
public enum WebSocketHandshake {
  static let version = "13"
  /// RFC 6455 §1.3.
  private static let guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

  /// The value of `Sec-WebSocket-Accept` for a key (RFC 6455 §4.2.2 step 5.4).
  public static func acceptKey(for key: String) -> String {
    let text = Array((key + guid).utf8)
    let digest = SHA1.digest(text.span)
    return Base64.encode(digest.span)
  }
}

/// The server's judgement of a handshake.
public enum ServerHandshake: Sendable, Equatable {
  /// A WebSocket begins behind `response`. `subprotocol` is nil only when we asked for none;
  /// messages may be compressed as `deflate` says.
  case accepted(subprotocol: String?, deflate: DeflateAgreement?, response: HTTPResponse)
  /// Answer with `fault.response`.
  case refused(HandshakeFault)

  /// Judges `request` (RFC 6455 §4.2.1). `subprotocols` are those that we speak, the best first;
  /// when there are any, one of them has to be offered. The origin is not looked at.
  ///
  /// - Parameter deflates: we have a `MessageCodec`, so permessage-deflate may be agreed on.
  public init(_ request: RequestHead, subprotocols: [String] = [], deflates: Bool = false) {
    do throws(HandshakeFault) {
      let key = try Self.key(of: request)
      var response = HTTPResponse(.switchingProtocols)
      response.fields.append("Upgrade", "websocket")
      response.fields.append("Connection", "Upgrade")
      response.fields.append(
        "Sec-WebSocket-Accept", WebSocketHandshake.acceptKey(for: key))
      let extensions = request.fields.values("sec-websocket-extensions")
      guard let offers = ExtensionElement.parse(extensions) else { throw .badExtensions }
      let deflate = deflates ? DeflateAgreement.accept(offers) : nil
      if let deflate { response.fields.append("Sec-WebSocket-Extensions", deflate.response) }
      let offered = request.fields.list("sec-websocket-protocol")
      let subprotocol = subprotocols.first { offered.contains($0) }
      if let subprotocol {
        response.fields.append("Sec-WebSocket-Protocol", subprotocol)
      } else if !subprotocols.isEmpty {
        throw .noSubprotocol
      }
      self = .accepted(subprotocol: subprotocol, deflate: deflate, response: response)
    } catch {
      self = .refused(error)
    }
  }

  /// The valid key of a valid handshake.
  private static func key(of request: RequestHead) throws(HandshakeFault) -> String {
    guard request.method == "GET" else { throw .badMethod }
    // RFC 9110 §7.8: Upgrade of an HTTP/1.0 request is ignored.
    guard request.version == .http11, request.fields.contains("upgrade", token: "websocket") else {
      throw .notUpgrade
    }
    guard request.fields.contains("connection", token: "upgrade") else { throw .badConnection }
    guard request.fields.values("sec-websocket-version") == [WebSocketHandshake.version] else {
      throw .badVersion
    }
    let keys = request.fields.values("sec-websocket-key")
    guard keys.count == 1, let key = keys.first,
      Base64.decode(key)?.count == WebSocketLimits.keyBytes
    else { throw .badKey }
    guard !request.hasBody else { throw .hasBody }
    return key
  }
}
