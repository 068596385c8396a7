// The tokens of third-party authorization: sealed by an authorization server for this relay.

internal import Crypto
internal import NetTypes

/// A key that an authorization server shares with the relay (RFC 7635 §4.1).
public struct AuthorizationKey: Sendable {
  /// RFC 7635 §9: how it seals tokens.
  public enum Algorithm: String, CaseIterable, Sendable {
    case a128GCM = "A128GCM"
    case a256GCM = "A256GCM"

    /// Bytes of a key.
    public var keyLength: Int { self == .a128GCM ? 16 : 32 }
  }

  /// What clients give as their USERNAME: the key's name.
  public let id: String
  let key: [UInt8]

  /// - Parameter key: at least as long as the algorithm wants; as in other TURN servers, bytes
  ///   beyond that are not used.
  public init(id: String, key: [UInt8], _ algorithm: Algorithm) {
    precondition(key.count >= algorithm.keyLength)
    self.id = id
    self.key = Array(key.prefix(algorithm.keyLength))
  }
}

/// The value of ACCESS-TOKEN (RFC 7635 §6.2), opened.
public struct AccessToken: Equatable, Sendable {
  /// More than a token of the longest nonce and key has.
  public static let bytesMax = 512
  /// RFC 7635 §6.2: that of HMAC-SHA1 at least, and not more than any HMAC uses as it is.
  static let macKeyLengths = 20...64
  /// RFC 7635 §7: how far clocks may differ, in seconds.
  static let skewSeconds: Int64 = 5

  /// Signs the messages of the client.
  public let macKey: [UInt8]
  /// When it was made: seconds since 1970.
  public let issuedAt: Int64
  public let lifetimeSeconds: Int64

  public init(macKey: [UInt8], issuedAt: Int64, lifetimeSeconds: Int64) {
    self.macKey = macKey
    self.issuedAt = issuedAt
    self.lifetimeSeconds = lifetimeSeconds
  }

  /// Opens a token: nonce length, nonce, and the sealed block to the end. Every length is checked
  /// against what is there before it is used: the sender has proved nothing.
  ///
  /// - Parameter serverName: whom the token is for.
  /// - Returns: `nil` for what is no token for us.
  public init?(_ bytes: [UInt8], _ key: AuthorizationKey, serverName: String) {
    guard bytes.count <= Self.bytesMax, bytes.count >= 2 else { return nil }
    let nonceLength = Int(bytes.span.uint16(at: 0))
    guard AESGCM.nonceSizes.contains(nonceLength), bytes.count > 2 + nonceLength,
      let block = AESGCM.open(
        Array(bytes[(2 + nonceLength)...]), key: key.key, nonce: Array(bytes[2..<2 + nonceLength]),
        authenticating: Array(serverName.utf8))
    else { return nil }
    // The block: length of the MAC key, the key, a time of 8 bytes, a lifetime of 4.
    guard block.count >= 2 else { return nil }
    let keyLength = Int(block.span.uint16(at: 0))
    guard Self.macKeyLengths.contains(keyLength), block.count == 2 + keyLength + 8 + 4 else {
      return nil
    }
    let span = block.span
    macKey = Array(block[2..<2 + keyLength])
    // RFC 7635 §6.2: 48 bits of seconds, and 16 of their fractions.
    issuedAt = Int64(span.uint64(at: 2 + keyLength) >> 16)
    lifetimeSeconds = Int64(span.uint32(at: 2 + keyLength + 8))
  }

  /// The value of the attribute, as an authorization server makes it.
  public func sealed(_ key: AuthorizationKey, serverName: String, nonce: [UInt8]) -> [UInt8] {
    var block: [UInt8] = []
    block.append(bigEndian: UInt16(macKey.count))
    block += macKey
    block.append(bigEndian: UInt64(issuedAt) << 16)
    block.append(bigEndian: UInt32(lifetimeSeconds))
    var bytes: [UInt8] = []
    bytes.append(bigEndian: UInt16(nonce.count))
    return bytes + nonce
      + AESGCM.seal(block, key: key.key, nonce: nonce, authenticating: Array(serverName.utf8))
  }

  /// How many seconds it is still good for; `nil` when it is too old, or of the future (RFC 7635
  /// §7).
  func secondsLeft(unixSeconds: Int64) -> Int64? {
    let age = unixSeconds - issuedAt
    guard abs(age) < lifetimeSeconds + Self.skewSeconds else { return nil }
    return lifetimeSeconds + Self.skewSeconds - age
  }
}
