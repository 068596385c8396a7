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
      transport == .udp || configuration.value.relaysTCP
    else { return refuse(request, .unsupportedTransport, user) }
    guard transport == .udp || mayRelayTCP(request) else {
      return refuse(request, .badRequest, user)
    }
    // Step 4: DONT-FRAGMENT asks whether Send indications may have it; they may.
    if let refused = refuseUnknown(request, user) { return refused }
    if let error = refusalOfTicket(request.message) { return refuse(request, error, user) }
    let requested = request.message.uint32(.lifetime, bytes)
    if requested == nil, request.message.has(.lifetime) {
      return refuse(request, .badRequest, user)
    }
    let lifetime = configuration.value.limits.grant(requested, to: user)
    // Steps 5 to 9, as far as they are about the request alone.
    var wish: AllocationWish
    do throws(AllocationWish.Refusal) {
      wish = try AllocationWish(request.message, bytes)
    } catch {
      return refuse(request, error.code, user)
    }
    wish.transport = transport
    if isDraining { return redirect(request, user) }
    if let token = wish.token {
      return allocateReserved(request, user, token, lifetime, effects: &effects)
    }
    return allocate(request, user, wish, lifetime, effects: &effects)
  }

  private mutating func allocate(
    _ request: Request, _ user: AuthenticatedUser, _ wish: AllocationWish, _ lifetime: Duration,
    effects: inout [Effect]
  ) -> Verdict {
    guard let configuration else { return .drop(.unknownMethod) }
    // Step 7. Of a dual allocation the first is the IPv4 address, whatever the default.
    let family = wish.family ?? (wish.isDual ? .v4 : defaultFamily(for: request.tuple.client))
    guard let ip = configuration.value.relayAddress(family) else {
      return refuse(request, .addressFamilyNotSupported, user)
    }
    // Step 10: quotas. Released exactly once: with each end, with a reservation's or when the
    // opening fails.
    switch reserveQuota(user, wish.port) {
    case .reserved: break
    case .accountFull: return refuse(request, .allocationQuotaReached, user)
    case .full: return redirect(request, user)
    }
    var opening = OpeningAllocation(
      request: request, user: user, transport: wish.transport, lifetime: lifetime, ip: ip,
      wish: .any(wish.port),
      attemptsLeft: configuration.value.limits.portAttemptsMax)
    if wish.isDual {
      opening.additional = configuration.value.relayAddress(.v6)
      if opening.additional == nil {
        opening.failure = FamilyFailure(family: .v6, error: .addressFamilyNotSupported)
      }
    }
    return openNext(&opening, effects: &effects)
  }

  /// RFC 6062 §5.1: TCP is for who came by TCP, without what only makes sense for datagrams.
  private func mayRelayTCP(_ request: Request) -> Bool {
    let message = request.message
    return request.tuple.transport.isStream && !message.has(.evenPort)
      && !message.has(.dontFragment) && !message.has(.reservationToken)
  }

  private func defaultFamily(for client: SocketAddress) -> IPAddress.Family {
    switch configuration?.value.defaultFamily {
    case .ipv4, nil: .v4
    case .ipv6: .v6
    case .keep: client.ip.family
    }
  }

  /// A port that is reserved counts as the allocation it is reserved for. Otherwise one place in
  /// the quota would be enough for every port there is: allocate, reserve, end, and again.
  private func reserveQuota(_ user: AuthenticatedUser, _ port: PortKind) -> QuotaAnswer {
    guard let quota else { return .full }
    let first = quota.reserve(user.account)
    guard first == .reserved, port == .pair else { return first }
    let second = quota.reserve(user.account)
    if second != .reserved { quota.release(user.account) }
    return second
  }

  // MARK: Answers

  /// RFC 8656 §7.2 step 11: 300 with a server of the client's family to try, or 508 where there is
  /// none.
  private mutating func redirect(_ request: Request, _ user: AuthenticatedUser) -> Verdict {
    let family = request.tuple.client.ip.family
    let alternates = configuration?.value.alternates.filter { $0.address.ip.family == family } ?? []
    guard let alternate = alternates.randomElement(using: &random) else {
      return refuse(request, .insufficientCapacity, user)
    }
    begin(.tryAlternate, request)
    reply.add(.alternateServer, bytes: MappedAddress.encode(alternate.address))
    if let domain = alternate.domain { reply.add(alternateDomain: domain) }
    reply.finish(integrityKey: user.key, fingerprint: request.message.hasFingerprint)
    return .reply
  }

  /// A retransmitted Allocate gets its answer again; another one is a mismatch (RFC 8656 §5, §7.2).
  private mutating func answerAgain(
    _ request: Request, _ user: AuthenticatedUser, _ existing: SlabHandle
  ) -> Verdict {
    guard let allocation = allocations[existing],
      allocation.transaction == request.message.transactionID, allocation.username == user.name
    else { return refuse(request, .allocationMismatch, user) }
    return succeedAllocate(request, user, allocation)
  }

  /// Who asked for a second family by the draft's number knows the error by the draft's only.
  private static func errorAttribute(for request: Message) -> Attribute {
    request.has(.additionalAddressFamily) ? .addressErrorCode : .draftAddressErrorCode
  }

  mutating func succeedAllocate(
    _ request: Request, _ user: AuthenticatedUser, _ allocation: Allocation
  ) -> Verdict {
    let lifetime = allocation.expiresAt - request.now
    let relays = allocation.ends.map { external.outside($0.address) }
    return succeed(request, user) { reply in
      for relay in relays { reply.add(.xorRelayedAddress, address: relay) }
      if let failure = allocation.failure {
        reply.add(Self.errorAttribute(for: request.message), bytes: failure.attributeValue)
      }
      reply.add(.lifetime, uint32: UInt32(clamping: lifetime.components.seconds))
      if let token = allocation.token {
        reply.add(
          .reservationToken,
          bytes: (0..<8).map { UInt8(truncatingIfNeeded: token >> (56 - 8 * UInt64($0))) })
      }
      if let ticket = allocation.ticket { reply.add(.mobilityTicket, bytes: ticket.bytes) }
      reply.add(.xorMappedAddress, address: request.tuple.client)
    }
  }
}
