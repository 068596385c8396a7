// Whoever brings a token of an authorization server is let in, unknown as he is (RFC 7635).

internal import NetTypes
internal import STUN

/// The authorization servers that the relay trusts.
public struct ThirdPartyAuthorization: Sendable {
  /// What clients tell the authorization server, and what its tokens are for; at most 255 bytes.
  public let serverName: String
  private var keys: [String: AuthorizationKey] = [:]

  public init(serverName: String, keys: [AuthorizationKey]) {
    self.serverName = serverName
    for key in keys { self.keys[key.id] = key }
  }

  /// Whether a USERNAME is the name of a key.
  func knows(_ keyID: String) -> Bool { keys[keyID] != nil }

  /// The token in `bytes`, which the key of this name has sealed for this server.
  func open(_ bytes: [UInt8], keyID: String) -> AccessToken? {
    keys[keyID].flatMap { AccessToken(bytes, $0, serverName: serverName) }
  }
}

/// What a token allows, for as long as it is good: kept with the allocation, because clients send
/// their token in Allocate and Refresh only.
struct TokenGrant: Equatable, Sendable {
  /// The USERNAME that it came with.
  let keyID: String
  /// What signs, by it and for it.
  let macKey: [UInt8]
  let until: Instant
}

extension TURNServer {
  /// coturn, and whoever has to work with it, signs with no more of the key in a token than this.
  private static let shortKeyLength = 16

  /// Who signed with the key in his token, or in the token that his allocation was made or
  /// refreshed with (RFC 7635 §7).
  func grant(_ name: String, _ request: Request, _ bytes: Span<UInt8>) -> TokenGrant? {
    guard let authorization = configuration?.value.authorization else { return nil }
    guard let range = request.message.value(of: .accessToken) else {
      guard let kept = subject(of: request, bytes).flatMap({ allocations[$0]?.grant }),
        kept.keyID == name, kept.until > request.now,
        request.message.isIntegrityValid(bytes, key: kept.macKey)
      else { return nil }
      return kept
    }
    guard range.count <= AccessToken.bytesMax,
      let token = authorization.open(bytes.bytes(in: range), keyID: name),
      let seconds = token.secondsLeft(unixSeconds: wallClock.unixSeconds(at: request.now)),
      let key = [token.macKey, Array(token.macKey.prefix(Self.shortKeyLength))]
        .first(where: { request.message.isIntegrityValid(bytes, key: $0) })
    else { return nil }
    return TokenGrant(keyID: name, macKey: key, until: request.now + .seconds(seconds))
  }

  /// The loop that can tell whether a ConnectionBind is signed with the key of a token: that of the
  /// allocation, which has the key; a client has no reason to send the token again. Until then its
  /// stream has proved nothing, and the move gives it no more time.
  func loopOfGrant(_ name: String, _ request: Request, _ bytes: Span<UInt8>) -> Int? {
    guard configuration?.value.authorization?.knows(name) == true,
      !request.message.has(.accessToken)
    else { return nil }
    return loopOfConnection(request, bytes)
  }
}
