// ICMP errors about datagrams to peers, told to the client (RFC 8656 §11.5).

public import NetTypes
internal import STUN

extension TURNServer {
  /// A router or a host refused something that `relay` sent. The Data indication that tells the
  /// client is a ``header`` around nothing.
  public mutating func peerUnreachable(
    _ error: ICMPError, at relay: SlabHandle, now: Instant
  ) -> Verdict {
    count(relayError(error, relay, now: now))
  }

  private mutating func relayError(
    _ error: ICMPError, _ relay: SlabHandle, now: Instant
  ) -> Verdict {
    guard ICMPAttribute.tells(error) else { return .drop(.irrelevantICMP) }
    guard case .allocation(let handle)? = relays[relay]?.owner else { return .drop(.noRelay) }
    let id = TransactionID(using: &indicationIDs)
    let target = external.outside(error.target)
    let offset = Self.dataIndicationLength(target)
    let end = offset + Wire.attributeHeaderLength + ICMPAttribute.length
    let verdict = allocations.update(handle) { allocation -> Verdict in
      // The peer that the datagram went to has to have a permission, not who complains.
      guard !allocation.isDetached else { return .drop(.clientAway) }
      guard allocation.permits(target.ip, now: now) else { return .drop(.noPermission) }
      allocation.counters.toClient.count(end)
      return .toClient(
        allocation: handle, allocation.fiveTuple, 0..<0, Framing(count: 1, header: end, padding: 0))
    }
    guard let verdict else { return .drop(.noRelay) }
    var bytes = header.mutableSpan
    Self.beginDataIndication(target, id, &bytes, length: UInt16(end - Wire.headerLength))
    bytes.store(Attribute.icmp.rawValue, at: offset)
    bytes.store(UInt16(ICMPAttribute.length), at: offset + 2)
    bytes.store(ICMPAttribute.value(error), at: offset + Wire.attributeHeaderLength)
    return verdict
  }
}
