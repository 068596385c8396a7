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
  /// An extension, though none was offered.
  case extensionNotOffered
  /// A subprotocol that was not offered, or none although some were.
  case badSubprotocol
}

/// One handshake of a client (RFC 6455 §4.1).
public struct ClientHandshake: Sendable {
  private let key: String
  private let subprotocols: [String]

  /// `nonce` is 16 fresh random bytes.
  public init(nonce: [UInt8], subprotocols: [String] = []) {
    precondition(nonce.count == WebSocketLimits.keyBytes, "a key has 16 bytes")
    key = Base64.encode(nonce.span)
    self.subprotocols = subprotocols
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
    if let origin { fields.append("Origin", origin) }
    return HTTPRequest("GET", target, host: host, fields: fields)
  }

  /// Judges the answer and returns the subprotocol agreed on, if any were offered.
  public func check(_ response: ResponseHead) throws(ClientHandshakeFault) -> String? {
    let fields = response.fields
    guard response.status == .switchingProtocols else { throw .status(response.status) }
    guard fields.contains("upgrade", token: "websocket"),
      fields.contains("connection", token: "upgrade")
    else { throw .notUpgrade }
    guard fields.values("sec-websocket-accept") == [WebSocketHandshake.acceptKey(for: key)] else {
      throw .badAcceptKey
    }
    guard fields.list("sec-websocket-extensions").isEmpty else { throw .extensionNotOffered }
    let chosen = fields.values("sec-websocket-protocol")
    if subprotocols.isEmpty && chosen.isEmpty { return nil }
    guard chosen.count == 1, let subprotocol = chosen.first, subprotocols.contains(subprotocol)
    else { throw .badSubprotocol }
    return subprotocol
  }
}
