// One member's side of the protocol: numbers, allowance, tallies.

internal import NetTypes

/// One client's session, from its `join` until it is gone.
struct Session: Sendable {
  /// What is to be done with a message before its meaning matters.
  enum Admission: Equatable {
    case take
    case drop(DropReason)
    case refuse(ErrorCode, retryAfterMs: Int64?)
    /// Refused as `rate_limited` once too often.
    case flood(retryAfterMs: Int64)
  }

  let room: RoomKey
  let peer: PeerID
  let profile: Profile
  let grant: Grant
  let joined: Instant
  /// Where the server's `RecencyQueue` keeps this one.
  let slot: Int

  var inbound = InboundLane(last: ClientMessage.joinNumber)
  var outbound = OutboundLane()
  var received: [ClientMessage.Kind: Int] = [.join: 1]
  var sent: [ServerMessage.Kind: Int] = [:]
  var lastError: ErrorCode?
  var hasAskedForRelay = false

  private var bucket: TokenBucket
  /// Messages refused, less those allowed since.
  private var refused = 0

  init(
    room: RoomKey, peer: PeerID, profile: Profile, grant: Grant, slot: Int,
    limits: SignalingLimits, now: Instant
  ) {
    self.room = room
    self.peer = peer
    self.profile = profile
    self.grant = grant
    self.slot = slot
    joined = now
    bucket = TokenBucket(limits.rates.message, now: now)
    _ = bucket.take(now: now)
  }

  /// Counts, numbers and limits a message. Its number is used up even when it is refused.
  mutating func admit(_ message: ClientMessage, limits: SignalingLimits, now: Instant) -> Admission
  {
    received[message.body.kind, default: 0] += 1
    let allowance = bucket.take(now: now)
    // Were it set to zero by each message that is allowed, nobody below 50,000 a second would ever
    // be a flooder: 50 a second are allowed to everybody.
    refused = allowance == .allowed ? max(0, refused - 1) : refused + 1
    let lane = judge(message)
    if lane == .gap { return .refuse(.outOfOrder, retryAfterMs: nil) }
    if case .limited(let retryAfterMs) = allowance {
      if refused >= limits.refusedMax { return .flood(retryAfterMs: retryAfterMs) }
      if lane == .next { return .refuse(.rateLimited, retryAfterMs: retryAfterMs) }
    }
    return lane == .seenBefore ? .drop(.seenBefore) : .take
  }

  private mutating func judge(_ message: ClientMessage) -> InboundLane.Verdict {
    guard let number = message.number else { return inbound.takeUnread() }
    return message.body.kind == .ping ? inbound.look(at: number) : inbound.take(number)
  }
}
