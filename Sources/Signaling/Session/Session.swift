// One member's side of the protocol: numbers, allowance, tallies.

internal import NetTypes

/// One client's session, from its `join` until it is gone; connections come and go.
struct Session: Sendable {
  /// What is to be done with a message before its meaning matters.
  enum Admission: Equatable {
    case take
    case drop(DropReason)
    case refuse(ErrorCode, retryAfterMs: Int64?)
    /// Refused as `rate_limited` once too often.
    case flood
  }

  let room: RoomKey
  /// Where the server has that room.
  var place = SlabHandle(index: -1, generation: 0)
  let peer: PeerID
  let profile: Profile
  let permissions: Permissions
  let relay: RelayPolicy
  /// What the tenant's clients together may send; nil for any number.
  let tenantMessages: Rate?
  /// Members that the room may have.
  let peersMax: Int
  let joined: Instant
  /// The session of an earlier run that it goes on from.
  var origin: SessionOrigin?

  /// Nil while it is suspended.
  var connection: ConnectionID?
  /// Where the server's queue of those that are heard keeps it, or the one of the suspended.
  var slot = QueueSlot.none
  /// Where the server's queue of rings with something in them keeps it.
  var agingSlot = QueueSlot.none
  /// Where its client is, or was last.
  var address: IPAddress?
  /// When its connection has to be replaced.
  var agesAt = Instant.distantFuture

  var inbound: InboundLane
  var outbound: OutboundLane
  var generations = Generations()
  /// The last number that its client said it had used when it last came back.
  var claimed: Int64 = 0
  /// Whether it lost everything by a restart and its client is not known to have been told.
  var restartIsUntold = false

  var floodgate: Floodgate
  var received = Tally<ClientMessage.Kind, UInt32>()
  var sent = Tally<ServerMessage.Kind, UInt32>()
  var lastError: ErrorCode?
  var hasAskedForRelay = false
  var rttMs: Int32?
  var pairs: [ReportedPair] = []

  init(
    room: RoomKey, peer: PeerID, profile: Profile, grant: Grant, peersMax: Int,
    rates: ClientRates, lanes: (inbound: InboundLane, outbound: OutboundLane), now: Instant
  ) {
    self.room = room
    self.peer = peer
    self.profile = profile
    permissions = grant.permissions
    relay = grant.relay
    tenantMessages = grant.limits.messages
    self.peersMax = peersMax
    inbound = lanes.inbound
    outbound = lanes.outbound
    joined = now
    floodgate = Floodgate(rates: rates, now: now)
    received.count(.join)
  }

  /// Counts, numbers and limits a message. Its number is used up even when it is refused.
  ///
  /// - Parameter refusedMax: `SignalingLimits.refusedMax`.
  mutating func admit(
    _ message: ClientMessage, rates: ClientRates, refusedMax: Int, now: Instant
  ) -> Admission {
    generations.confirm()
    restartIsUntold = false
    let kind = message.body.kind
    received.count(kind)
    let allowance = floodgate.take(kind, rates: rates, now: now)
    let lane = judge(message)
    if lane == .gap { return .refuse(.outOfOrder, retryAfterMs: nil) }
    if case .limited(let retryAfterMs) = allowance {
      if floodgate.refused >= refusedMax { return .flood }
      if lane == .next { return .refuse(.rateLimited, retryAfterMs: retryAfterMs) }
    }
    return lane == .seenBefore ? .drop(.seenBefore) : .take
  }

  /// A message to the client, as it leaves.
  struct Numbered {
    let number: Int64
    /// Where it leaves at once; nil when it waits for the client to come back.
    let connection: ConnectionID?
    let dropped: Dropped
    /// Something is kept now, and the queue of rings with something in them has to know.
    let needsAging: Bool
  }

  /// Numbers and keeps a message. A `pong` repeats the last number and is not kept.
  mutating func number(
    _ message: ServerMessage, _ kind: ServerMessage.Kind, now: Instant, limits: ReplayLimits
  ) -> Numbered {
    sent.count(kind)
    guard kind != .pong else {
      return Numbered(
        number: outbound.last, connection: connection, dropped: Dropped(), needsAging: false)
    }
    let dropped = outbound.number(message, now: now, limits: limits)
    let needsAging = agingSlot == QueueSlot.none && !outbound.ring.isEmpty
    return Numbered(
      number: outbound.last, connection: connection, dropped: dropped, needsAging: needsAging)
  }

  private mutating func judge(_ message: ClientMessage) -> InboundLane.Verdict {
    guard let number = message.number else { return inbound.takeUnread() }
    return message.body.kind == .ping ? inbound.look(at: number) : inbound.take(number)
  }

  /// Whether TURN servers belong to what its client is offered.
  var wantsRelay: Bool {
    switch relay {
    case .always, .fallback: true
    case .onDemand: hasAskedForRelay
    case .never: false
    }
  }

  /// Notes the way of the media toward `peer`, and forgets the oldest of too many.
  mutating func note(_ pair: SelectedPair, toward peer: PeerID, max: Int) {
    pairs.removeAll { $0.peer == peer }
    if pairs.count >= max { pairs.removeFirst() }
    pairs.append(ReportedPair(peer: peer, pair: pair))
  }
}
