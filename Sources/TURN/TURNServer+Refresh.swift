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
      return refuse(request, configuration.value.isMobile ? .badRequest : .mobilityForbidden, user)
    }
    // As they are before anything ends.
    var ends = allocations[handle]?.ends ?? RelayEnds()
    if let range = request.message.value(of: .requestedAddressFamily) {
      guard range.count == 4 else { return refuse(request, .badRequest, user) }
      // Of a dual allocation only the named family is meant.
      for family in [IPAddress.Family.v4, .v6] where family.rawValue != bytes[range.lowerBound] {
        ends[family] = nil
      }
      guard ends.count > 0 else { return refuse(request, .peerAddressFamilyMismatch, user) }
    }
    let requested = request.message.uint32(.lifetime, bytes)
    if requested == nil, request.message.has(.lifetime) {
      return refuse(request, .badRequest, user)
    }
    if requested == 0 {
      for gone in ends {
        end(gone.address.ip.family, of: handle, now: request.now, effects: &effects)
      }
      return succeed(request, user) { $0.add(.lifetime, uint32: 0) }
    }
    let lifetime = configuration.value.limits.grant(requested, to: user)
    for end in ends {
      _ = allocations.update(handle) {
        $0.ends[end.address.ip.family]?.expiresAt = request.now + lifetime
      }
      timers.schedule(Int(end.relay.index), at: request.now + lifetime)
    }
    return succeed(request, user) {
      $0.add(.lifetime, uint32: UInt32(clamping: lifetime.components.seconds))
    }
  }
}
