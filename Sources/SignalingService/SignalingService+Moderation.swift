// What an operator does to a room, wherever in the process it is.

public import EventLoop
public import Signaling

/// What an operator can do to a room.
public enum Moderation: Hashable, Sendable {
  /// Removes one member.
  case kick(PeerID, Reason)
  /// Removes everybody.
  case close(Reason)
  /// Tells everybody something.
  case say(String)
}

/// What came of it.
public enum ModerationOutcome: Hashable, Sendable {
  /// So many members were removed, or told.
  case done(members: Int)
  case noSuchRoom
  case noSuchPeer
  /// Several tenants have a room of this name, and none was named.
  case severalRooms
}

extension SignalingService {
  /// Does it on the loop of the room, and hands what came of it to `done` on `loop`.
  ///
  /// - Parameter tenant: whose room; `nil` where only one tenant has a room of this name.
  public func moderate(
    _ room: RoomName, of tenant: TenantID?, _ moderation: Moderation, on loop: EventLoop,
    done: @escaping @Sendable (ModerationOutcome) -> Void
  ) {
    let loops = self.loops
    group.collect(on: loop) { asked in
      loops[asked.index].rooms(named: room, of: tenant)
    } done: { parts in
      let found = parts.enumerated().flatMap { index, keys in keys.map { (loops[index], $0) } }
      guard let (home, key) = found.first else { return done(.noSuchRoom) }
      guard found.count == 1 else { return done(.severalRooms) }
      home.loop.submit {
        let outcome = home.moderate(key, moderation)
        loop.submit { done(outcome) }
      }
    }
  }
}

extension SignalingLoop {
  fileprivate func rooms(named name: RoomName, of tenant: TenantID?) -> [RoomKey] {
    guard let tenant else { return server.rooms(named: name) }
    return server.rooms(named: name).filter { $0.tenant == tenant }
  }

  fileprivate func moderate(_ room: RoomKey, _ moderation: Moderation) -> ModerationOutcome {
    guard let members = server.snapshot(of: room)?.members.count else { return .noSuchRoom }
    var isDone = false
    input { server, effects in
      isDone =
        switch moderation {
        case .kick(let peer, let reason):
          server.kick(peer, from: room, reason, now: loop.now, into: &effects)
        case .close(let reason): server.closeRoom(room, reason, now: loop.now, into: &effects)
        case .say(let text): server.say(text, in: room, now: loop.now, into: &effects)
        }
    }
    if case .kick = moderation { return isDone ? .done(members: 1) : .noSuchPeer }
    return isDone ? .done(members: members) : .noSuchRoom
  }
}
