// The key under which sessions' secrets are made and checked.

internal import Crypto

/// Seals what the server has to be told again about a session, and opens what it sealed.
///
/// All loops have the same key; a later run has it too where the operator configured a secret, so
/// that sessions can outlive a restart.
public struct SessionKey: Sendable {
  /// HMAC-SHA-256 cut to 128 bits (RFC 2104 §5).
  private static let tagSize = 16
  private static let label = Array("parley.v1 session".utf8)

  /// The first one seals, all of them open.
  private let keys: [[UInt8]]

  /// Keys derived from the operator's secrets, of which the first one seals and all open.
  public init(secrets: [[UInt8]]) {
    precondition(!secrets.isEmpty, "at least one secret")
    keys = secrets.map { SHA256.hmac(Self.label.span, key: $0) }
  }

  /// A key of its own, which ends with the process.
  public init(from random: inout some RandomNumberGenerator) {
    keys = [random.bytes(SHA256.size)]
  }

  /// A secret that says `statement` to whoever has the key.
  public func seal(_ statement: SessionStatement) -> SessionSecret {
    let body = statement.bytes
    return SessionSecret(Base64URL.encode(body + Self.tag(body, keys[0])))
  }

  /// What `secret` says; nil when it was not sealed under one of the keys.
  public func open(_ secret: SessionSecret) -> SessionStatement? {
    guard let bytes = Base64URL.decode(secret.text), bytes.count > Self.tagSize else { return nil }
    let body = Array(bytes.dropLast(Self.tagSize))
    let tag = Array(bytes.suffix(Self.tagSize))
    guard keys.contains(where: { equalInConstantTime(Self.tag(body, $0), tag) }) else {
      return nil
    }
    return SessionStatement(body)
  }

  private static func tag(_ body: [UInt8], _ key: [UInt8]) -> [UInt8] {
    Array(SHA256.hmac(body.span, key: key).prefix(tagSize))
  }
}
