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
  let macKey: [UInt8]
  let until: Instant
}

extension TURNServer {
  /// Who signed with the key in his token, or in the token that his allocation was made or
  /// refreshed with (RFC 7635 §7).
  func grant(_ name: String, _ request: Request, _ bytes: Span<UInt8>) -> TokenGrant? {
    guard let authorization = configuration?.authorization else { return nil }
    let grant: TokenGrant
    if let range = request.message.value(of: .accessToken) {
      let unixSeconds = wallClock.unixSeconds(at: request.now)
      guard range.count <= AccessToken.bytesMax,
        let token = authorization.open(bytes.bytes(in: range), keyID: name),
        let seconds = token.secondsLeft(unixSeconds: unixSeconds)
      else { return nil }
      grant = TokenGrant(
        keyID: name, macKey: token.macKey, until: request.now + .seconds(seconds))
    } else {
      guard let kept = find(request.tuple).flatMap({ allocations[$0]?.grant }),
        kept.keyID == name, kept.until > request.now
      else { return nil }
      grant = kept
    }
    return request.message.isIntegrityValid(bytes, key: grant.macKey) ? grant : nil
  }
}
