// CreatePermission and ChannelBind (RFC 8656 §10, §12).

internal import NetTypes
internal import STUN

extension TURNServer {
  /// RFC 8656 §10.2: all of the peers get their permission, or none does.
  mutating func createPermission(
    _ request: Request, _ bytes: Span<UInt8>, _ user: AuthenticatedUser
  ) -> Verdict {
    guard let configuration else { return .drop(.unknownMethod) }
    guard let handle = ownAllocation(request, user) else { return .reply }
    if let refused = refuseUnknown(request, user) { return refused }
    var peers: [SocketAddress] = []
    for index in 0..<request.message.attributeCount {
      let attribute = request.message[index]
      guard attribute.type == Attribute.xorPeerAddress.rawValue else { continue }
      guard
        let peer = XorAddress.decode(bytes, attribute.range, request.message.transactionID)
      else { return refuse(request, .badRequest, user) }
      peers.append(peer)
    }
    guard !peers.isEmpty else { return refuse(request, .badRequest, user) }
    for peer in peers {
      if let error = refusal(of: peer.ip, for: handle) { return refuse(request, error, user) }
    }
    let max = configuration.value.limits.permissionsPerAllocationMax
    guard let allocation = allocations[handle],
      allocation.livePermissions(now: request.now)
        + allocation.missing(peers, now: request.now) <= max
    else { return refuse(request, .insufficientCapacity, user) }
    for peer in peers {
      _ = allocations[handle]?.permit(peer.ip, now: request.now, max: max)
    }
    return succeed(request, user)
  }

  /// RFC 8656 §12.2.
  mutating func bindChannel(_ request: Request, _ bytes: Span<UInt8>, _ user: AuthenticatedUser)
    -> Verdict
  {
    guard let configuration else { return .drop(.unknownMethod) }
    guard let handle = ownAllocation(request, user) else { return .reply }
    if let refused = refuseUnknown(request, user) { return refused }
    guard let value = request.message.uint32(.channelNumber, bytes),
      let peer = request.message.xorAddress(.xorPeerAddress, bytes)
    else { return refuse(request, .badRequest, user) }
    let number = UInt16(value >> 16)
    let last: UInt16 = configuration.value.legacyChannels ? 0x7fff : 0x4fff
    // Channels are of UDP (RFC 6062 §3).
    guard (0x4000...last).contains(number), allocations[handle]?.transport == .udp else {
      return refuse(request, .badRequest, user)
    }
    if let error = refusal(of: peer.ip, for: handle) { return refuse(request, error, user) }
    guard configuration.value.peers.allows(peer) else {
      return refuse(request, .forbidden, user)
    }
    // On a copy: the channel and its permission come together, or neither does.
    guard var allocation = allocations[handle] else { return .drop(.noAllocation) }
    let limits = configuration.value.limits
    switch allocation.bind(
      number, to: peer, now: request.now, max: limits.channelsPerAllocationMax)
    {
    case .bound: break
    case .conflict: return refuse(request, .badRequest, user)
    case .full: return refuse(request, .insufficientCapacity, user)
    }
    guard
      allocation.permit(peer.ip, now: request.now, max: limits.permissionsPerAllocationMax)
    else { return refuse(request, .insufficientCapacity, user) }
    allocations[handle] = allocation
    return succeed(request, user)
  }

  /// Why `peer` cannot get a permission on this allocation: 443 for a family without a relay, 403
  /// by the filter.
  func refusal(of peer: IPAddress, for handle: SlabHandle) -> ErrorCode? {
    guard allocations[handle]?.ends[peer.family] != nil else {
      return .peerAddressFamilyMismatch
    }
    return configuration?.value.peers.allows(peer) == true ? nil : .forbidden
  }
}
