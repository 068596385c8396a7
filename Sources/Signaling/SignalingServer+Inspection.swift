// What an operator can ask for.

extension SignalingServer {
  /// Members of all rooms.
  public var memberCount: Int { sessions.count }

  /// Rooms with somebody in them.
  public var roomCount: Int { rooms.count }

  /// All rooms, by name.
  public func snapshot() -> [RoomSnapshot] {
    rooms.keys.sorted { ($0.tenant.text, $0.name.text) < ($1.tenant.text, $1.name.text) }.compactMap
    { snapshot(of: $0) }
  }

  /// One room; nil when nobody is in it.
  public func snapshot(of key: RoomKey) -> RoomSnapshot? {
    guard let room = rooms[key] else { return nil }
    let members = room.members.compactMap { member in
      sessions[member.connection].map { snapshot(of: $0, member.connection) }
    }
    return RoomSnapshot(tenant: key.tenant, name: key.name, members: members)
  }

  private func snapshot(of session: Session, _ connection: ConnectionID) -> MemberSnapshot {
    MemberSnapshot(
      connection: connection, peer: session.peer, name: session.profile.name,
      joined: session.joined,
      lastHeard: recency.heard(session.slot), received: session.received, sent: session.sent,
      lastSent: session.outbound.last, acknowledged: session.outbound.acknowledged,
      lastError: session.lastError)
  }
}
