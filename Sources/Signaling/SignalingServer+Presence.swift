// How members hear of each other.

internal import NetTypes

extension SignalingServer {
  /// Tells all others in its room what has become of a member: at once in a small room, together
  /// with other changes in a large one.
  mutating func announce(
    _ state: PresenceChange.State, of id: SessionID, _ peer: PeerID, in key: RoomKey,
    into effects: inout [SignalingEffect]
  ) {
    guard let room = directory[key], !room.isEmpty else { return }
    let change = PresenceChange(peer, state)
    guard room.count > limits.presenceAtOnceMax || !room.pending.isEmpty else {
      return broadcast(.presence([change]), in: key, except: id, into: &effects)
    }
    counters.collected += 1
    let slot = room.pending.isEmpty ? changing.append(key, now: now) : room.pending.slot
    _ = directory.update(key) { room in
      room.pending.add(change)
      room.pending.slot = slot
    }
  }

  /// The member was given a snapshot just now, so nothing that waits is news to it.
  mutating func tellNothingPending(to id: SessionID, in key: RoomKey) {
    _ = directory.update(key) { $0.pending.tellNothing(to: id) }
  }

  /// Tells everybody in a room what waits to be told.
  mutating func flush(_ key: RoomKey, into effects: inout [SignalingEffect]) {
    guard let room = directory[key], !room.pending.isEmpty else { return }
    let pending = room.pending
    changing.remove(pending.slot)
    _ = directory.update(key) { $0.pending = PendingPresence() }
    var usual: [SessionID] = []
    for id in room.members {
      guard let peer = look(id, { $0.peer }) else { continue }
      guard pending.isSpecial(id, peer) else {
        usual.append(id)
        continue
      }
      let news = pending.news(for: id, peer)
      if !news.isEmpty { deliver(.presence(news), to: id, into: &effects) }
    }
    deliver(.presence(pending.changes), to: usual, into: &effects)
  }

  /// The others in a room, as a snapshot has them.
  func roster(of key: RoomKey, without id: SessionID? = nil) -> [Joined.Peer] {
    directory.members(of: key).compactMap { other in
      guard other != id else { return nil }
      return look(other) {
        Joined.Peer(peer: $0.peer, profile: $0.profile, isSuspended: $0.connection == nil)
      }
    }
  }
}
