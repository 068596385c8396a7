// Gives each peer its STUN and TURN servers.

internal import Admission
internal import Signaling
internal import TURN

/// The servers of the settings, with credentials that are fresh by the clock it is made with.
struct ICEServers: ICEServerSource {
  private let settings: ICESettings
  private let unixSeconds: () -> Int64

  init(_ settings: ICESettings, unixSeconds: @escaping () -> Int64) {
    self.settings = settings
    self.unixSeconds = unixSeconds
  }

  func offer(for peer: PeerID, in room: RoomKey, withRelay: Bool) -> ICEOffer {
    offer(
      to: [room.tenant.text, room.name.text, peer.text], ttlSeconds: settings.ttlSeconds,
      withRelay: withRelay)
  }

  /// What a backend has ordered.
  func offer(_ order: BackendDesk.CredentialOrder) -> ICEOffer {
    offer(
      to: [order.tenant.text, order.room?.text ?? "", order.peer?.text ?? ""],
      ttlSeconds: order.ttlMs.map { $0 / 1_000 } ?? settings.ttlSeconds,
      withRelay: order.withRelay)
  }

  /// - Parameter names: of tenant, room and peer, so that the relay's usage can be told apart;
  ///   empty where there is none.
  private func offer(to names: [String], ttlSeconds: Int64, withRelay: Bool) -> ICEOffer {
    var servers: [ICEServer] = []
    if !settings.stunURLs.isEmpty { servers.append(ICEServer(urls: settings.stunURLs)) }
    if withRelay {
      let name = names.filter { !$0.isEmpty }.joined(separator: ".")
      if let turn = turn(for: name, ttlSeconds: ttlSeconds) { servers.append(turn) }
    }
    return ICEOffer(servers: servers, ttlMs: ttlSeconds * 1_000)
  }

  private func turn(for name: String, ttlSeconds: Int64) -> ICEServer? {
    guard !settings.turnURLs.isEmpty else { return nil }
    switch settings.authentication {
    case .secret(let secret):
      let credentials = RESTCredential(
        name: name, secret: secret, unixSeconds: unixSeconds(), ttlSeconds: ttlSeconds,
        separator: settings.separator)
      return ICEServer(
        urls: settings.turnURLs, username: credentials.username, credential: credentials.password)
    case .fixed(let username, let password):
      return ICEServer(urls: settings.turnURLs, username: username, credential: password)
    case nil: return nil
    }
  }
}
