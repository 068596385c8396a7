// The rooms of one event loop: who is in them, and what becomes of each message.

public import NetTypes

/// The signaling core of one event loop, after Docs/protocol.md. It has all the members of each of
/// its rooms, so that no other loop has a say in their order.
///
/// Inputs append to the caller's `effects`, to be carried out in order before the next input. `now`
/// never goes back. Between inputs the driver sleeps until `nextDeadline`.
public struct SignalingServer: ~Copyable {
  /// The bounds it keeps.
  public let limits: SignalingLimits
  /// What has happened so far.
  public internal(set) var counters = SignalingCounters()

  var random: any RandomNumberGenerator
  /// May change; what peers were told before stays true as long as it said.
  public var iceServers: any ICEServerSource
  let incarnation: Incarnation
  var rooms: [RoomKey: Room] = [:]
  var sessions: [ConnectionID: Session] = [:]
  var recency = RecencyQueue()

  /// - Parameters:
  ///   - random: gives peers their names.
  ///   - iceServers: gives peers their STUN and TURN servers.
  ///   - incarnation: this run of the server, the same for all loops.
  public init(
    limits: SignalingLimits = SignalingLimits(), random: any RandomNumberGenerator,
    iceServers: any ICEServerSource, incarnation: Incarnation
  ) {
    self.limits = limits
    self.random = random
    self.iceServers = iceServers
    self.incarnation = incarnation
  }

  // MARK: Inputs

  /// A message came over a connection that has joined.
  public mutating func receive(
    _ message: ClientMessage, from connection: ConnectionID, now: Instant,
    into effects: inout [SignalingEffect]
  ) {
    counters.received[message.body.kind, default: 0] += 1
    guard let slot = sessions[connection]?.slot else { return drop(.noSession) }
    recency.touch(slot, now: now)
    guard let admission = sessions[connection]?.admit(message, limits: limits, now: now) else {
      return
    }
    switch admission {
    case .take:
      route(message, from: connection, into: &effects)
    case .drop(let reason):
      drop(reason)
    case .refuse(let code, let retryAfterMs):
      let text = code == .outOfOrder ? "a number was left out" : "too many messages"
      let error = ErrorMessage(code, text, answers: message.number, retryAfterMs: retryAfterMs)
      tell(connection, error, into: &effects)
    case .flood(let retryAfterMs):
      let error = ErrorMessage(
        .rateLimited, "far too many messages", answers: message.number, retryAfterMs: retryAfterMs)
      tell(connection, error, into: &effects)
      end(connection, .flood, .error, into: &effects)
    }
  }

  /// The driver lost or closed a connection by itself.
  public mutating func connectionClosed(
    _ connection: ConnectionID, _ end: ConnectionEnd, now: Instant,
    into effects: inout [SignalingEffect]
  ) {
    forget(connection, end == .error ? .error : .timeout, into: &effects)
  }

  /// Ends the connections that have been silent for too long.
  public mutating func advance(to now: Instant, into effects: inout [SignalingEffect]) {
    while let first = recency.first, first.heard + limits.silenceMax <= now {
      end(first.connection, .silent, .timeout, into: &effects)
    }
  }

  /// The server stops: every connection ends with 1001, and nobody is told who left.
  public mutating func stop(into effects: inout [SignalingEffect]) {
    for connection in sessions.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
      counters.closes[.goingAway, default: 0] += 1
      effects.append(.close(connection, .goingAway))
    }
    rooms = [:]
    sessions = [:]
    recency = RecencyQueue()
  }

  /// When to call `advance` next; nil while nobody is here.
  public var nextDeadline: Instant? {
    recency.first.map { $0.heard + limits.silenceMax }
  }

  // MARK: Routing

  private mutating func route(
    _ message: ClientMessage, from connection: ConnectionID, into effects: inout [SignalingEffect]
  ) {
    guard let sender = sessions[connection]?.peer else { return }
    let number = message.number
    switch message.body {
    case .join:
      tell(
        connection, ErrorMessage(.alreadyJoined, "already in a room", answers: number),
        into: &effects)
    case .offer(let peer, let sdp):
      relay(.offer(from: sender, sdp: sdp), to: peer, connection, number, into: &effects)
    case .answer(let peer, let sdp):
      relay(.answer(from: sender, sdp: sdp), to: peer, connection, number, into: &effects)
    case .candidate(let peer, let candidate):
      let message = ServerMessage.candidate(from: sender, candidate: candidate)
      relay(message, to: peer, connection, number, into: &effects)
    case .endOfCandidates(let peer, let fragment):
      let message = ServerMessage.endOfCandidates(from: sender, usernameFragment: fragment)
      relay(message, to: peer, connection, number, into: &effects)
    case .message(let peer?, let data):
      relay(.message(from: sender, data: data), to: peer, connection, number, into: &effects)
    case .message(nil, let data):
      broadcast(.message(from: sender, data: data), except: connection, into: &effects)
    case .ice(let relay):
      if relay { sessions[connection]?.hasAskedForRelay = true }
      giveICEServers(to: connection, into: &effects)
    case .report: break
    case .kick, .closeRoom:
      let error = ErrorMessage(.notPermitted, "not a moderator", answers: number)
      tell(connection, error, into: &effects)
    case .leave:
      end(connection, .left, .left, into: &effects)
    case .ping(let ack, _):
      pong(connection, ack, number, into: &effects)
    case .invalid(let code, let detail):
      tell(connection, ErrorMessage(code, detail, answers: number), into: &effects)
    }
  }

  private mutating func relay(
    _ message: ServerMessage, to peer: PeerID, _ connection: ConnectionID, _ number: Int64?,
    into effects: inout [SignalingEffect]
  ) {
    guard let room = sessions[connection]?.room, let target = rooms[room]?.member(peer),
      target.connection != connection
    else {
      let error = ErrorMessage(.noSuchPeer, "no such peer in this room", answers: number)
      return tell(connection, error, into: &effects)
    }
    send(message, to: target.connection, into: &effects)
  }

  private mutating func giveICEServers(
    to connection: ConnectionID, into effects: inout [SignalingEffect]
  ) {
    guard let session = sessions[connection] else { return }
    send(.ice(offer(to: session)), to: connection, into: &effects)
  }

  func offer(to session: Session) -> ICEOffer {
    let withRelay =
      switch session.grant.relay {
      case .always, .fallback: true
      case .onDemand: session.hasAskedForRelay
      case .never: false
      }
    return iceServers.offer(for: session.peer, in: session.room, withRelay: withRelay)
  }

  private mutating func pong(
    _ connection: ConnectionID, _ ack: Int64, _ number: Int64?,
    into effects: inout [SignalingEffect]
  ) {
    guard sessions[connection]?.outbound.acknowledge(ack) == true else {
      let error = ErrorMessage(
        .badMessage, "ack is beyond what was sent", answers: number)
      return tell(connection, error, into: &effects)
    }
    send(.pong(ack: sessions[connection]?.inbound.last ?? 0), to: connection, into: &effects)
  }
}
