// The DTLS sessions of one loop, and the limits that keep strangers from filling it.

internal import EventLoop
public import NetTypes
internal import STUN

/// One client's session and what is remembered of it.
public final class DTLSSession {
  public let tuple: FiveTuple
  public let engine: DTLSEngine
  /// The random of the hello that began it, by which a late copy of that is known.
  let random: [UInt8]
  let network: Network
  let beganAt: Instant
  fileprivate(set) var handle: SlabHandle
  fileprivate var lastUsed: Instant
  /// Whether it counts among the handshakes.
  fileprivate var isYoung = true

  fileprivate init(_ tuple: FiveTuple, _ engine: DTLSEngine, random: [UInt8], now: Instant) {
    self.tuple = tuple
    self.engine = engine
    self.random = random
    network = Network(tuple.client.ip)
    beganAt = now
    lastUsed = now
    handle = SlabHandle(index: 0, generation: 0)
  }
}

/// Addresses that one site has at its disposal: an IPv4 /24 or an IPv6 /56.
struct Network: Hashable {
  private let family: IPAddress.Family
  private let bits: UInt64

  init(_ ip: IPAddress) {
    family = ip.family
    bits = ip.family == .v4 ? ip.low >> 8 : ip.high >> 8
  }
}

public struct DTLSLimits: Sendable {
  /// Sessions of one loop; each takes some 50 KB.
  public var sessionsMax = 8_192
  /// Of these, handshakes that are not done: of all, and of one IPv4 /24 or IPv6 /56.
  public var handshakesMax = 1_024
  public var handshakesPerNetworkMax = 64
  /// How long a handshake may take.
  public var handshakeMax = Duration.seconds(20)
  /// How long a session may be without traffic and without allocation.
  public var idleMax = Duration.seconds(60)

  public init() {}
}

/// Why a datagram was not given to a session: each has a counter.
public enum DTLSDrop: Int, CaseIterable, Sendable {
  /// Not whole records of DTLS.
  case notDTLS
  /// Records of a session that is not there.
  case noSession
  /// A new client beyond ``DTLSLimits/sessionsMax``.
  case tooManySessions
  /// A new client beyond the limits of handshakes.
  case tooManyHandshakes
  /// Data that the session cannot decrypt, or has had before.
  case unreadable
}

/// Which datagram belongs to which session. It does no I/O and reads no clock.
public final class DTLSSessions {
  /// What a datagram is for.
  public enum Answer {
    case drop(DTLSDrop)
    /// A client without session: he may get a cookie, from ``DTLSSessions/gate``.
    case asked
    /// A client whose cookie is good: what his session's engine has for him is to be sent. When
    /// `replacing`, whatever he had before under that address has ended.
    case began(DTLSSession, replacing: Bool)
    /// For the session's engine to open.
    case known(DTLSSession)
  }

  public let gate: DTLSGate
  private let certificates: CertificateStore
  private let limits: DTLSLimits
  private let hashKey: HashKey
  private var sessions: Slab<DTLSSession>
  private var byTuple = SlotTable()
  private var timers: TimerWheel
  private var handshakes: [Network: Int] = [:]
  public private(set) var handshakeCount = 0
  public var count: Int { sessions.count }
  /// Sessions whose handshake was done.
  public private(set) var establishedCount: UInt64 = 0
  private var drops = [UInt64](repeating: 0, count: DTLSDrop.allCases.count)

  public init(
    _ certificates: CertificateStore, _ limits: DTLSLimits = DTLSLimits(), cookies: CookieMint,
    random: some RandomNumberGenerator, now: Instant
  ) {
    self.certificates = certificates
    self.limits = limits
    gate = DTLSGate(cookies)
    var random = random
    hashKey = HashKey(using: &random)
    sessions = Slab(capacity: limits.sessionsMax)
    timers = TimerWheel(now: now)
  }

  public func drops(_ reason: DTLSDrop) -> UInt64 { drops[reason.rawValue] }

  // MARK: Datagrams

  /// Whose the datagram `bytes[payload]` is. Nothing is kept for it unless it holds a good cookie.
  public func received(
    _ bytes: Span<UInt8>, _ payload: Range<Int>, from tuple: FiveTuple, now: Instant
  ) -> Answer {
    let answer = judge(bytes, payload, tuple, now)
    switch answer {
    case .drop(let reason): drops[reason.rawValue] &+= 1
    case .known(let session): session.lastUsed = now
    case .asked, .began: break
    }
    return answer
  }

  private func judge(
    _ bytes: Span<UInt8>, _ payload: Range<Int>, _ tuple: FiveTuple, _ now: Instant
  ) -> Answer {
    switch DTLSDatagram(bytes, in: payload) {
    case .malformed: return .drop(.notDTLS)
    case .records: return session(of: tuple).map(Answer.known) ?? .drop(.noSession)
    case .clientHello(let range):
      let random = range.map { bytes[$0] }
      let present = session(of: tuple)
      // RFC 6347 §4.2.8: a client who forgot his session begins another from the same port. But a
      // hello of the session he has is a late copy, and while it shakes hands there is no other.
      if let present, present.isYoung || present.random == random { return .known(present) }
      return admit(bytes, payload, tuple, random, replacing: present, now)
    }
  }

  private func admit(
    _ bytes: Span<UInt8>, _ payload: Range<Int>, _ tuple: FiveTuple, _ random: [UInt8],
    replacing present: DTLSSession?, _ now: Instant
  ) -> Answer {
    guard sessions.count < limits.sessionsMax || present != nil else {
      return .drop(.tooManySessions)
    }
    let inNetwork = handshakes[Network(tuple.client.ip), default: 0]
    guard handshakeCount < limits.handshakesMax, inNetwork < limits.handshakesPerNetworkMax else {
      return .drop(.tooManyHandshakes)
    }
    let engine = gate.admit(bytes, payload, from: tuple, now: now, by: certificates.dtls)
    guard let engine else { return .asked }
    if let present { remove(present) }
    let session = DTLSSession(tuple, engine, random: random, now: now)
    guard let handle = sessions.insert(session) else { return .drop(.tooManySessions) }
    session.handle = handle
    byTuple.insert(hashKey.hash(tuple), slot: Int(handle.index))
    handshakes[session.network, default: 0] += 1
    handshakeCount += 1
    schedule(session, at: nextRetransmission(session, now))
    return .began(session, replacing: present != nil)
  }

  /// The session of a client's 5-tuple.
  public func session(of tuple: FiveTuple) -> DTLSSession? {
    let slot = byTuple.find(hashKey.hash(tuple)) { index in
      sessions.value(at: index) { $0.tuple == tuple } ?? false
    }
    return slot.flatMap { sessions.handle(at: $0) }.flatMap { sessions[$0] }
  }

  /// To be called when a session's engine made nothing of a datagram that begins with `first`.
  public func yieldedNothing(_ session: DTLSSession, first: UInt8) {
    if first == DTLSDatagram.dataType && !session.isYoung {
      drops[DTLSDrop.unreadable.rawValue] &+= 1
    }
  }

  /// To be called when the session's engine has opened a datagram. `false`: the session has ended
  /// with it, and is forgotten.
  public func goesOn(_ session: DTLSSession) -> Bool {
    switch session.engine.progress {
    case .handshaking: return true
    case .established:
      if session.isYoung {
        establishedCount &+= 1
        grow(session)
        schedule(session, at: session.lastUsed + limits.idleMax)
      }
      return true
    case .ended, .failed:
      remove(session)
      return false
    }
  }

  private func grow(_ session: DTLSSession) {
    guard session.isYoung else { return }
    session.isYoung = false
    handshakeCount -= 1
    let left = handshakes[session.network, default: 1] - 1
    handshakes[session.network] = left > 0 ? left : nil
  }

  private func remove(_ session: DTLSSession) {
    guard sessions.remove(session.handle) != nil else { return }
    grow(session)
    byTuple.remove(hashKey.hash(session.tuple), slot: Int(session.handle.index))
  }

  // MARK: Time

  public var nextDeadline: Instant? { timers.nextDeadline }

  private func schedule(_ session: DTLSSession, at deadline: Instant) {
    timers.schedule(Int(session.handle.index), at: deadline)
  }

  private func nextRetransmission(_ session: DTLSSession, _ now: Instant) -> Instant {
    min(
      now + (session.engine.timeout ?? limits.handshakeMax), session.beganAt + limits.handshakeMax)
  }

  /// Sends again what was lost in handshakes, and ends the sessions that have had their time.
  ///
  /// - Parameters:
  ///   - keeps: whether a client's 5-tuple has something that keeps its session: an allocation.
  ///   - each: is told of each session whose engine may have something to send, and whether the
  ///     session has ended.
  public func advance(
    to now: Instant, keeps: (FiveTuple) -> Bool, _ each: (DTLSSession, _ ended: Bool) -> Void
  ) {
    var due: [Int] = []
    timers.advance(to: now) { due.append($0) }
    for index in due {
      guard let session = sessions.handle(at: index).flatMap({ sessions[$0] }) else { continue }
      let ends =
        session.isYoung ? !shakesOn(session, now) : !stays(session, keeps(session.tuple), now)
      if ends {
        session.engine.close()
        remove(session)
      }
      each(session, ends)
    }
  }

  private func shakesOn(_ session: DTLSSession, _ now: Instant) -> Bool {
    guard now < session.beganAt + limits.handshakeMax else { return false }
    session.engine.retransmit()
    guard session.engine.progress == .handshaking else { return false }
    schedule(session, at: nextRetransmission(session, now))
    return true
  }

  private func stays(_ session: DTLSSession, _ isKept: Bool, _ now: Instant) -> Bool {
    let end = session.lastUsed + limits.idleMax
    guard isKept || now < end else { return false }
    schedule(session, at: isKept ? now + limits.idleMax : end)
    return true
  }

  /// Ends every session, and hands each to `each` so that its close_notify is sent.
  public func endAll(_ each: (DTLSSession) -> Void) {
    for session in sessions.handles.compactMap({ sessions[$0] }) {
      session.engine.close()
      remove(session)
      each(session)
    }
  }
}
