// The way of an Allocate from a free port to an allocation (RFC 8656 §7.2 step 8 and after).

public import NetTypes
internal import STUN

/// An Allocate that waits for its relay socket.
struct OpeningAllocation {
  let request: Request
  let user: AuthenticatedUser
  let transport: RequestedTransport
  let lifetime: Duration
  let ip: IPAddress
  let port: PortKind
  var attemptsLeft: Int
  var relay: SlabHandle
  /// With ``PortKind/pair``, the sibling, once the even port is open.
  var sibling: SlabHandle?
}

extension TURNServer {
  /// Takes the next port from the pool, or gives up with 508.
  mutating func openNext(_ opening: inout OpeningAllocation, effects: inout [Effect]) -> Verdict {
    guard let ports, opening.attemptsLeft > 0 else { return giveUp(opening, effects: &effects) }
    opening.attemptsLeft -= 1
    let now = opening.request.now
    guard let port = ports.take(opening.port, at: opening.ip, now: now, using: &random) else {
      return giveUp(opening, effects: &effects)
    }
    let address = SocketAddress(opening.ip, port: port)
    guard let relay = open(address, opening.transport, effects: &effects) else {
      ports.free(address, now: now)
      if opening.port == .pair { ports.free(address.next, now: now) }
      return giveUp(opening, effects: &effects)
    }
    opening.relay = relay
    opening.sibling = nil
    self.opening = opening
    return .pending
  }

  private mutating func open(
    _ address: SocketAddress, _ transport: RequestedTransport, effects: inout [Effect]
  ) -> SlabHandle? {
    let relay = relays.insert(Relay(address: address, transport: transport, owner: .opening))
    guard let relay else { return nil }
    switch transport {
    case .udp: effects.append(.openRelay(relay, address))
    case .tcp: effects.append(.listenRelay(relay, address))
    }
    return relay
  }

  /// A port that is reserved counts as the allocation it is reserved for. Otherwise one place in
  /// the quota would be enough for every port there is: allocate, reserve, end, and again.
  func reserveQuota(_ user: AuthenticatedUser, _ port: PortKind) -> Bool {
    guard let quota, quota.reserve(user.account) else { return false }
    guard port == .pair else { return true }
    if quota.reserve(user.account) { return true }
    quota.release(user.account)
    return false
  }

  private mutating func giveUp(_ opening: OpeningAllocation, effects: inout [Effect]) -> Verdict {
    quota?.release(opening.user.account)
    if opening.port == .pair { quota?.release(opening.user.account) }
    return refuse(opening.request, .insufficientCapacity, opening.user)
  }

  /// The result of ``Effect/openRelay(_:_:)``.
  public mutating func relayOpened(
    _ relay: SlabHandle, _ result: RelayOpening, now: Instant, effects: inout [Effect]
  ) -> Verdict {
    guard var opening = self.opening, let address = relays[relay]?.address else {
      return .drop(.noRelay)
    }
    self.opening = nil
    guard result == .opened else {
      fail(&opening, at: relay, address, result, now: now, effects: &effects)
      if result == .failed { opening.attemptsLeft = 0 }
      return openNext(&opening, effects: &effects)
    }
    if opening.port == .pair, opening.sibling == nil {
      guard let sibling = open(address.next, .udp, effects: &effects) else {
        ports?.free(address.next, now: now)
        release(relay, now: now, effects: &effects)
        return giveUp(opening, effects: &effects)
      }
      opening.sibling = sibling
      self.opening = opening
      return .pending
    }
    return establish(opening, effects: &effects)
  }

  /// Gives back the ports of an attempt that failed at `relay`.
  private mutating func fail(
    _ opening: inout OpeningAllocation, at relay: SlabHandle, _ address: SocketAddress,
    _ result: RelayOpening, now: Instant, effects: inout [Effect]
  ) {
    relays.remove(relay)
    if result == .portInUse {
      ports?.setAside(address, now: now)
    } else {
      ports?.free(address, now: now)
    }
    if opening.sibling == relay {
      release(opening.relay, now: now, effects: &effects)
    } else if opening.port == .pair {
      ports?.free(address.next, now: now)
    }
  }

  private mutating func establish(_ opening: OpeningAllocation, effects: inout [Effect])
    -> Verdict
  {
    let now = opening.request.now
    let token = opening.sibling == nil ? nil : random.next()
    let made = insert(
      opening.request, opening.user, opening.relay, opening.lifetime, token: token,
      effects: &effects)
    guard let address = made else {
      release(opening.relay, now: now, effects: &effects)
      if let sibling = opening.sibling { release(sibling, now: now, effects: &effects) }
      return giveUp(opening, effects: &effects)
    }
    if let sibling = opening.sibling, let token { reserve(sibling, token, opening) }
    return succeedAllocate(
      opening.request, opening.user, relay: address, lifetime: opening.lifetime, token: token)
  }

  /// Puts the allocation into the tables; `nil` when they are full.
  mutating func insert(
    _ request: Request, _ user: AuthenticatedUser, _ relay: SlabHandle, _ lifetime: Duration,
    token: UInt64?, effects: inout [Effect]
  ) -> SocketAddress? {
    guard let address = relays[relay]?.address else { return nil }
    var allocation = Allocation(
      id: AllocationID(using: &random), fiveTuple: request.tuple, username: user.name,
      account: user.account, transaction: request.message.transactionID, relay: relay,
      relayAddress: address, token: token, createdAt: request.now, expiresAt: request.now + lifetime
    )
    allocation.grant = user.grant
    allocation.transport = relays[relay]?.transport ?? .udp
    allocation.meter = Meter(
      configuration?.limits.allocationBandwidth, bandwidth?.open(user.account))
    guard let handle = allocations.insert(allocation) else {
      bandwidth?.close(user.account)
      return nil
    }
    byFiveTuple.insert(hashKey.hash(request.tuple), slot: Int(handle.index))
    relays[relay]?.owner = .allocation(handle)
    timers.schedule(Int(relay.index), at: allocation.expiresAt)
    statistics.allocationsCreated &+= 1
    effects.append(.started(allocation.id))
    return address
  }
}

extension SocketAddress {
  /// The sibling of an even port.
  fileprivate var next: SocketAddress { SocketAddress(ip, port: port | 1, scope: scope) }
}
