// Ports kept for who comes with their RESERVATION-TOKEN (RFC 8656 §7.2).

internal import NetTypes
internal import STUN

extension TURNServer {
  /// Keeps the port of `relay` for the loop that the token appears on: that may be another one.
  mutating func reserve(
    _ relay: SlabHandle, _ token: UInt64, _ opening: OpeningAllocation, effects: inout [Effect]
  ) {
    guard let address = relays[relay]?.address, let configuration else { return }
    let until = opening.request.now + configuration.value.limits.reservationLifetime
    let account = opening.user.account
    ports?.reserve(
      PortReservation(token: token, address: address, account: account, until: until))
    relays[relay]?.owner = .reserved(token: token, account: account, until: until)
    timers.schedule(Int(relay.index), at: until)
    effects.append(.parkRelay(relay))
  }

  /// RFC 8656 §7.2 step 5: a token is good once, in time, for the user it was given to.
  mutating func allocateReserved(
    _ request: Request, _ user: AuthenticatedUser, _ token: UInt64, _ lifetime: Duration,
    effects: inout [Effect]
  ) -> Verdict {
    guard let address = ports?.redeem(token, for: user.account, now: request.now) else {
      return refuse(request, .insufficientCapacity, user)
    }
    // The reservation's place in the quota becomes the allocation's.
    var opening = OpeningAllocation(
      request: request, user: user, transport: .udp, lifetime: lifetime, ip: address.ip,
      wish: .reserved(address), attemptsLeft: 1)
    return openNext(&opening, effects: &effects)
  }

  /// Makes room in the table of relays. What was reserved and taken up, maybe on another loop, has
  /// no place in the quota, so nothing else would bound how many of these wait for their time.
  mutating func forgetRedeemed() {
    for handle in relays.handles {
      guard case .reserved(let token, _, _)? = relays[handle]?.owner,
        ports?.isReserved(token) == false
      else { continue }
      relays.remove(handle)
    }
  }

  /// Its time is over; if nobody took it up, its port and its place in the quota are given back.
  mutating func endReservation(_ relay: SlabHandle, now: Instant) {
    guard let removed = relays[relay], case .reserved(let token, let account, _) = removed.owner
    else { return }
    relays.remove(relay)
    guard ports?.cancel(token) == true else { return }
    quota?.release(account)
    ports?.free(removed.address, now: now)
  }
}
