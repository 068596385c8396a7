// The TURN server as a state machine: datagrams in, a verdict and effects out (RFC 8656).

public import NetTypes
public import STUN

/// One event loop's share of a TURN server, and its STUN server. It does no I/O and reads no clock.
public struct TURNServer: ~Copyable {
  /// What the server counts besides each allocation's own traffic.
  public struct Statistics: Sendable {
    public fileprivate(set) var drops = [UInt64](
      repeating: 0, count: DropReason.allCases.count)
    public internal(set) var bindingRequests: UInt64 = 0
    public internal(set) var requests: UInt64 = 0
    /// Error responses by code.
    public internal(set) var errors: [Int: UInt64] = [:]
    public internal(set) var allocationsCreated: UInt64 = 0
    /// Sum over the allocations that ended.
    public internal(set) var ended = AllocationCounters()
    /// Datagrams that the kernel did not take, by its error.
    public internal(set) var sendFailures: UInt64 = 0

    public func drops(_ reason: DropReason) -> UInt64 { drops[reason.rawValue] }
  }

  /// A relay socket, and whose it is.
  struct Relay {
    enum Owner {
      case opening
      case allocation(SlabHandle)
      /// A port without a socket, which waits for its RESERVATION-TOKEN (RFC 8656 §7.2).
      case reserved(token: UInt64, account: String, until: Instant)
    }
    let address: SocketAddress
    var transport = RequestedTransport.udp
    var owner: Owner

    var allocation: SlabHandle? {
      if case .allocation(let handle) = owner { handle } else { nil }
    }
  }

  /// `nil` for a server that answers Binding requests only.
  var configuration: CurrentConfiguration?
  /// Of the configuration; packets ask for it without counting a reference.
  let external: ExternalAddresses
  /// Likewise.
  var peers: PeerFilter
  let quota: (any AllocationQuota)?
  let ports: (any RelayPortPool)?
  let bandwidth: (any UserBandwidth)?
  var random: any RandomNumberGenerator
  let loop: LoopPlace
  /// The answer that ``Verdict/reply`` speaks of.
  public internal(set) var reply = MessageBuilder()
  /// What ``Framing/header`` speaks of.
  public internal(set) var header = InlineArray<64, UInt8>(repeating: 0)
  public internal(set) var statistics = Statistics()
  /// Kept true by whoever drives the server.
  public var wallClock: WallClock
  /// Whether new allocations are refused, with 508; what there is goes on and can be refreshed.
  public var isDraining = false
  /// Where NAT behaviour discovery is answered (RFC 5780); nowhere unless an operator wants it.
  public var discoveries: [BehaviourDiscovery] = []
  var discoveryBudget: ReplyBudget

  var allocations: Slab<Allocation>
  var relays: Slab<Relay>
  var byFiveTuple = SlotTable()
  let hashKey: HashKey
  /// Transaction ids of indications: nobody answers them, so nobody gains by guessing one.
  var indicationIDs: SplitMix64
  /// Allocations by their tickets, and 5-tuples that were announced (RFC 8016).
  var tickets: [MobilityTicket: SlabHandle] = [:]
  var arrivals: [FiveTuple: Arrival] = [:]
  var asked: Slab<AskedMove>
  /// Whether other loops may have what this one has not.
  public var hasSiblings = false
  /// By relay.
  var timers: TimerWheel
  /// With peers, over TCP (RFC 6062).
  var connections: Slab<PeerConnection>
  var byConnectionID: [UInt32: SlabHandle] = [:]
  var connectionTimers: TimerWheel
  var opening: OpeningAllocation?
  var replyBudget: ReplyBudget

  /// - Parameters:
  ///   - configuration: `nil` serves STUN Binding only.
  ///   - quota: shared by the loops; needed with a configuration.
  ///   - ports: shared by the loops; needed with a configuration.
  ///   - bandwidth: of the users, shared by the loops; `nil` for no limit.
  ///   - loop: which of those that share a configuration this one serves.
  ///   - random: for ports, tokens, ids and hash keys; cryptographic outside of tests.
  public init(
    _ configuration: TURNConfiguration?, quota: (any AllocationQuota)?,
    ports: (any RelayPortPool)?, bandwidth: (any UserBandwidth)? = nil,
    loop: LoopPlace = .only, random: any RandomNumberGenerator, wallClock: WallClock, now: Instant
  ) {
    self.configuration = configuration.map { CurrentConfiguration($0) }
    external = configuration?.external ?? .none
    peers = configuration?.peers ?? PeerFilter()
    self.quota = quota
    self.ports = ports
    self.bandwidth = bandwidth
    self.loop = loop
    var random = random
    hashKey = HashKey(using: &random)
    indicationIDs = SplitMix64(seed: random.next())
    discoveryBudget = ReplyBudget(perSecond: BehaviourDiscovery.answersPerSecondMax, hashKey)
    self.random = random
    self.wallClock = wallClock
    let limits = configuration?.limits ?? TURNLimits()
    replyBudget = ReplyBudget(perSecond: limits.unauthenticatedRepliesPerSecond, hashKey)
    let limit = configuration == nil ? 0 : limits.allocationsMax
    allocations = Slab(capacity: limit)
    // Reservations hold relays too.
    relays = Slab(capacity: 2 * limit)
    asked = Slab(capacity: TURNLimits.askedMovesMax)
    timers = TimerWheel(now: now)
    connections = Slab(capacity: configuration?.limits.connectionsMax ?? 0)
    connectionTimers = TimerWheel(now: now)
  }

  // MARK: Datagrams

  /// A datagram from a client's side of the server.
  ///
  /// - Parameters:
  ///   - bytes: the receive slot, which is only read; `payload` is where the datagram is in it.
  ///   - effects: to be carried out before the next input.
  public mutating func received(
    from tuple: FiveTuple, in bytes: Span<UInt8>, at payload: Range<Int>,
    now: Instant, effects: inout [Effect]
  ) -> Verdict {
    var train = Train(payload)
    return received(from: tuple, in: bytes, &train, now: now, effects: &effects)
  }

  /// Datagrams from a client's side, one of which at least is left in `train`. As many are taken as
  /// the verdict speaks of: several only where they are ChannelData with one header. The driver
  /// goes on until none are left.
  public mutating func received(
    from tuple: FiveTuple, in bytes: Span<UInt8>, _ train: inout Train, now: Instant,
    effects: inout [Effect]
  ) -> Verdict {
    let left = train.count
    guard let payload = train.next() else { return .drop(.notRecognized) }
    var verdict = dispatch(tuple, bytes, payload, &train, now: now, effects: &effects)
    if case .drop(.noAllocation) = verdict,
      let arrived = arrive(tuple, now: now, effects: &effects)
    {
      verdict =
        arrived == .pending
        ? .pending : dispatch(tuple, bytes, payload, &train, now: now, effects: &effects)
    }
    return count(verdict, times: left - train.count)
  }

  private mutating func dispatch(
    _ tuple: FiveTuple, _ bytes: Span<UInt8>, _ payload: Range<Int>, _ train: inout Train,
    now: Instant, effects: inout [Effect]
  ) -> Verdict {
    guard !payload.isEmpty else { return .drop(.notRecognized) }
    switch DatagramKind(firstByte: bytes[payload.lowerBound]) {
    case .channelData: return relayChannelData(tuple, bytes, payload, &train, now: now)
    case .stun: return route(tuple, bytes, payload, now: now, effects: &effects)
    case .unknown: return .drop(.notRecognized)
    }
  }

  /// Datagrams from a peer at a relay, one of which at least is left in `train`. As many are taken
  /// as the verdict speaks of; nobody looks into them. The driver goes on until none are left.
  public mutating func received(
    fromPeer peer: SocketAddress, at relay: SlabHandle, _ train: inout Train, now: Instant
  ) -> Verdict {
    let left = train.count
    let verdict = relayPeerData(peer, relay, &train, now: now)
    return count(verdict, times: left - train.count)
  }

  mutating func count(_ verdict: Verdict, times: Int = 1) -> Verdict {
    if case .drop(let reason) = verdict { statistics.drops[reason.rawValue] &+= UInt64(times) }
    return verdict
  }

  /// The router: one method, one handler.
  private mutating func route(
    _ tuple: FiveTuple, _ bytes: Span<UInt8>, _ range: Range<Int>, now: Instant,
    effects: inout [Effect]
  ) -> Verdict {
    let message: Message
    do {
      message = try Message(bytes, in: range)
    } catch {
      return .drop(.malformedSTUN)
    }
    let request = Request(tuple: tuple, message: message, now: now)
    switch (message.type.messageClass, message.type.method) {
    case (let kind, _) where message.isOverfull:
      return kind == .request ? refuseUnproven(request, .badRequest) : .drop(.malformedSTUN)
    case (.request, .binding):
      return answerBinding(tuple, message, bytes, now: now)
    case (.indication, .binding):
      // RFC 8489 §6.3.2: a keep-alive; there is nothing to do and nothing wrong.
      return .drop(.unexpectedClass)
    case (.indication, .send):
      return relaySend(tuple, message, bytes, now: now)
    case (.request, let method?) where configuration != nil:
      guard range.count <= TURNLimits.requestBytesMax else { return .drop(.tooLong) }
      statistics.requests &+= 1
      return answer(request, method, bytes, effects: &effects)
    case (.request, _):
      return .drop(.unknownMethod)
    default:
      return .drop(.unexpectedClass)
    }
  }

  private mutating func answer(
    _ request: Request, _ method: Method, _ bytes: Span<UInt8>, effects: inout [Effect]
  ) -> Verdict {
    let key: AuthenticatedUser
    switch authenticate(request, bytes) {
    case .user(let user): key = user
    case .refused(let verdict): return verdict
    }
    // A Refresh with a ticket may be one that was sent again, and moves nothing.
    let announces = method == .refresh && request.message.has(.mobilityTicket)
    if !announces, !arrivals.isEmpty, find(request.tuple) == nil,
      arrive(request.tuple, now: request.now, effects: &effects) == .pending
    {
      return .pending
    }
    switch method {
    case .allocate: return allocate(request, bytes, key, effects: &effects)
    case .refresh: return refresh(request, bytes, key, effects: &effects)
    case .createPermission: return createPermission(request, bytes, key)
    case .channelBind: return bindChannel(request, bytes, key)
    case .connect: return connect(request, bytes, key, effects: &effects)
    case .connectionBind: return bindConnection(request, bytes, key)
    case .binding, .send, .data, .connectionAttempt:
      return .drop(.unknownMethod)
    }
  }

  // MARK: Connections

  /// Whether there is an allocation on this 5-tuple.
  public func hasAllocation(_ tuple: FiveTuple) -> Bool { find(tuple) != nil }

  // MARK: Time

  public var nextDeadline: Instant? {
    guard let relay = timers.nextDeadline else { return connectionTimers.nextDeadline }
    return connectionTimers.nextDeadline.map { min($0, relay) } ?? relay
  }

  /// Ends what has expired.
  public mutating func advance(to now: Instant, effects: inout [Effect]) {
    var due: [Int] = []
    timers.advance(to: now) { due.append($0) }
    for index in due { expire(relayAt: index, now: now, effects: &effects) }
    due.removeAll()
    connectionTimers.advance(to: now) { due.append($0) }
    for index in due { expire(connectionAt: index, now: now, effects: &effects) }
  }

  /// Ends everything, as a stopping server does, so that every allocation's record is told.
  public mutating func endAll(now: Instant, effects: inout [Effect]) {
    for handle in relays.handles {
      switch relays[handle]?.owner {
      case .allocation(let allocation): end(allocation, now: now, effects: &effects)
      case .reserved: endReservation(handle, now: now)
      case .opening, nil: break
      }
    }
  }

  // MARK: Inspection

  /// Every live allocation. Takes time in proportion: for people and programs that watch.
  public func records(now: Instant) -> [AllocationRecord] {
    allocations.handles.compactMap { handle in
      allocations[handle].map { Self.record($0, now: now) }
    }
  }

  /// The kernel did not take what a verdict said to send: it is no traffic but drops.
  public mutating func sendFailed(_ recipient: Recipient, _ traffic: Traffic) {
    statistics.sendFailures &+= traffic.packets
    uncount(recipient, traffic)
  }

  /// What verdicts said to send to a client was not sent, because too much waits for it.
  public mutating func clientTooSlow(_ recipient: Recipient, _ traffic: Traffic) {
    statistics.drops[DropReason.clientTooSlow.rawValue] &+= traffic.packets
    uncount(recipient, traffic)
  }

  private mutating func uncount(_ recipient: Recipient, _ traffic: Traffic) {
    switch recipient {
    case .asker: break
    case .client(let handle):
      _ = allocations.update(handle) { allocation in
        allocation.counters.toClient.uncount(traffic)
        allocation.counters.drops &+= traffic.packets
      }
    case .peer(let relay):
      guard case .allocation(let handle)? = relays[relay]?.owner else { return }
      _ = allocations.update(handle) { allocation in
        allocation.counters.toPeers.uncount(traffic)
        allocation.counters.drops &+= traffic.packets
      }
    }
  }

  static func record(_ allocation: Allocation, now: Instant) -> AllocationRecord {
    AllocationRecord(
      id: allocation.id, username: allocation.username, fiveTuple: allocation.fiveTuple,
      relayAddresses: allocation.ends.map(\.address), age: now - allocation.createdAt,
      timeToLive: max(.zero, allocation.expiresAt - now),
      permissions: allocation.livePermissions(now: now),
      channels: allocation.channels.count { $0.expiresAt > now }, counters: allocation.counters)
  }

  /// The allocation of a 5-tuple.
  func find(_ tuple: FiveTuple) -> SlabHandle? {
    let slot = byFiveTuple.find(hashKey.hash(tuple)) { index in
      allocations.value(at: index) { $0.fiveTuple == tuple } ?? false
    }
    return slot.flatMap { allocations.handle(at: $0) }
  }
}

/// A request on its way through a handler.
struct Request {
  let tuple: FiveTuple
  let message: Message
  let now: Instant
}
