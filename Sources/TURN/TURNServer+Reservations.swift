// Ports kept for who comes with their RESERVATION-TOKEN (RFC 8656 §7.2).

internal import NetTypes
internal import STUN

extension TURNServer {
  mutating func reserve(
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
  mutating func allocateReserved(
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
  mutating func endReservation(_ relay: SlabHandle, now: Instant, effects: inout [Effect]) {
    guard case .reserved(let token, let account, _)? = relays[relay]?.owner else { return }
    reservations[token] = nil
    quota?.release(account)
    release(relay, now: now, effects: &effects)
  }
}
