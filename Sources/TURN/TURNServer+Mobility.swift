// Allocations that go along when their client gets another address (RFC 8016).
//
// A Refresh with the ticket announces a new 5-tuple. Until the client is heard from there, both
// work: the old one as before, and the old ticket too, because the answer may be lost. With the
// first data or request on the new 5-tuple the allocation moves, to another loop if need be, and
// the old 5-tuple and ticket are void (RFC 8016 §3.2.2, §3.2.3).

public import NetTypes
internal import STUN

extension TURNServer {
  // MARK: Allocate

  /// RFC 8016 §3.1.2: why the MOBILITY-TICKET of an Allocate is refused, if it is.
  func refusalOfTicket(_ message: Message) -> ErrorCode? {
    guard let range = message.value(of: .mobilityTicket) else { return nil }
    guard configuration?.value.isMobile == true else { return .mobilityForbidden }
    return range.isEmpty ? nil : .badRequest
  }

  /// A ticket for a new allocation whose client asked for one.
  mutating func ticket(for message: Message) -> MobilityTicket? {
    message.has(.mobilityTicket) ? MobilityTicket(using: &random) : nil
  }

  // MARK: Refresh

  /// RFC 8016 §3.2.2: a Refresh with a ticket, on a 5-tuple without allocation.
  mutating func refreshElsewhere(
    _ request: Request, _ bytes: Span<UInt8>, _ user: AuthenticatedUser, effects: inout [Effect]
  ) -> Verdict {
    guard let configuration else { return .drop(.unknownMethod) }
    guard configuration.value.isMobile else { return refuse(request, .mobilityForbidden, user) }
    if let refused = refuseUnknown(request, user) { return refused }
    guard let range = request.message.value(of: .mobilityTicket), !range.isEmpty else {
      return refuse(request, .badRequest, user)
    }
    let requested = request.message.uint32(.lifetime, bytes)
    if requested == nil, request.message.has(.lifetime) {
      return refuse(request, .badRequest, user)
    }
    guard let ticket = MobilityTicket(bytes, range) else {
      return refuse(request, .allocationMismatch, user)
    }
    let move = MoveRequest(
      ticket: ticket, tuple: request.tuple, username: user.name,
      transaction: request.message.transactionID,
      lifetime: requested == 0 ? .zero : configuration.value.limits.grant(requested, to: user))
    let answer = announce(move, now: request.now, effects: &effects)
    guard answer == .unknown, hasSiblings else {
      return conclude(request, user, answer, onLoop: nil)
    }
    guard let asked = asked.insert(AskedMove(request: request, user: user)) else {
      return refuse(request, .insufficientCapacity, user)
    }
    effects.append(.askLoops(asked, move))
    return .pending
  }

  /// The result of ``Effect/askLoops(_:_:)``: what the loop with that index said, if one has the
  /// allocation. The verdict is about ``TURNServer/reply`` to the 5-tuple of the request.
  public mutating func loopsAnswered(
    _ asked: SlabHandle, _ answer: MoveAnswer, onLoop index: Int
  ) -> Verdict {
    guard let move = self.asked.remove(asked) else { return .drop(.noAllocation) }
    return conclude(move.request, move.user, answer, onLoop: index)
  }

  private mutating func conclude(
    _ request: Request, _ user: AuthenticatedUser, _ answer: MoveAnswer, onLoop index: Int?
  ) -> Verdict {
    switch answer {
    case .unknown: return refuse(request, .allocationMismatch, user)
    case .forbidden: return refuse(request, .wrongCredentials, user)
    case .granted(let grant):
      if let index, grant.ticket != nil, !expect(request.tuple, onLoop: index, now: request.now) {
        return refuse(request, .insufficientCapacity, user)
      }
      return succeed(request, user) { reply in
        reply.add(.lifetime, uint32: UInt32(clamping: grant.lifetime.components.seconds))
        if let ticket = grant.ticket { reply.add(.mobilityTicket, bytes: ticket.bytes) }
      }
    }
  }

  /// Whether the client may be heard from a 5-tuple whose allocation is on another loop.
  private mutating func expect(_ tuple: FiveTuple, onLoop index: Int, now: Instant) -> Bool {
    let max = TURNLimits.arrivalsMax
    if arrivals.count >= max {
      arrivals = arrivals.filter { entry in
        if case .onLoop(_, let until) = entry.value { until > now } else { true }
      }
    }
    guard arrivals.count < max || arrivals[tuple] != nil else { return false }
    arrivals[tuple] = .onLoop(index, until: now + TURNLimits.moveTimeout)
    return true
  }

  // MARK: The loop that has the allocation

  /// Finds the allocation of a ticket, for its user only, and lets its client be heard from
  /// another 5-tuple.
  public mutating func announce(
    _ request: MoveRequest, now: Instant, effects: inout [Effect]
  ) -> MoveAnswer {
    guard let handle = tickets[request.ticket], var allocation = allocations[handle] else {
      return .unknown
    }
    // coturn #1969: whoever has the ticket must also be whose allocation it is.
    guard allocation.username == request.username else { return .forbidden }
    if request.lifetime == .zero {
      end(handle, now: now, effects: &effects)
      return .granted(MoveGrant(ticket: nil, lifetime: .zero))
    }
    extend(handle, by: request.lifetime, now: now)
    if let move = allocation.move, move.tuple == request.tuple,
      move.transaction == request.transaction
    {
      return .granted(MoveGrant(ticket: move.ticket, lifetime: request.lifetime))
    }
    // Only one may be under way: who announces another gives the first up. That the client has the
    // newer ticket shows that it needs the older one no more.
    if let move = allocation.move {
      arrivals[move.tuple] = nil
      tickets[move.ticket == request.ticket ? allocation.ticket ?? move.ticket : move.ticket] = nil
      if move.ticket == request.ticket { allocation.ticket = move.ticket }
    }
    let next = MobilityTicket(using: &random)
    let until = now + TURNLimits.moveTimeout
    let move = PendingMove(
      tuple: request.tuple, ticket: next, transaction: request.transaction, until: until)
    _ = allocations.update(handle) { changed in
      changed.ticket = allocation.ticket
      changed.move = move
    }
    tickets[next] = handle
    arrivals[request.tuple] = .here(handle)
    return .granted(MoveGrant(ticket: next, lifetime: request.lifetime))
  }

  private mutating func extend(_ handle: SlabHandle, by lifetime: Duration, now: Instant) {
    for end in allocations[handle]?.ends ?? RelayEnds() {
      allocations[handle]?.ends[end.address.ip.family]?.expiresAt = now + lifetime
      timers.schedule(Int(end.relay.index), at: now + lifetime)
    }
  }

  // MARK: Arriving

  /// Something came from a 5-tuple without allocation. If one was announced, it arrives now: it is
  /// here then, or an effect asks for it, and the datagram is to be handed in again after that.
  ///
  /// - Returns: `nil` when nothing was announced, or too long ago.
  mutating func arrive(_ tuple: FiveTuple, now: Instant, effects: inout [Effect]) -> Verdict? {
    guard !arrivals.isEmpty, let arrival = arrivals[tuple] else { return nil }
    switch arrival {
    case .here(let handle):
      guard let move = allocations[handle]?.move, move.tuple == tuple, move.until > now else {
        arrivals[tuple] = nil
        return nil
      }
      take(move, handle)
      return .reply
    case .onLoop(let index, let until):
      guard until > now else {
        arrivals[tuple] = nil
        return nil
      }
      effects.append(.fetch(tuple, onLoop: index))
      return .pending
    }
  }

  /// RFC 8016 §3.2.3: from now on the allocation is on its new 5-tuple, and has its new ticket.
  private mutating func take(_ move: PendingMove, _ handle: SlabHandle) {
    guard let allocation = allocations[handle] else { return }
    byFiveTuple.remove(hashKey.hash(allocation.fiveTuple), slot: Int(handle.index))
    byFiveTuple.insert(hashKey.hash(move.tuple), slot: Int(handle.index))
    if let old = allocation.ticket { tickets[old] = nil }
    arrivals[move.tuple] = nil
    _ = allocations.update(handle) { allocation in
      allocation.fiveTuple = move.tuple
      allocation.ticket = move.ticket
      allocation.move = nil
      allocation.isDetached = false
    }
  }

  /// Gives away the allocation whose client was heard from `tuple` on another loop; its relays are
  /// to be taken along without being closed. `nil` when there is none any more.
  public mutating func depart(_ tuple: FiveTuple, now: Instant) -> MovingAllocation? {
    guard case .here(let handle)? = arrivals[tuple], let move = allocations[handle]?.move,
      move.tuple == tuple, move.until > now
    else { return nil }
    take(move, handle)
    unlist(handle)
    guard let allocation = allocations.remove(handle) else { return nil }
    for end in allocation.ends { relays.remove(end.relay) }
    return MovingAllocation(allocation: allocation)
  }

  /// Takes an allocation in. What was asked for by ``Effect/fetch(_:onLoop:)`` is over then.
  ///
  /// - Returns: the new handles of its relays; `nil` when there is no room, and its sockets are to
  ///   be closed: it has ended.
  public mutating func adopt(
    _ moving: MovingAllocation, now: Instant, effects: inout [Effect]
  ) -> [SlabHandle]? {
    var allocation = moving.allocation
    arrivals[allocation.fiveTuple] = nil
    var handles: [SlabHandle] = []
    for end in allocation.ends {
      guard let relay = relays.insert(Relay(address: end.address, owner: .opening)) else { break }
      handles.append(relay)
      allocation.ends[end.address.ip.family] = RelayEnd(
        relay: relay, address: end.address, expiresAt: end.expiresAt)
    }
    guard handles.count == allocation.ends.count, find(allocation.fiveTuple) == nil,
      let handle = allocations.insert(allocation)
    else {
      for relay in handles { relays.remove(relay) }
      conclude(moving.allocation, now: now, effects: &effects)
      return nil
    }
    byFiveTuple.insert(hashKey.hash(allocation.fiveTuple), slot: Int(handle.index))
    if let ticket = allocation.ticket { tickets[ticket] = handle }
    for end in allocation.ends {
      relays[end.relay]?.owner = .allocation(handle)
      timers.schedule(Int(end.relay.index), at: end.expiresAt)
    }
    return handles
  }

  /// The other loop has it no more.
  public mutating func notFetched(_ tuple: FiveTuple) { arrivals[tuple] = nil }

  // MARK: Ending

  /// The client's connection is closed: its allocation ends with it, for a new connection would be
  /// another 5-tuple (RFC 8656 §3); with a ticket it waits for its client until its time is over.
  public mutating func disconnected(_ tuple: FiveTuple, now: Instant, effects: inout [Effect]) {
    // Whoever has these addresses next was not announced.
    arrivals[tuple] = nil
    guard let handle = find(tuple) else { return }
    guard allocations[handle]?.ticket != nil else {
      return end(handle, now: now, effects: &effects)
    }
    byFiveTuple.remove(hashKey.hash(tuple), slot: Int(handle.index))
    allocations[handle]?.isDetached = true
  }

  /// Takes an allocation's tickets and 5-tuples out of the tables.
  mutating func unlist(_ handle: SlabHandle) {
    guard let allocation = allocations[handle] else { return }
    byFiveTuple.remove(hashKey.hash(allocation.fiveTuple), slot: Int(handle.index))
    if let ticket = allocation.ticket { tickets[ticket] = nil }
    if let move = allocation.move {
      tickets[move.ticket] = nil
      arrivals[move.tuple] = nil
    }
  }
}
