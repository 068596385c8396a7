// Refresh: how long an allocation goes on (RFC 8656 §8.2).

internal import NetTypes
internal import STUN

extension TURNServer {
  mutating func refresh(
    _ request: Request, _ bytes: Span<UInt8>, _ user: AuthenticatedUser, effects: inout [Effect]
  ) -> Verdict {
    guard let configuration else { return .drop(.unknownMethod) }
    if request.message.has(.mobilityTicket), find(request.tuple) == nil {
      return refreshElsewhere(request, bytes, user, effects: &effects)
    }
    guard let handle = ownAllocation(request, user) else { return .reply }
    if let refused = refuseUnknown(request, user) { return refused }
    // RFC 8016 §3.2.1: who has not moved sends no ticket.
    if request.message.has(.mobilityTicket) {
      return refuse(request, configuration.isMobile ? .badRequest : .mobilityForbidden, user)
    }
    var families = allocations[handle]?.ends.all.map(\.address.ip.family) ?? []
    if let range = request.message.value(of: .requestedAddressFamily) {
      guard range.count == 4 else { return refuse(request, .badRequest, user) }
      // Of a dual allocation only the named family is meant.
      families = families.filter { $0.rawValue == bytes[range.lowerBound] }
      guard !families.isEmpty else { return refuse(request, .peerAddressFamilyMismatch, user) }
    }
    let requested = request.message.uint32(.lifetime, bytes)
    if requested == nil, request.message.has(.lifetime) {
      return refuse(request, .badRequest, user)
    }
    if requested == 0 {
      for family in families { end(family, of: handle, now: request.now, effects: &effects) }
      return succeed(request, user) { $0.add(.lifetime, uint32: 0) }
    }
    let lifetime = configuration.limits.grant(requested, to: user)
    for family in families {
      allocations[handle]?.ends[family]?.expiresAt = request.now + lifetime
      if let relay = allocations[handle]?.ends[family]?.relay {
        timers.schedule(Int(relay.index), at: request.now + lifetime)
      }
    }
    return succeed(request, user) {
      $0.add(.lifetime, uint32: UInt32(clamping: lifetime.components.seconds))
    }
  }
}
