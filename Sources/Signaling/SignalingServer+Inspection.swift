// What an operator can ask for.

internal import NetTypes

extension SignalingServer {
  /// Members of all rooms, suspended ones too.
  public var memberCount: Int { sessions.count }

  /// Rooms with somebody in them.
  public var roomCount: Int { directory.count }

  /// All rooms, by tenant and name.
  public func snapshot() -> [RoomSnapshot] {
    directory.keys.sorted {
      ($0.tenant.text, $0.name.text) < ($1.tenant.text, $1.name.text)
    }.compactMap { snapshot(of: $0) }
  }

  /// The rooms of this name, one for each tenant that has one.
  public func rooms(named name: RoomName) -> [RoomKey] {
    directory.keys.filter { $0.name == name }
  }

  /// One room; nil when nobody is in it.
  public func snapshot(of key: RoomKey) -> RoomSnapshot? {
    guard directory[key] != nil else { return nil }
    let members = directory.members(of: key).compactMap { id in
      sessions[id.handle].map { snapshot(of: $0, key) }
    }
    return RoomSnapshot(tenant: key.tenant, name: key.name, members: members)
  }

  private func snapshot(of session: Session, _ room: RoomKey) -> MemberSnapshot {
    let since = session.connection == nil ? suspended : heard
    let state: MemberSnapshot.State =
      session.connection == nil
      ? .suspended(since: since.since(session.slot))
      : .connected(lastHeard: since.since(session.slot))
    return MemberSnapshot(
      peer: session.peer, profile: session.profile, permissions: session.permissions,
      joined: session.joined, state: state, connection: session.connection,
      rttMs: session.rttMs.map(Int64.init), received: session.received.byKind,
      sent: session.sent.byKind, lastSent: session.outbound.last,
      acknowledged: session.outbound.acknowledged, waitingMessages: session.outbound.ring.count,
      waitingBytes: session.outbound.ring.bytes, lastError: session.lastError,
      pairs: session.pairs.filter { directory.session(of: $0.peer, in: room) != nil })
  }
}
