// The way of an Allocate from free ports to an allocation (RFC 8656 §7.2 step 9 and after).

public import NetTypes
internal import STUN

/// An Allocate that waits for a relay socket. It has a place in the quota for the address that is
/// being opened (two for a pair), and one for each that is open.
struct OpeningAllocation {
  enum PortWish {
    case any(PortKind)
    /// The port of a token.
    case reserved(SocketAddress)
  }

  let request: Request
  let user: AuthenticatedUser
  let transport: RequestedTransport
  let lifetime: Duration
  /// What is being opened: at this address, such a port.
  var ip: IPAddress
  var wish: PortWish
  var attemptsLeft: Int
  /// The address to open after that, for a dual allocation.
  var additional: IPAddress?
  /// The even port of a pair, and its sibling once the even port is open.
  var even: SlabHandle?
  var sibling: SlabHandle?
  /// What is open, and what could not be.
  var ends = RelayEnds()
  var failure: FamilyFailure?

  var isPair: Bool {
    if case .any(.pair) = wish { true } else { false }
  }
}

extension TURNServer {
  /// Tries the next port, or gives up.
  mutating func openNext(_ opening: inout OpeningAllocation, effects: inout [Effect]) -> Verdict {
    let now = opening.request.now
    guard opening.attemptsLeft > 0, let address = nextAddress(opening) else {
      return giveUp(&opening, effects: &effects)
    }
    opening.attemptsLeft -= 1
    guard open(address, opening.transport, effects: &effects) else {
      ports?.free(address, now: now)
      if opening.isPair { ports?.free(address.sibling, now: now) }
      return giveUp(&opening, effects: &effects)
    }
    self.opening = opening
    return .pending
  }

  private mutating func nextAddress(_ opening: OpeningAllocation) -> SocketAddress? {
    switch opening.wish {
    case .reserved(let address): address
    case .any(let kind):
      ports?.take(kind, at: opening.ip, now: opening.request.now, using: &random)
        .map { SocketAddress(opening.ip, port: $0) }
    }
  }

  private mutating func open(
    _ address: SocketAddress, _ transport: RequestedTransport, effects: inout [Effect]
  ) -> Bool {
    if relays.count == relays.capacity { forgetRedeemed() }
    let relay = relays.insert(Relay(address: address, transport: transport, owner: .opening))
    guard let relay else { return false }
    switch transport {
    case .udp: effects.append(.openRelay(relay, address))
    case .tcp: effects.append(.listenRelay(relay, address))
    }
    return true
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
      putBack(&opening, relay, address, result, now: now, effects: &effects)
      return openNext(&opening, effects: &effects)
    }
    if opening.isPair, opening.even == nil {
      guard open(address.sibling, .udp, effects: &effects) else {
        ports?.free(address.sibling, now: now)
        release(relay, now: now, effects: &effects)
        return giveUp(&opening, effects: &effects)
      }
      opening.even = relay
      self.opening = opening
      return .pending
    }
    if opening.even != nil { opening.sibling = relay }
    let first = opening.even ?? relay
    opening.ends[address.ip.family] = relays[first].map {
      RelayEnd(relay: first, address: $0.address, expiresAt: now + opening.lifetime)
    }
    return openAdditional(&opening, effects: &effects)
  }

  /// Gives back the ports of an attempt that failed at `relay`.
  private mutating func putBack(
    _ opening: inout OpeningAllocation, _ relay: SlabHandle, _ address: SocketAddress,
    _ result: RelayOpening, now: Instant, effects: inout [Effect]
  ) {
    relays.remove(relay)
    if result == .portInUse {
      ports?.setAside(address, now: now)
    } else {
      ports?.free(address, now: now)
      opening.attemptsLeft = 0
    }
    if let even = opening.even {
      release(even, now: now, effects: &effects)
      opening.even = nil
    } else if opening.isPair {
      ports?.free(address.sibling, now: now)
    }
  }

  /// No port of this address is to be had.
  private mutating func giveUp(_ opening: inout OpeningAllocation, effects: inout [Effect])
    -> Verdict
  {
    quota?.release(opening.user.account)
    if opening.isPair { quota?.release(opening.user.account) }
    opening.failure = FamilyFailure(family: opening.ip.family, error: .insufficientCapacity)
    return openAdditional(&opening, effects: &effects)
  }

  /// RFC 8656 §7.2 step 9: after the first address comes the additional one. One that can be had
  /// is enough for success.
  private mutating func openAdditional(
    _ opening: inout OpeningAllocation, effects: inout [Effect]
  ) -> Verdict {
    guard let additional = opening.additional else {
      guard opening.ends.first != nil else {
        return refuse(opening.request, .insufficientCapacity, opening.user)
      }
      return establish(opening, effects: &effects)
    }
    opening.additional = nil
    guard quota?.reserve(opening.user.account) == .reserved else {
      opening.failure = FamilyFailure(family: additional.family, error: .insufficientCapacity)
      return openAdditional(&opening, effects: &effects)
    }
    opening.ip = additional
    opening.attemptsLeft = configuration?.value.limits.portAttemptsMax ?? 0
    return openNext(&opening, effects: &effects)
  }

  /// Puts the allocation into the tables, if they have room.
  private mutating func establish(_ opening: OpeningAllocation, effects: inout [Effect])
    -> Verdict
  {
    let (request, user) = (opening.request, opening.user)
    let token = opening.sibling == nil ? nil : random.next()
    var allocation = Allocation(
      fiveTuple: request.tuple, transport: opening.transport, ends: opening.ends,
      meter: Meter(configuration?.value.limits.allocationBandwidth, bandwidth?.open(user.account)),
      id: AllocationID(using: &random), username: user.name, account: user.account,
      transaction: request.message.transactionID, failure: opening.failure, token: token,
      createdAt: request.now)
    allocation.grant = user.grant
    // Connections with peers stay on their loop, so a client that relays TCP does too.
    if opening.transport == .udp { allocation.ticket = ticket(for: request.message) }
    guard let handle = allocations.insert(allocation) else {
      bandwidth?.close(user.account)
      let relays = opening.ends.map(\.relay) + [opening.sibling].compactMap(\.self)
      for relay in relays {
        quota?.release(user.account)
        release(relay, now: request.now, effects: &effects)
      }
      return refuse(request, .insufficientCapacity, user)
    }
    byFiveTuple.insert(hashKey.hash(request.tuple), slot: Int(handle.index))
    if let ticket = allocation.ticket { tickets[ticket] = handle }
    for end in opening.ends {
      relays[end.relay]?.owner = .allocation(handle)
      timers.schedule(Int(end.relay.index), at: end.expiresAt)
    }
    statistics.allocationsCreated &+= 1
    effects.append(.started(allocation.id))
    if let sibling = opening.sibling, let token {
      reserve(sibling, token, opening, effects: &effects)
    }
    return succeedAllocate(request, user, allocation)
  }
}

extension SocketAddress {
  /// The odd port next to an even one.
  fileprivate var sibling: SocketAddress { SocketAddress(ip, port: port | 1, scope: scope) }
}
