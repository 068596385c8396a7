// Which sessions have to be there, by the rules of resuming.

internal import NetTypes
internal import Signaling

/// Knows from the connections alone which sessions can be resumed, and finds fault with a server
/// that forgot one too early or kept one too long.
struct Fates {
  private enum Fate {
    case attached(ConnectionID)
    case suspended(since: Instant)
    /// It left, or was made to.
    case over
    /// Of an earlier run of the server.
    case earlier
  }

  private let limits: SignalingLimits
  private var epoch: UInt64
  private var fates: [PeerID: Fate] = [:]
  private var peers: [ConnectionID: PeerID] = [:]
  private var rooms: [PeerID: RoomName] = [:]
  /// Who was told of a restart and has said nothing since.
  private var untold: Set<PeerID> = []
  private var settled = Instant.zero
  /// Whether this run has the key of the first.
  private var canOpenEarlier = true
  private(set) var coverage = Coverage()
  var faults: [String] = []

  init(_ limits: SignalingLimits, epoch: UInt64) {
    self.limits = limits
    self.epoch = epoch
  }

  /// A new run of the server.
  mutating func restart(at now: Instant, epoch: UInt64, remembers: Bool) {
    self.epoch = epoch
    fates = fates.mapValues { _ in .earlier }
    canOpenEarlier = remembers
    peers = [:]
    untold = []
    settled = now + .milliseconds(limits.settlingMs)
  }

  /// A connection is no more, or no longer its session's.
  mutating func detached(_ connection: ConnectionID, at now: Instant) {
    guard let peer = peers.removeValue(forKey: connection), case .attached(connection) = fates[peer]
    else { return }
    fates[peer] = .suspended(since: now)
  }

  /// What a member says may end sessions.
  mutating func note(_ body: ClientMessage.Body, from connection: ConnectionID) {
    guard let peer = peers[connection] else { return }
    untold.remove(peer)
    switch body {
    case .leave: fates[peer] = .over
    case .kick(let other, _): end(other)
    case .closeRoom: for (other, room) in rooms where room == rooms[peer] { end(other) }
    default: return
    }
  }

  /// Nobody can end a session that has not come back yet.
  private mutating func end(_ peer: PeerID) {
    switch fates[peer] {
    case .attached, .suspended: fates[peer] = .over
    case .earlier, .over, nil: return
    }
  }

  /// The server's answer to a `join`.
  mutating func note(_ joined: Joined, on link: Link, at now: Instant) {
    if joined.resumed {
      judgeResumption(joined, of: link.claimed, at: now)
    } else if let claimed = link.claimed, link.isHeld {
      judgeRefusal(of: claimed.peer, at: now)
    }
    fates[joined.peer] = .attached(link.connection)
    peers[link.connection] = joined.peer
    rooms[joined.peer] = joined.room
  }

  private mutating func judgeResumption(
    _ joined: Joined, of claimed: SessionStatement?, at now: Instant
  ) {
    let peer = joined.peer.text
    switch fates[joined.peer] {
    case .suspended(let since) where now > since + .milliseconds(limits.resumeWindowMs):
      faults.append("\(peer) was resumed after \(now - since)")
    case .earlier where now > settled || !canOpenEarlier:
      faults.append("\(peer) came back of an earlier run")
    case .over, nil: faults.append("\(peer) was resumed after its end")
    case .suspended, .attached, .earlier: break
    }
    // Whose secret is of an earlier run, be it for the second time, does not know yet; and who has
    // said nothing since it was told may not have been told.
    let isEarlier = claimed?.epoch != epoch
    let isRight =
      joined.gap == .restart ? isEarlier || untold.contains(joined.peer) : !isEarlier
    if joined.gap == .restart { untold.insert(joined.peer) }
    if !isRight {
      faults.append("\(peer) was told the gap \(joined.gap as Any)")
    }
  }

  /// A connection is closed because a newer one has its session. Where it never had the session,
  /// and its client waits for it, nothing newer can be.
  mutating func turnedAway(_ link: Link, at now: Instant) {
    guard peers[link.connection] == nil, let claimed = link.claimed else { return }
    coverage.count("resume: turned away as too old")
    if link.isHeld { judgeRefusal(of: claimed.peer, at: now) }
  }

  private mutating func judgeRefusal(of peer: PeerID, at now: Instant) {
    coverage.count("resume: session is no more")
    switch fates[peer] {
    case .attached: faults.append("\(peer.text) is there, and could not resume")
    case .suspended(let since) where now < since + .milliseconds(limits.resumeWindowMs):
      faults.append("\(peer.text) could not resume after \(now - since)")
    case .earlier where now < settled && canOpenEarlier:
      faults.append("\(peer.text) could not come back after a restart")
    case .earlier: coverage.count("restart: too late to come back")
    case .suspended, .over, nil: return
    }
  }
}
