// What becomes of a message that is in order.

internal import NetTypes

/// What has to be known of a session to route a message of it.
struct Sender {
  /// What becomes of a message to a peer, as far as its room has a say.
  enum Way {
    /// There is no such peer, other than the sender.
    case nobody
    /// The room has no allowance left.
    case limited(retryAfterMs: Int64)
    /// To that session; everybody has to be told of the sender first, or has been.
    case open(SessionID, tellsFirst: Bool)
  }

  let id: SessionID
  let peer: PeerID
  /// Where its room is.
  let place: SlabHandle
  let permissions: Permissions
  /// Whether its tenant's clients together may only send so much.
  let isMetered: Bool

  init(_ id: SessionID, _ session: borrowing Session) {
    self.id = id
    peer = session.peer
    place = session.place
    permissions = session.permissions
    isMetered = session.tenantMessages != nil
  }
}

extension SignalingServer {
  /// One `switch` for all that clients say; its sender may be gone when it returns.
  mutating func route(
    _ message: ClientMessage, from sender: Sender, into effects: inout [SignalingEffect]
  ) {
    let (id, number) = (sender.id, message.number)
    switch message.body {
    case .join:
      let error = ErrorMessage(.alreadyJoined, "already in a room", answers: number)
      tell(id, error, into: &effects)
    case .offer(let peer, let sdp):
      let message = ServerMessage.offer(from: sender.peer, sdp: sdp)
      relay(message, .signal, to: peer, sender, number, into: &effects)
    case .answer(let peer, let sdp):
      let message = ServerMessage.answer(from: sender.peer, sdp: sdp)
      relay(message, .signal, to: peer, sender, number, into: &effects)
    case .candidate(let peer, let candidate):
      let message = ServerMessage.candidate(from: sender.peer, candidate: candidate)
      relay(message, .signal, to: peer, sender, number, into: &effects)
    case .endOfCandidates(let peer, let fragment):
      let message = ServerMessage.endOfCandidates(from: sender.peer, usernameFragment: fragment)
      relay(message, .signal, to: peer, sender, number, into: &effects)
    case .message(let peer?, let data):
      let message = ServerMessage.message(from: sender.peer, data: data)
      relay(message, .message, to: peer, sender, number, into: &effects)
    case .message(nil, let data):
      let message = ServerMessage.message(from: sender.peer, data: data)
      relayToAll(message, sender, number, into: &effects)
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
    _ message: ServerMessage, _ permission: Permissions, to peer: PeerID, _ sender: Sender,
    _ number: Int64?, into effects: inout [SignalingEffect]
  ) {
    guard sender.permissions.contains(permission) else {
      return refuse(sender.id, permission, number, into: &effects)
    }
    switch way(to: peer, from: sender) {
    case .nobody:
      let error = ErrorMessage(.noSuchPeer, "no such peer in this room", answers: number)
      tell(sender.id, error, into: &effects)
    case .limited(let retryAfterMs):
      limit(.room, sender.id, number, retryAfterMs, into: &effects)
    case .open(let target, let tellsFirst):
      guard mayDeliver(for: sender, number, into: &effects) else { return }
      if tellsFirst { flush(roomOf: sender, into: &effects) }
      deliver(message, to: target, into: &effects)
    }
  }

  /// Looks for a peer in the sender's room, and takes the room's allowance for one message.
  private mutating func way(to peer: PeerID, from sender: Sender) -> Sender.Way {
    let (rate, now) = (limits.roomDeliveries, now)
    let way = directory.update(sender.place) { room -> Sender.Way in
      guard let target = room.session(peer), target != sender.id else { return .nobody }
      if case .limited(let retryAfterMs) = room.deliveries.take(at: rate, now: now) {
        return .limited(retryAfterMs: retryAfterMs)
      }
      return .open(target, tellsFirst: room.pending.concerns(sender.peer))
    }
    return way ?? .nobody
  }

  private mutating func relayToAll(
    _ message: ServerMessage, _ sender: Sender, _ number: Int64?,
    into effects: inout [SignalingEffect]
  ) {
    guard sender.permissions.contains(.message) else {
      return refuse(sender.id, .message, number, into: &effects)
    }
    let (rate, now) = (limits.roomDeliveries, now)
    let room = directory.update(sender.place) { room in
      let others = room.count - 1
      let verdict =
        others > 0 ? room.deliveries.take(others, at: rate, now: now) : .allowed
      return (room.members, verdict, tellsFirst: room.pending.concerns(sender.peer))
    }
    guard let (members, verdict, tellsFirst) = room, members.count > 1 else { return }
    if case .limited(let retryAfterMs) = verdict {
      return limit(.room, sender.id, number, retryAfterMs, into: &effects)
    }
    guard mayDeliver(for: sender, number, into: &effects) else { return }
    if tellsFirst { flush(roomOf: sender, into: &effects) }
    deliver(message, to: members, except: sender.id, into: &effects)
  }

  /// Everybody is told of a sender before its message; and everybody at once, for all see all
  /// changes and messages in one order.
  private mutating func flush(roomOf sender: Sender, into effects: inout [SignalingEffect]) {
    if let room = look(sender.id, { $0.room }) { flush(room, into: &effects) }
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

  // MARK: Allowances of tenants

  /// Takes the tenant's allowance for a message; tells the sender when there is none.
  private mutating func mayDeliver(
    for sender: Sender, _ number: Int64?, into effects: inout [SignalingEffect]
  ) -> Bool {
    guard sender.isMetered, let session = sessions[sender.id.handle],
      let rate = session.tenantMessages,
      case .limited(let retryAfterMs) = spend(session.room.tenant, rate)
    else { return true }
    limit(.tenant, sender.id, number, retryAfterMs, into: &effects)
    return false
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
