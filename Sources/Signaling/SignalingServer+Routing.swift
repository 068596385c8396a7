// What becomes of a message that is in order.

internal import NetTypes

extension SignalingServer {
  /// One `switch` for all that clients say; its sender may be gone when it returns.
  mutating func route(
    _ message: ClientMessage, from id: SessionID, into effects: inout [SignalingEffect]
  ) {
    guard let sender = look(id, { $0.peer }) else { return }
    let number = message.number
    switch message.body {
    case .join:
      let error = ErrorMessage(.alreadyJoined, "already in a room", answers: number)
      tell(id, error, into: &effects)
    case .offer(let peer, let sdp):
      relay(.offer(from: sender, sdp: sdp), .signal, to: peer, id, number, into: &effects)
    case .answer(let peer, let sdp):
      relay(.answer(from: sender, sdp: sdp), .signal, to: peer, id, number, into: &effects)
    case .candidate(let peer, let candidate):
      let message = ServerMessage.candidate(from: sender, candidate: candidate)
      relay(message, .signal, to: peer, id, number, into: &effects)
    case .endOfCandidates(let peer, let fragment):
      let message = ServerMessage.endOfCandidates(from: sender, usernameFragment: fragment)
      relay(message, .signal, to: peer, id, number, into: &effects)
    case .message(let peer?, let data):
      relay(.message(from: sender, data: data), .message, to: peer, id, number, into: &effects)
    case .message(nil, let data):
      relayToAll(.message(from: sender, data: data), id, number, into: &effects)
    case .ice(let relay):
      giveICEServers(to: id, withRelay: relay, into: &effects)
    case .report(let peer, let pair):
      note(pair, toward: peer, by: id)
    case .kick(let peer, let reason):
      kick(peer, reason, by: id, number, into: &effects)
    case .closeRoom(let reason):
      closeRoom(reason, by: id, number, into: &effects)
    case .leave:
      end(id, .left, .left, into: &effects)
    case .ping(let ack, let rttMs):
      pong(id, ack, rttMs, number, into: &effects)
    case .invalid(let code, let detail):
      tell(id, ErrorMessage(code, detail, answers: number), into: &effects)
    }
  }

  // MARK: From peer to peer

  private mutating func relay(
    _ message: ServerMessage, _ permission: Permissions, to peer: PeerID, _ id: SessionID,
    _ number: Int64?, into effects: inout [SignalingEffect]
  ) {
    guard let session = sessions[id.handle], may(session, permission) else {
      return refuse(id, permission, number, into: &effects)
    }
    guard let target = directory.session(of: peer, in: session.room), target != id else {
      let error = ErrorMessage(.noSuchPeer, "no such peer in this room", answers: number)
      return tell(id, error, into: &effects)
    }
    guard mayDeliver(1, for: id, session, number, into: &effects) else { return }
    flushIfConcerned(session, into: &effects)
    deliver(message, to: target, into: &effects)
  }

  private mutating func relayToAll(
    _ message: ServerMessage, _ id: SessionID, _ number: Int64?,
    into effects: inout [SignalingEffect]
  ) {
    guard let session = sessions[id.handle], may(session, .message) else {
      return refuse(id, .message, number, into: &effects)
    }
    let others = (directory[session.room]?.count ?? 1) - 1
    guard others > 0, mayDeliver(others, for: id, session, number, into: &effects) else { return }
    flushIfConcerned(session, into: &effects)
    broadcast(message, in: session.room, except: id, into: &effects)
  }

  /// Everybody is told of a sender before its message; and everybody at once, for all see all
  /// changes and messages in one order.
  private mutating func flushIfConcerned(
    _ sender: Session, into effects: inout [SignalingEffect]
  ) {
    if directory[sender.room]?.pending.concerns(sender.peer) == true {
      flush(sender.room, into: &effects)
    }
  }

  func may(_ session: Session, _ permission: Permissions) -> Bool {
    session.permissions.contains(permission)
  }

  mutating func refuse(
    _ id: SessionID, _ permission: Permissions, _ number: Int64?,
    into effects: inout [SignalingEffect]
  ) {
    let word = permission.words.first ?? ""
    let error = ErrorMessage(.notPermitted, "may not do this: \(word)", answers: number)
    tell(id, error, into: &effects)
  }

  // MARK: Allowances of rooms and tenants

  /// Takes the allowance for so many deliveries, of the room and of the tenant; tells the sender
  /// when there is none.
  private mutating func mayDeliver(
    _ count: Int, for id: SessionID, _ session: Session, _ number: Int64?,
    into effects: inout [SignalingEffect]
  ) -> Bool {
    let rate = limits.roomDeliveries
    let now = now
    let verdict = directory.update(session.room) {
      $0.deliveries.take(count, at: rate, now: now)
    }
    if case .limited(let retryAfterMs)? = verdict {
      limit(.room, id, number, retryAfterMs, into: &effects)
      return false
    }
    guard let rate = session.tenantMessages else { return true }
    if case .limited(let retryAfterMs) = spend(session.room.tenant, rate) {
      limit(.tenant, id, number, retryAfterMs, into: &effects)
      return false
    }
    return true
  }

  /// Spends allowance that was drawn for several messages at once: other loops need not be asked
  /// for each.
  private mutating func spend(_ tenant: TenantID, _ rate: Rate) -> MessageAllowance {
    if let left = allowances[tenant], left > 0 {
      allowances[tenant] = left - 1
      return .allowed
    }
    let count = max(1, min(32, rate.burst / 16))
    let drawn = tenants.draw(tenant, count: count, at: rate, now: now)
    if drawn == .allowed { allowances[tenant] = count - 1 }
    return drawn
  }

  mutating func limit(
    _ limit: SignalingCounters.Limit, _ id: SessionID, _ number: Int64?, _ retryAfterMs: Int64?,
    into effects: inout [SignalingEffect]
  ) {
    counters.limited[limit, default: 0] += 1
    let error = ErrorMessage(
      .rateLimited, "too many messages", answers: number, retryAfterMs: retryAfterMs)
    tell(id, error, into: &effects)
  }

  // MARK: Between a client and the server

  private mutating func giveICEServers(
    to id: SessionID, withRelay: Bool, into effects: inout [SignalingEffect]
  ) {
    if withRelay {
      counters.relayAsked += 1
      _ = sessions.update(id.handle) { $0.hasAskedForRelay = true }
    }
    guard let session = sessions[id.handle] else { return }
    deliver(.ice(offer(to: session)), to: id, into: &effects)
  }

  func offer(to session: Session) -> ICEOffer {
    iceServers.offer(for: session.peer, in: session.room, withRelay: session.wantsRelay)
  }

  private mutating func note(_ pair: SelectedPair, toward peer: PeerID, by id: SessionID) {
    guard let room = sessions[id.handle]?.room, directory.session(of: peer, in: room) != nil else {
      return
    }
    counters.pairs[pair.isRelayed ? .relayed : .direct, default: 0] += 1
    let max = limits.pairsMax
    _ = sessions.update(id.handle) { $0.note(pair, toward: peer, max: max) }
  }

  private mutating func pong(
    _ id: SessionID, _ ack: Int64, _ rttMs: Int64?, _ number: Int64?,
    into effects: inout [SignalingEffect]
  ) {
    let result = sessions.update(id.handle) { session -> (isRight: Bool, last: Int64) in
      if let rttMs { session.rttMs = Int32(clamping: rttMs) }
      return (session.outbound.acknowledge(ack), session.inbound.last)
    }
    guard let result, result.isRight else {
      let error = ErrorMessage(.badMessage, "ack is beyond what was sent", answers: number)
      return tell(id, error, into: &effects)
    }
    stopAgingIfEmpty(id)
    deliver(.pong(ack: result.last), to: id, into: &effects)
  }
}
