// Requests of a trace as bytes: with everything right, or with one thing wrong.

import Crypto
import NetTypes
import STUN
import TURN

extension TraceWorld {
  private static let ticket = RESTCredential(
    name: "cem", secret: Array(secret.utf8), unixSeconds: unixStart, ttlSeconds: 900)
  private static let keys: [TraceRequest.Signer: (name: String, key: [UInt8])] = [
    .ann: ("ann", key("ann", "pw")),
    .bob: ("bob", key("bob", "pw")),
    .ticket: (ticket.username, key(ticket.username, ticket.password)),
    .wrongPassword: ("ann", key("ann", "guessed")),
    .unknown: ("eve", key("eve", "pw")),
  ]

  private static func key(_ name: String, _ password: String) -> [UInt8] {
    LongTermCredential.key(username: name, realm: realm, password: password)
  }

  /// The key of who may be answered; `nil` for whom the server does not know.
  static func key(_ signer: TraceRequest.Signer) -> [UInt8]? {
    switch signer {
    case .ann, .bob, .ticket: keys[signer]?.key
    case .wrongPassword, .unknown, .nobody: nil
    }
  }

  mutating func encode(_ request: TraceRequest, _ client: Int) -> [UInt8] {
    serial += 1
    var builder = MessageBuilder()
    let type = MessageType(rawValue: Self.type(of: request.method))
    builder.begin(type, TransactionID(high: 0xf022, low: serial))
    for attribute in request.attributes { add(attribute, to: &builder) }
    guard let (name, key) = Self.keys[request.signer] else {
      builder.finish(fingerprint: request.hasFingerprint)
      return builder.bytes
    }
    builder.add(.username, text: name)
    builder.add(.realm, text: Self.realm)
    builder.add(.nonce, text: nonce(request.nonce, client))
    builder.finish(integrityKey: key, fingerprint: request.hasFingerprint)
    return builder.bytes
  }

  /// RFC 8489 §5, figure 3, for a request.
  private static func type(of method: UInt16) -> UInt16 {
    (method & 0xf80) << 2 | (method & 0x070) << 1 | method & 0x00f
  }

  private func add(_ attribute: TraceAttribute, to builder: inout MessageBuilder) {
    switch attribute {
    case .peer(let number): builder.add(.xorPeerAddress, address: peer(number))
    case .channel(let number): builder.add(.channelNumber, uint32: UInt32(number) << 16)
    case .number(let type, let value): builder.add(type, uint32: value)
    case .byte(let type, let value): builder.add(type, bytes: [value])
    case .lastToken: builder.add(.reservationToken, bytes: lastToken)
    case .raw(let type, let value):
      // What signs and seals is added at the end, and only there.
      guard let known = Attribute(rawValue: type),
        ![.messageIntegrity, .messageIntegritySHA256, .fingerprint, .username, .nonce, .realm]
          .contains(known)
      else { return }
      builder.add(known, bytes: value)
    }
  }

  private func nonce(_ kind: TraceRequest.Nonce, _ client: Int) -> String {
    let unixSeconds = turn.wallClock.unixSeconds(at: now)
    func mint(for client: Int, _ unixSeconds: Int64) -> String {
      let nonce = Self.nonces.mint(
        for: Self.tuple(client).client, unixSeconds: unixSeconds,
        features: Self.configuration.features)
      return String(decoding: nonce.indices.map { nonce[$0] }, as: UTF8.self)
    }
    switch kind {
    case .fresh: return mint(for: client, unixSeconds)
    case .foreign: return mint(for: client + 1, unixSeconds)
    case .stale: return mint(for: client, unixSeconds - 700)
    case .garbage: return String(repeating: "0", count: NonceMint.length)
    }
  }

  mutating func sendIndication(to peer: SocketAddress, _ payload: Int) -> [UInt8] {
    serial += 1
    var builder = MessageBuilder()
    builder.begin(MessageType(.send, .indication), TransactionID(high: 0xf022, low: serial))
    builder.add(.xorPeerAddress, address: peer)
    builder.add(.data, bytes: Self.payload(min(payload, 65_000)))
    builder.finish()
    return builder.bytes
  }
}
