// The client's part of the opening handshake, for the load tool and tests.

internal import Crypto
public import HTTP1

/// Why an answer does not open a WebSocket.
public enum ClientHandshakeFault: Error, Sendable, Equatable {
  /// Another status than 101.
  case status(HTTPStatus)
  /// No `Upgrade: websocket` or no `Connection: Upgrade`.
  case notUpgrade
  /// Not the accept key that goes with our key.
  case badAcceptKey
  /// An extension that was not offered, or with parameters that cannot be.
  case badExtension
  /// A subprotocol that was not offered, or none although some were.
  case badSubprotocol
}

/// What a client and a server have agreed on.
public struct ClientAgreement: Sendable, Equatable {
  /// Nil when none was offered.
  public let subprotocol: String?
  /// Messages may be compressed so, in both directions.
  public let deflate: DeflateAgreement?

  public init(subprotocol: String?, deflate: DeflateAgreement?) {
    self.subprotocol = subprotocol
    self.deflate = deflate
  }
}

/// One handshake of a client (RFC 6455 §4.1).
public struct ClientHandshake: Sendable {
  private let key: String
  private let subprotocols: [String]
  private let deflates: Bool

  /// - Parameters:
  ///   - nonce: 16 fresh random bytes.
  ///   - deflates: permessage-deflate is offered.
  public init(nonce: [UInt8], subprotocols: [String] = [], deflates: Bool = false) {
    precondition(nonce.count == WebSocketLimits.keyBytes, "a key has 16 bytes")
    key = Base64.encode(nonce.span)
    self.subprotocols = subprotocols
    self.deflates = deflates
  }

  /// The request to send. `origin` is left out when nil, as programs other than browsers do.
  public func request(target: String, host: String, origin: String? = nil) -> HTTPRequest {
    var fields = HTTPFields()
    fields.append("Upgrade", "websocket")
    fields.append("Connection", "Upgrade")
    fields.append("Sec-WebSocket-Key", key)
    fields.append("Sec-WebSocket-Version", WebSocketHandshake.version)
    if !subprotocols.isEmpty {
      fields.append("Sec-WebSocket-Protocol", subprotocols.joined(separator: ", "))
    }
    if deflates { fields.append("Sec-WebSocket-Extensions", DeflateAgreement.offer) }
    if let origin { fields.append("Origin", origin) }
    return HTTPRequest("GET", target, host: host, fields: fields)
  }

  /// Judges the answer and returns what was agreed on.
  public func check(_ response: ResponseHead) throws(ClientHandshakeFault) -> ClientAgreement {
    let fields = response.fields
    guard response.status == .switchingProtocols else { throw .status(response.status) }
    guard fields.contains("upgrade", token: "websocket"),
      fields.contains("connection", token: "upgrade")
    else { throw .notUpgrade }
    guard fields.values("sec-websocket-accept") == [WebSocketHandshake.acceptKey(for: key)] else {
      throw .badAcceptKey
    }
    let deflate = try deflate(fields.values("sec-websocket-extensions"))
    let chosen = fields.values("sec-websocket-protocol")
    if subprotocols.isEmpty && chosen.isEmpty {
      return ClientAgreement(subprotocol: nil, deflate: deflate)
    }
    guard chosen.count == 1, let subprotocol = chosen.first, subprotocols.contains(subprotocol)
    else { throw .badSubprotocol }
    return ClientAgreement(subprotocol: subprotocol, deflate: deflate)
  }

  /// RFC 7692 §5.1: what was not offered, or what we cannot go on with, fails the connection.
  private func deflate(
    _ values: [String]
  ) throws(ClientHandshakeFault) -> DeflateAgreement? {
    guard let answers = ExtensionElement.parse(values), answers.count <= 1 else {
      throw .badExtension
    }
    guard let answer = answers.first else { return nil }
    guard deflates, let agreement = DeflateAgreement.check(answer) else { throw .badExtension }
    return agreement
  }
}
