// Who is in the room, as one client was told.

/// The other members of a room, kept from `joined` and `presence`.
public struct Roster: Sendable {
  /// One of the others.
  public struct Peer: Hashable, Sendable {
    /// Its name for people.
    public var name: String
    /// Its place in the order of joins.
    public var order: Int64
    /// Its connection broke, and it may come back.
    public var isSuspended: Bool

    /// Somebody.
    public init(name: String, order: Int64, isSuspended: Bool) {
      (self.name, self.order, self.isSuspended) = (name, order, isSuspended)
    }
  }

  /// Everybody who is there, by peer.
  public private(set) var peers: [String: Peer] = [:]
  /// Who was there before a restart of the server and may still come back.
  public private(set) var awaited: Set<String> = []
  /// Everybody who is there, in the order in which they were told.
  public private(set) var names: [String] = []
  /// Whether `resumed` may name somebody who was not told of, as after a restart.
  public var expectsStrangers = false

  /// A roster with these in it.
  public init(_ peers: [(String, Peer)]) {
    for (peer, entry) in peers {
      self.peers[peer] = entry
      names.append(peer)
    }
  }

  /// An empty one.
  init(expectsStrangers: Bool = false) { self.expectsStrangers = expectsStrangers }

  /// Takes a snapshot in the place of everything known; the fault in it, if there is one.
  mutating func replace(_ snapshot: JSONValue?, awaitsOthers: Bool) -> String? {
    awaited = awaitsOthers ? awaited.union(names) : []
    peers = [:]
    names = []
    guard let entries = snapshot?.elements else { return "a snapshot without peers" }
    for entry in entries {
      guard let peer = entry["peer"]?.text, let state = entry["state"]?.text,
        state == "connected" || state == "suspended"
      else { return "a peer without a state" }
      if let fault = add(peer, entry, isSuspended: state == "suspended") { return fault }
    }
    return nil
  }

  /// Takes one change of `presence`; the fault in it, if there is one.
  mutating func apply(_ change: JSONValue, me: String?) -> String? {
    guard let peer = change["peer"]?.text, let state = change["state"]?.text else {
      return "a change without a peer or a state"
    }
    if peer == me { return "told of itself: \(state)" }
    switch state {
    case "joined":
      return add(peer, change, isSuspended: false)
    case "suspended":
      guard peers[peer]?.isSuspended == false else { return "\(peer) cannot be suspended" }
      peers[peer]?.isSuspended = true
    case "resumed":
      if peers[peer] == nil {
        guard expectsStrangers else { return "\(peer) resumed, and nobody knows it" }
        return add(peer, change, isSuspended: false)
      }
      peers[peer]?.isSuspended = false
    case "left":
      guard change["reason"]?.text != nil else { return "left without a reason" }
      guard peers.removeValue(forKey: peer) != nil else { return "\(peer) left, never came" }
      names.removeAll { $0 == peer }
    default: return "unknown state \(state)"
    }
    return nil
  }

  /// Those who have not come back after a restart are gone.
  mutating func settle() { awaited = [] }

  private mutating func add(_ peer: String, _ entry: JSONValue, isSuspended: Bool) -> String? {
    guard let name = entry["name"]?.text, let order = entry["order"]?.integer else {
      return "\(peer) has no name or no order"
    }
    let added = Peer(name: name, order: order, isSuspended: isSuspended)
    guard peers.updateValue(added, forKey: peer) == nil else { return "\(peer) came twice" }
    awaited.remove(peer)
    names.append(peer)
    return nil
  }
}
