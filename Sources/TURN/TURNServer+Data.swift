// The data path: ChannelData and Send from clients, datagrams from peers (RFC 8656 §11, §12).

internal import NetTypes
internal import STUN

extension TURNServer {
  /// RFC 8656 §12.6: ChannelData from a client.
  mutating func relayChannelData(
    _ tuple: FiveTuple, _ bytes: Span<UInt8>, _ range: Range<Int>, now: Instant
  ) -> Verdict {
    guard range.count >= Wire.channelDataHeaderLength else {
      return dropped(.malformedChannelData, range.count, find(tuple))
    }
    let start = range.lowerBound
    let length = Int(bytes.uint16(at: start + 2))
    let payload =
      start + Wire.channelDataHeaderLength..<start + Wire.channelDataHeaderLength + length
    // RFC 8656 §12.5: over UDP up to 3 bytes of padding may follow; on a stream they do.
    guard payload.upperBound <= range.upperBound, range.upperBound - payload.upperBound < 4 else {
      return dropped(.malformedChannelData, range.count, find(tuple))
    }
    guard let handle = find(tuple) else { return .drop(.noAllocation) }
    let number = bytes.uint16(at: start)
    return relay(handle, range.count, payload, now: now) { allocation in
      guard let peer = allocation.peer(of: number, now: now) else { return .failure(.noChannel) }
      // The channel's own refreshes keep the permission alive; one that ran out stops the channel.
      guard allocation.permits(peer.ip, now: now) else { return .failure(.noPermission) }
      return .success(peer)
    }
  }

  /// RFC 8656 §11.2: a Send indication. Nothing that is wrong with it is answered.
  mutating func relaySend(
    _ tuple: FiveTuple, _ message: Message, _ bytes: Span<UInt8>, now: Instant
  ) -> Verdict {
    guard let configuration, let handle = find(tuple) else { return .drop(.noAllocation) }
    guard let peer = message.xorAddress(.xorPeerAddress, bytes),
      let payload = message.value(of: .data), !hasUnknownRequired(message)
    else {
      return dropped(.badIndication, message.range.count, handle)
    }
    let dontFragment = message.has(.dontFragment)
    return relay(
      handle, message.range.count, payload, dontFragment: dontFragment, now: now
    ) { allocation in
      // A permission exists only for what the filter allows; ports of our own need a look each
      // time.
      guard allocation.transport == .udp else { return .failure(.badIndication) }
      guard allocation.permits(peer.ip, now: now) else { return .failure(.noPermission) }
      guard configuration.peers.allows(peer) else { return .failure(.forbiddenPeer) }
      return .success(peer)
    }
  }

  private func hasUnknownRequired(_ message: Message) -> Bool {
    for index in 0..<message.attributeCount
    where Attribute.isComprehensionRequired(message[index].type) {
      if Attribute(rawValue: message[index].type)?.isUnderstood != true { return true }
    }
    return false
  }

  /// Why something is not relayed, as an error without a heap.
  private enum Decision {
    case success(SocketAddress)
    case failure(DropReason)
  }

  /// Counts what came from a client and, where `decide` names a peer, what goes there.
  @inline(__always)
  private mutating func relay(
    _ handle: SlabHandle, _ received: Int, _ payload: Range<Int>, dontFragment: Bool = false,
    now: Instant, _ decide: (borrowing Allocation) -> Decision
  ) -> Verdict {
    let external = self.external
    let verdict = allocations.update(handle) { allocation -> Verdict in
      allocation.counters.fromClient.count(received)
      switch decide(allocation) {
      case .success(let peer):
        guard let end = allocation.ends[peer.ip.family] else {
          allocation.counters.drops &+= 1
          return .drop(.noRelay)
        }
        if let reason = allocation.meter.refusal(of: received, .fromClient, now: now) {
          allocation.counters.drops &+= 1
          return .drop(reason)
        }
        allocation.counters.toPeers.count(payload.count)
        return .toPeer(
          relay: end.relay, peer: external.inside(peer), payload, dontFragment: dontFragment)
      case .failure(let reason):
        allocation.counters.drops &+= 1
        return .drop(reason)
      }
    }
    return verdict ?? .drop(.noAllocation)
  }

  /// Counts what came from a client, if it has an allocation, and is not for any peer.
  private mutating func dropped(_ reason: DropReason, _ received: Int, _ handle: SlabHandle?)
    -> Verdict
  {
    guard let handle else { return .drop(reason) }
    _ = allocations.update(handle) { allocation in
      allocation.counters.fromClient.count(received)
      allocation.counters.drops &+= 1
    }
    return .drop(reason)
  }

  // MARK: From peers

  /// RFC 8656 §11.3 and §12.7: a datagram at a relay, framed in place for the client.
  mutating func relayPeerData(
    _ peer: SocketAddress, _ relay: SlabHandle, _ bytes: inout MutableSpan<UInt8>,
    _ payload: Range<Int>, now: Instant
  ) -> Verdict {
    guard case .allocation(let handle)? = relays[relay]?.owner else { return .drop(.noRelay) }
    let id = TransactionID(using: &indicationIDs)
    let peer = external.outside(peer)
    let verdict = allocations.update(handle) { allocation -> Verdict in
      allocation.counters.fromPeers.count(payload.count)
      guard !allocation.isDetached else {
        allocation.counters.drops &+= 1
        return .drop(.clientAway)
      }
      guard allocation.permits(peer.ip, now: now) else {
        allocation.counters.drops &+= 1
        return .drop(.noPermission)
      }
      let framed =
        if let channel = allocation.channel(of: peer, now: now) {
          Self.frame(channel, &bytes, payload, isPadded: allocation.fiveTuple.transport.isStream)
        } else {
          Self.frameDataIndication(peer, id, &bytes, payload)
        }
      guard let framed else {
        allocation.counters.drops &+= 1
        return .drop(.tooLong)
      }
      if let reason = allocation.meter.refusal(of: framed.count, .toClient, now: now) {
        allocation.counters.drops &+= 1
        return .drop(reason)
      }
      allocation.counters.toClient.count(framed.count)
      return .toClient(allocation: handle, allocation.fiveTuple, framed)
    }
    return verdict ?? .drop(.noRelay)
  }

  /// RFC 8656 §12.4: four bytes in front; and in a stream, where the next header follows, zeros
  /// behind up to a multiple of four, which the length leaves out.
  private static func frame(
    _ channel: UInt16, _ bytes: inout MutableSpan<UInt8>, _ payload: Range<Int>, isPadded: Bool
  ) -> Range<Int>? {
    guard let length = UInt16(exactly: payload.count) else { return nil }
    let start = payload.lowerBound - Wire.channelDataHeaderLength
    bytes.store(channel, at: start)
    bytes.store(length, at: start + 2)
    let end = payload.upperBound + (isPadded ? -payload.count & 3 : 0)
    // Never what the buffer held before (CVE-2020-4067 in coturn).
    for offset in payload.upperBound..<end { bytes[offset] = 0 }
    return start..<end
  }

  /// RFC 8656 §11.3: a Data indication around the payload.
  private static func frameDataIndication(
    _ peer: SocketAddress, _ id: TransactionID, _ bytes: inout MutableSpan<UInt8>,
    _ payload: Range<Int>
  ) -> Range<Int>? {
    let front = dataIndicationLength(peer) + Wire.attributeHeaderLength
    let padding = -payload.count & 3
    let start = payload.lowerBound - front
    let end = payload.upperBound + padding
    guard let length = UInt16(exactly: end - start - Wire.headerLength) else { return nil }
    beginDataIndication(peer, id, &bytes, at: start, length: length)
    let offset = payload.lowerBound - Wire.attributeHeaderLength
    bytes.store(Attribute.data.rawValue, at: offset)
    bytes.store(UInt16(payload.count), at: offset + 2)
    // Zeros, never what the buffer held before (CVE-2020-4067 in coturn).
    for offset in payload.upperBound..<end { bytes[offset] = 0 }
    return start..<end
  }

  /// Bytes of a Data indication from `peer` that says nothing yet.
  static func dataIndicationLength(_ peer: SocketAddress) -> Int {
    Wire.headerLength + Wire.attributeHeaderLength + XorAddress.length(peer.ip.family)
  }

  /// RFC 8656 §11.3: writes the header of a Data indication, and the peer.
  static func beginDataIndication(
    _ peer: SocketAddress, _ id: TransactionID, _ bytes: inout MutableSpan<UInt8>, at start: Int,
    length: UInt16
  ) {
    bytes.store(MessageType(.data, .indication).rawValue, at: start)
    bytes.store(length, at: start + 2)
    bytes.store(Wire.magicCookie, at: start + 4)
    bytes.store(id.high, at: start + 8)
    bytes.store(id.low, at: start + 12)
    let offset = start + Wire.headerLength
    bytes.store(Attribute.xorPeerAddress.rawValue, at: offset)
    bytes.store(UInt16(XorAddress.length(peer.ip.family)), at: offset + 2)
    XorAddress.encode(peer, into: &bytes, at: offset + 4, id)
  }
}
