// Allocate: which requests get an allocation, and what they are told (RFC 8656 §7.2, §7.3).

internal import NetTypes
internal import STUN

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
    guard let wanted = request.message.uint32(.requestedTransport, bytes) else {
      return refuse(request, .badRequest, user)
    }
    guard let transport = RequestedTransport(rawValue: UInt8(wanted >> 24)),
      transport == .udp || configuration.relaysTCP
    else { return refuse(request, .unsupportedTransport, user) }
    guard transport == .udp || mayRelayTCP(request) else {
      return refuse(request, .badRequest, user)
    }
    // Step 4: DONT-FRAGMENT asks whether Send indications may have it; they may.
    if let refused = refuseUnknown(request, user) { return refused }
    // Steps 5 to 7.
    let wish: AllocationWish
    do throws(AllocationWish.Refusal) {
      wish = try AllocationWish(request.message, bytes)
    } catch {
      return refuse(request, error.code, user)
    }
    let requested = request.message.uint32(.lifetime, bytes)
    if requested == nil, request.message.has(.lifetime) {
      return refuse(request, .badRequest, user)
    }
    let lifetime = configuration.limits.grant(requested, to: user)
    guard !isDraining else { return refuse(request, .insufficientCapacity, user) }
    // A token stands for an address and so for its family, which must not be named besides.
    if let token = wish.token {
      return allocateReserved(request, user, token, lifetime, effects: &effects)
    }
    guard let ip = configuration.relayAddress(wish.family) else {
      return refuse(request, .addressFamilyNotSupported, user)
    }
    // Step 10: quotas. Released exactly once: in `end`, in `endReservation` or when the opening
    // fails.
    guard reserveQuota(user, wish.port) else {
      return refuse(request, .allocationQuotaReached, user)
    }
    var opening = OpeningAllocation(
      request: request, user: user, transport: transport, lifetime: lifetime, ip: ip,
      port: wish.port,
      attemptsLeft: configuration.limits.portAttemptsMax,
      relay: SlabHandle(index: -1, generation: 0))
    return openNext(&opening, effects: &effects)
  }

  /// RFC 6062 §5.1: TCP is for who came by TCP, without what only makes sense for datagrams.
  private func mayRelayTCP(_ request: Request) -> Bool {
    let message = request.message
    return request.tuple.transport.isStream && !message.has(.evenPort)
      && !message.has(.dontFragment) && !message.has(.reservationToken)
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

  mutating func succeedAllocate(
    _ request: Request, _ user: AuthenticatedUser, relay: SocketAddress, lifetime: Duration,
    token: UInt64?
  ) -> Verdict {
    let relay = external.outside(relay)
    return succeed(request, user) { reply in
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
}
