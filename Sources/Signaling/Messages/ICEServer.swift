// Where peers find STUN and TURN.

/// One entry of `iceServers`, as `RTCConfiguration` has it.
public struct ICEServer: Hashable, Sendable {
  /// `stun:` and `turn:` addresses (RFC 7064, RFC 7065).
  public var urls: [String]
  /// For TURN: the user name.
  public var username: String?
  /// For TURN: the password.
  public var credential: String?

  /// An entry; both `username` and `credential` or none.
  public init(urls: [String], username: String? = nil, credential: String? = nil) {
    self.urls = urls
    self.username = username
    self.credential = credential
  }
}

/// What a peer is given to reach others with.
public struct ICEOffer: Hashable, Sendable {
  /// In the order of preference.
  public var servers: [ICEServer]
  /// Milliseconds for which the credentials allow new allocations.
  public var ttlMs: Int64

  /// Servers whose credentials last for `ttlMs`.
  public init(servers: [ICEServer], ttlMs: Int64) {
    self.servers = servers
    self.ttlMs = ttlMs
  }
}

/// Gives each peer its servers, with fresh credentials at each call.
///
/// Credentials expire by the calendar, which is the implementation's business: the core has none.
public protocol ICEServerSource {
  /// The servers for one peer of one room.
  ///
  /// - Parameter withRelay: whether TURN servers belong to them, by the peer's policy and by what
  ///   it has asked for.
  func offer(for peer: PeerID, in room: RoomKey, withRelay: Bool) -> ICEOffer
}
