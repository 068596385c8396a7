// Gives each peer its STUN and TURN servers.

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
    var servers: [ICEServer] = []
    if !settings.stunURLs.isEmpty { servers.append(ICEServer(urls: settings.stunURLs)) }
    if withRelay, let turn = turn(for: peer, in: room) { servers.append(turn) }
    return ICEOffer(servers: servers, ttlMs: settings.ttlSeconds * 1_000)
  }

  private func turn(for peer: PeerID, in room: RoomKey) -> ICEServer? {
    guard !settings.turnURLs.isEmpty else { return nil }
    switch settings.authentication {
    case .secret(let secret):
      // Names tenant, room and peer, so that the relay's usage can be told apart.
      let owner = room.tenant == .open ? "" : "\(room.tenant.text)."
      let credentials = RESTCredential(
        name: "\(owner)\(room.name.text).\(peer.text)", secret: secret, unixSeconds: unixSeconds(),
        ttlSeconds: settings.ttlSeconds, separator: settings.separator)
      return ICEServer(
        urls: settings.turnURLs, username: credentials.username, credential: credentials.password)
    case .fixed(let username, let password):
      return ICEServer(urls: settings.turnURLs, username: username, credential: password)
    case nil: return nil
    }
  }
}
