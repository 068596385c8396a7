// What a backend gets that shows an API key: join tokens, and leave to have ICE credentials.

internal import Configuration
internal import Crypto
internal import JSON
public import NetTypes
public import Signaling

/// Serves backends, on one loop. It issues what `Admission` then believes.
public final class BackendDesk {
  /// Milliseconds that a token or a credential is good for: where the order does not say, and at
  /// most.
  public static let ttlMs: Int64 = 3_600_000
  public static let ttlMsMax: Int64 = 86_400_000
  private static let ttlMsMin: Int64 = 1_000
  /// Bytes of an order at most.
  public static let orderBytesMax = 16_384

  /// A backend that has shown its key.
  public struct Caller {
    let tenant: Tenants.Member
  }

  /// Why an order is not carried out.
  public enum Refusal: Error, Equatable {
    /// No API key, or one that nobody has.
    case unknownCaller
    /// Too many of these from one address.
    case tooManyAttempts(retryAfterMs: Int64)
    /// The tenant has no key that can sign.
    case noSigner
    /// The order makes no sense; the text says where.
    case badOrder(String)
  }

  /// A token as it was ordered.
  public struct IssuedToken {
    public let text: String
    /// Milliseconds since 1970.
    public let expiresMs: Int64
    /// Whom its ICE credentials are for.
    public let credentials: CredentialOrder
  }

  /// ICE credentials as they were ordered.
  public struct CredentialOrder: Equatable {
    /// The room that they name; nil for none.
    public let room: RoomName?
    /// The peer that they name.
    public let peer: PeerID?
    public let tenant: TenantID
    public let ttlMs: Int64?
    /// Whether TURN belongs to them.
    public let withRelay: Bool
  }

  private let admission: Admission
  private let throttle: FailureThrottle
  private var parser = JSONObjectParser(sizeMax: orderBytesMax, depthMax: 16)
  private var reader = TokenReader()
  private var random = SecureRandom()

  /// - Parameter admission: knows tenants and house, also when they change.
  public init(_ admission: Admission, throttle: FailureThrottle) {
    self.admission = admission
    self.throttle = throttle
  }

  /// Whether there is anything to serve: whether anybody has an API key.
  public var isOpen: Bool { admission.tenants.haveAPIKeys }

  /// Who shows `apiKey`.
  ///
  /// - Parameter address: where from; nil where failures are not to be counted.
  public func caller(
    apiKey: String?, from address: IPAddress?, now: Instant
  ) throws(Refusal) -> Caller {
    if let address, let wait = throttle.wait(for: address, now: now) {
      throw .tooManyAttempts(retryAfterMs: wait.wholeMilliseconds)
    }
    guard let apiKey, let tenant = admission.tenants.owner(ofAPIKey: apiKey) else {
      if let address { throttle.failed(address, now: now) }
      throw .unknownCaller
    }
    return Caller(tenant: tenant)
  }

  /// Issues the join token that `order`, a JSON text, asks for.
  public func issueToken(
    _ order: [UInt8], for caller: Caller, unixSeconds now: Int64
  ) throws(Refusal) -> IssuedToken {
    guard let signer = caller.tenant.signer else { throw .noSigner }
    try parse(order)
    let ttlMs = try ttl() ?? Self.ttlMs
    let expires = now + ttlMs / 1_000
    let payload = payload(order, caller.tenant, now: now, expires: expires)
    // The same eyes that will read it at the door.
    let claims: JoinToken
    do throws(TokenFault) {
      claims = try reader.claims(payload, of: caller.tenant, unixSeconds: now)
    } catch {
      throw .badOrder(error.text)
    }
    guard let text = CompactJWS.sign(header: Self.header(signer), payload: payload, by: signer.key)
    else { throw .noSigner }
    guard text.utf8.count <= CompactJWS.bytesMax else {
      throw .badOrder("the join token would have more than \(CompactJWS.bytesMax) bytes")
    }
    let relay = admission.relay(for: caller.tenant, claims.relay)
    let credentials = CredentialOrder(
      room: parser.string("room").flatMap { RoomName($0) }, peer: claims.peer,
      tenant: caller.tenant.id, ttlMs: nil, withRelay: relay == .always || relay == .fallback)
    return IssuedToken(text: text, expiresMs: expires * 1_000, credentials: credentials)
  }

  /// Reads an order of ICE credentials.
  public func credentials(
    _ order: [UInt8], for caller: Caller
  ) throws(Refusal) -> CredentialOrder {
    try parse(order)
    let room = try name("room") { RoomName($0) }
    let peer = try name("peer") { PeerID(granted: $0) }
    return CredentialOrder(
      room: room, peer: peer, tenant: caller.tenant.id, ttlMs: try ttl() ?? Self.ttlMs,
      withRelay: admission.relay(for: caller.tenant, nil) != .never)
  }

  // MARK: Reading orders

  private func parse(_ order: [UInt8]) throws(Refusal) {
    do throws(JSONError) {
      try parser.parse(order.span)
    } catch {
      throw .badOrder("the body has to be one JSON object, without a member twice")
    }
  }

  private func ttl() throws(Refusal) -> Int64? {
    guard parser.kind(of: "ttl") != nil else { return nil }
    guard let ttl = parser.integer("ttl"), (Self.ttlMsMin...Self.ttlMsMax).contains(ttl) else {
      throw .badOrder("ttl has to be \(Self.ttlMsMin) to \(Self.ttlMsMax) milliseconds")
    }
    return ttl
  }

  private func name<Value>(
    _ key: StaticString, _ make: (String) -> Value?
  ) throws(Refusal) -> Value? {
    guard parser.kind(of: key) != nil else { return nil }
    guard let value = parser.string(key).flatMap(make) else {
      throw .badOrder("\(key) has to be 1 to 64 of A-Z a-z 0-9 . _ ~ -")
    }
    return value
  }

  // MARK: Writing tokens

  private static func header(_ signer: Tenants.Signer) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("alg")
    writer.string(signer.key.algorithm.rawValue)
    writer.key("typ")
    writer.string("JWT")
    if let id = signer.id {
      writer.key("kid")
      writer.string(id)
    }
    writer.endObject()
    return writer.bytes
  }

  private func payload(
    _ order: [UInt8], _ tenant: Tenants.Member, now: Int64, expires: Int64
  ) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    // As they were ordered, byte for byte: the token's reader judges them.
    let members: [StaticString] = ["room", "peer", "name", "role", "can", "relay"]
    for key in members {
      guard let range = parser.range(of: key) else { continue }
      writer.key("\(key)")
      writer.raw(Array(order[range]))
    }
    let texts = [
      ("iss", tenant.issuer), ("aud", tenant.audience),
      ("tenant", tenant.id == .open ? nil : tenant.id.text),
      ("jti", Base64URL.encode(random.bytes(12))),
    ]
    for (key, text) in texts {
      guard let text else { continue }
      writer.key(key)
      writer.string(text)
    }
    for (key, seconds) in [("iat", now), ("exp", expires)] {
      writer.key(key)
      writer.integer(seconds)
    }
    writer.endObject()
    return writer.bytes
  }
}
