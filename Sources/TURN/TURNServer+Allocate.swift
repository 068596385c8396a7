// Allocate (RFC 8656 §7.2), and the life and end of allocations.

public import NetTypes
internal import STUN

/// An Allocate that waits for its relay socket.
struct OpeningAllocation {
  let request: Request
  let user: AuthenticatedUser
  let lifetime: Duration
  let ip: IPAddress
  let evenPort: EvenPort
  var attemptsLeft: Int
  var relay: SlabHandle
  /// With ``EvenPort/withNext``, the sibling, once the even port is open.
  var sibling: SlabHandle?

  /// RFC 8656 §18.7, the R bit.
  enum EvenPort { case any, even, withNext }
}

extension TURNServer {
  mutating func allocate(
    _ request: Request, _ bytes: Span<UInt8>, _ user: AuthenticatedUser, effects: inout [Effect]
  ) -> Verdict {
    guard let configuration else { return .drop(.unknownMethod) }
    // Step 1, authentication, is done. Step 2: the 5-tuple is in use.
    if let existing = find(request.tuple) {
      return answerAgain(request, user, existing)
    }
    // Step 3.
    guard let transport = request.message.uint32(.requestedTransport, bytes) else {
      return refuse(request, .badRequest, user)
    }
    guard transport >> 24 == UInt32(RequestedTransport.udp.rawValue) else {
      return refuse(request, .unsupportedTransport, user)
    }
    // Step 4, DONT-FRAGMENT, falls under the unknown attributes: nothing here can set the bit yet.
    if let refused = refuseUnknown(request, user) { return refused }
    // Steps 5 to 7.
    let wish: AllocationWish
    switch readWish(request.message, bytes) {
    case .success(let read): wish = read
    case .failure(let error): return refuse(request, error.code, user)
    }
    let requested = request.message.uint32(.lifetime, bytes)
    if requested == nil, request.message.has(.lifetime) {
      return refuse(request, .badRequest, user)
    }
    let lifetime = configuration.limits.grant(requested)
    // A token stands for an address and so for its family, which must not be named besides.
    if let token = wish.token {
      return allocateReserved(request, user, token, lifetime, effects: &effects)
    }
    guard let ip = configuration.relayAddress(wish.family) else {
      return refuse(request, .addressFamilyNotSupported, user)
    }
    // Step 10: quotas. Released exactly once: in `end`, in `endReservation` or when the opening
    // fails.
    guard reserveQuota(user, wish.evenPort) else {
      return refuse(request, .allocationQuotaReached, user)
    }
    var opening = OpeningAllocation(
      request: request, user: user, lifetime: lifetime, ip: ip, evenPort: wish.evenPort,
      attemptsLeft: configuration.limits.portAttemptsMax,
      relay: SlabHandle(index: -1, generation: 0))
    return openNext(&opening, effects: &effects)
  }

  /// A retransmitted Allocate gets its answer again; another one is a mismatch (RFC 8656 §5, §7.2).
  private mutating func answerAgain(
    _ request: Request, _ user: AuthenticatedUser, _ existing: SlabHandle
  ) -> Verdict {
    guard let allocation = allocations[existing],
      allocation.transaction == request.message.transactionID, allocation.username == user.name
    else { return refuse(request, .allocationMismatch, user) }
    return succeedAllocate(
      request, user, relay: allocation.relayAddress,
      lifetime: allocation.expiresAt - request.now, token: allocation.token)
  }

  private mutating func succeedAllocate(
    _ request: Request, _ user: AuthenticatedUser, relay: SocketAddress, lifetime: Duration,
    token: UInt64?
  ) -> Verdict {
    succeed(request, user) { reply in
      reply.add(.xorRelayedAddress, address: relay)
      reply.add(.lifetime, uint32: UInt32(clamping: lifetime.components.seconds))
      if let token {
        reply.add(
          .reservationToken,
          bytes: (0..<8).map { UInt8(truncatingIfNeeded: token >> (56 - 8 * UInt64($0))) })
      }
      reply.add(.xorMappedAddress, address: request.tuple.client)
    }
  }

  // MARK: What is asked for

  private struct AllocationWish {
    var family = IPAddress.Family.v4
    var evenPort = OpeningAllocation.EvenPort.any
    var token: UInt64?
  }

  private struct WishError: Error { let code: ErrorCode }

  /// RFC 8656 §7.2 steps 5 to 7: which attributes exclude each other.
  private func readWish(_ message: Message, _ bytes: Span<UInt8>)
    -> Result<AllocationWish, WishError>
  {
    var wish = AllocationWish()
    if let range = message.value(of: .reservationToken) {
      guard range.count == 8, !message.has(.evenPort), !message.has(.requestedAddressFamily) else {
        return .failure(WishError(code: .badRequest))
      }
      wish.token = bytes.uint64(at: range.lowerBound)
    }
    if let range = message.value(of: .requestedAddressFamily) {
      guard range.count == 4 else { return .failure(WishError(code: .badRequest)) }
      guard let family = IPAddress.Family(rawValue: bytes[range.lowerBound]) else {
        return .failure(WishError(code: .addressFamilyNotSupported))
      }
      wish.family = family
    }
    if let range = message.value(of: .evenPort) {
      guard range.count == 1 else { return .failure(WishError(code: .badRequest)) }
      wish.evenPort = bytes[range.lowerBound] & 0x80 == 0 ? .even : .withNext
    }
    return .success(wish)
  }

  // MARK: Opening the relay

  /// Tries another random port (RFC 8656 §7.2: hard to guess), or gives up with 508.
  private mutating func openNext(_ opening: inout OpeningAllocation, effects: inout [Effect])
    -> Verdict
  {
    guard let configuration, opening.attemptsLeft > 0 else {
      return giveUp(opening, effects: &effects)
    }
    opening.attemptsLeft -= 1
    var port = UInt16.random(
      in: configuration.relayPorts.first...configuration.relayPorts.last, using: &random)
    if opening.evenPort != .any {
      port &= ~1
      let last = opening.evenPort == .withNext ? port | 1 : port
      guard port >= configuration.relayPorts.first, last <= configuration.relayPorts.last else {
        return openNext(&opening, effects: &effects)
      }
    }
    guard let relay = open(SocketAddress(opening.ip, port: port), effects: &effects) else {
      return giveUp(opening, effects: &effects)
    }
    opening.relay = relay
    self.opening = opening
    return .pending
  }

  private mutating func open(_ address: SocketAddress, effects: inout [Effect]) -> SlabHandle? {
    guard let relay = relays.insert(Relay(address: address, owner: .opening)) else { return nil }
    effects.append(.openRelay(relay, address))
    return relay
  }

  /// A port that is reserved counts as the allocation it is reserved for. Otherwise one place in
  /// the quota would be enough for every port there is: allocate, reserve, end, and again.
  private func reserveQuota(_ user: AuthenticatedUser, _ evenPort: OpeningAllocation.EvenPort)
    -> Bool
  {
    guard let quota, quota.reserve(user.account) else { return false }
    guard evenPort == .withNext else { return true }
    if quota.reserve(user.account) { return true }
    quota.release(user.account)
    return false
  }

  private mutating func giveUp(_ opening: OpeningAllocation, effects: inout [Effect]) -> Verdict {
    quota?.release(opening.user.account)
    if opening.evenPort == .withNext { quota?.release(opening.user.account) }
    return refuse(opening.request, .insufficientCapacity, opening.user)
  }

  /// The result of ``Effect/openRelay(_:_:)``.
  public mutating func relayOpened(
    _ relay: SlabHandle, ok: Bool, now: Instant, effects: inout [Effect]
  ) -> Verdict {
    guard var opening = self.opening, relays.contains(relay) else { return .drop(.noRelay) }
    self.opening = nil
    if !ok {
      relays.remove(relay)
      if opening.sibling == relay { release(opening.relay, effects: &effects) }
      opening.sibling = nil
      return openNext(&opening, effects: &effects)
    }
    if opening.evenPort == .withNext, opening.sibling == nil, let even = relays[relay]?.address {
      guard
        let sibling = open(SocketAddress(even.ip, port: even.port + 1), effects: &effects)
      else {
        release(relay, effects: &effects)
        return giveUp(opening, effects: &effects)
      }
      opening.sibling = sibling
      self.opening = opening
      return .pending
    }
    return establish(opening, effects: &effects)
  }

  private mutating func establish(_ opening: OpeningAllocation, effects: inout [Effect])
    -> Verdict
  {
    let token = opening.sibling == nil ? nil : random.next()
    let made = insert(
      opening.request, opening.user, opening.relay, opening.lifetime, token: token,
      effects: &effects)
    guard let address = made else {
      release(opening.relay, effects: &effects)
      if let sibling = opening.sibling { release(sibling, effects: &effects) }
      return giveUp(opening, effects: &effects)
    }
    if let sibling = opening.sibling, let token { reserve(sibling, token, opening) }
    return succeedAllocate(
      opening.request, opening.user, relay: address, lifetime: opening.lifetime, token: token)
  }

  /// Puts the allocation into the tables; `nil` when they are full.
  private mutating func insert(
    _ request: Request, _ user: AuthenticatedUser, _ relay: SlabHandle, _ lifetime: Duration,
    token: UInt64?, effects: inout [Effect]
  ) -> SocketAddress? {
    guard let address = relays[relay]?.address else { return nil }
    let allocation = Allocation(
      id: AllocationID(using: &random), fiveTuple: request.tuple, username: user.name,
      account: user.account, transaction: request.message.transactionID, relay: relay,
      relayAddress: address, token: token, createdAt: request.now, expiresAt: request.now + lifetime
    )
    guard let handle = allocations.insert(allocation) else { return nil }
    byFiveTuple.insert(hashKey.hash(request.tuple), slot: Int(handle.index))
    relays[relay]?.owner = .allocation(handle)
    timers.schedule(Int(relay.index), at: allocation.expiresAt)
    statistics.allocationsCreated &+= 1
    effects.append(.started(allocation.id))
    return address
  }

  // MARK: Reservations

  private mutating func reserve(
    _ relay: SlabHandle, _ token: UInt64, _ opening: OpeningAllocation
  ) {
    let lifetime = configuration?.limits.reservationLifetime ?? .zero
    let until = opening.request.now + lifetime
    relays[relay]?.owner = .reserved(
      token: token, account: opening.user.account, until: until)
    reservations[token] = relay
    timers.schedule(Int(relay.index), at: until)
  }

  /// RFC 8656 §7.2 step 5: a token is good once, in time, for the user it was given to.
  private mutating func allocateReserved(
    _ request: Request, _ user: AuthenticatedUser, _ token: UInt64, _ lifetime: Duration,
    effects: inout [Effect]
  ) -> Verdict {
    // The reservation's place in the quota becomes the allocation's.
    guard let relay = reservations[token],
      case .reserved(_, user.account, let until)? = relays[relay]?.owner, until > request.now,
      let address = insert(request, user, relay, lifetime, token: nil, effects: &effects)
    else { return refuse(request, .insufficientCapacity, user) }
    reservations[token] = nil
    return succeedAllocate(request, user, relay: address, lifetime: lifetime, token: nil)
  }

  /// Nobody took it up.
  mutating func endReservation(_ relay: SlabHandle, effects: inout [Effect]) {
    guard case .reserved(let token, let account, _)? = relays[relay]?.owner else { return }
    reservations[token] = nil
    quota?.release(account)
    release(relay, effects: &effects)
  }

  // MARK: Ending

  /// The timer of a relay fired: its owner's time may be over, or have been extended.
  mutating func expire(relayAt index: Int, now: Instant, effects: inout [Effect]) {
    guard let relay = relays.handle(at: index) else { return }
    switch relays[relay]?.owner {
    case .allocation(let handle):
      guard let expiresAt = allocations[handle]?.expiresAt else { return }
      if expiresAt <= now {
        end(handle, now: now, effects: &effects)
      } else {
        timers.schedule(index, at: expiresAt)
      }
    case .reserved(_, _, let until):
      if until <= now {
        endReservation(relay, effects: &effects)
      } else {
        timers.schedule(index, at: until)
      }
    case .opening, nil: break
    }
  }

  /// Takes an allocation out of every table and tells its final counters.
  mutating func end(_ handle: SlabHandle, now: Instant, effects: inout [Effect]) {
    guard let allocation = allocations.remove(handle) else { return }
    byFiveTuple.remove(hashKey.hash(allocation.fiveTuple), slot: Int(handle.index))
    quota?.release(allocation.account)
    statistics.ended = statistics.ended + allocation.counters
    release(allocation.relay, effects: &effects)
    effects.append(.ended(Self.record(allocation, now: now)))
  }

  mutating func release(_ relay: SlabHandle, effects: inout [Effect]) {
    relays.remove(relay)
    effects.append(.closeRelay(relay))
  }
}
