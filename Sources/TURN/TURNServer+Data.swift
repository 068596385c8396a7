// The data path: ChannelData and Send from clients, datagrams from peers (RFC 8656 §11, §12).

internal import NetTypes
internal import STUN

extension TURNServer {
  /// RFC 8656 §12.6: ChannelData from a client, and those behind it in `train` that are alike.
  mutating func relayChannelData(
    _ tuple: FiveTuple, _ bytes: Span<UInt8>, _ range: Range<Int>, _ train: inout Train,
    now: Instant
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
    var count = 1
    if train.count > 0, !isLimited(handle) { count += takeAlike(bytes, range, &train) }
    return relay(handle, range.count, payload, count: count, now: now) { allocation in
      guard let peer = allocation.peer(of: number, now: now) else { return .failure(.noChannel) }
      // The channel's own refreshes keep the permission alive; one that ran out stops the channel.
      guard allocation.permits(peer.ip, now: now) else { return .failure(.noPermission) }
      return .success(peer)
    }
  }

  /// A limit may let one pass and not the next.
  private mutating func isLimited(_ handle: SlabHandle) -> Bool {
    allocations.update(handle) { $0.meter.isLimited } ?? true
  }

  /// Takes those that follow, are as long as `range`, and begin with the same channel and length.
  private func takeAlike(_ bytes: Span<UInt8>, _ range: Range<Int>, _ train: inout Train) -> Int {
    let header = bytes.uint32(at: range.lowerBound)
    var count = 0
    while train.count > 0, train.rest.count >= range.count,
      bytes.uint32(at: train.rest.lowerBound) == header
    {
      _ = train.next()
      count += 1
    }
    return count
  }

  /// RFC 8656 §11.2: a Send indication. Nothing that is wrong with it is answered.
  mutating func relaySend(
    _ tuple: FiveTuple, _ message: Message, _ bytes: Span<UInt8>, now: Instant
  ) -> Verdict {
    guard let handle = find(tuple) else { return .drop(.noAllocation) }
    guard let peer = message.xorAddress(.xorPeerAddress, bytes),
      let payload = message.value(of: .data), !message.hasUnknownRequired
    else {
      return dropped(.badIndication, message.range.count, handle)
    }
    // A permission exists only for what the filter allows; ports of our own need a look each time.
    let isAllowed = peers.allows(peer)
    let dontFragment = message.has(.dontFragment)
    return relay(
      handle, message.range.count, payload, dontFragment: dontFragment, now: now
    ) { allocation in
      guard allocation.transport == .udp else { return .failure(.badIndication) }
      guard allocation.permits(peer.ip, now: now) else { return .failure(.noPermission) }
      guard isAllowed else { return .failure(.forbiddenPeer) }
      return .success(peer)
    }
  }

  /// Why something is not relayed, as an error without a heap.
  private enum Decision {
    case success(SocketAddress)
    case failure(DropReason)
  }

  /// Counts what came from a client and, where `decide` names a peer, what goes there.
  ///
  /// - Parameters:
  ///   - received: bytes of each datagram.
  ///   - count: datagrams; one where a limit is in force.
  @inline(__always)
  private mutating func relay(
    _ handle: SlabHandle, _ received: Int, _ payload: Range<Int>, dontFragment: Bool = false,
    count: Int = 1, now: Instant, _ decide: (borrowing Allocation) -> Decision
  ) -> Verdict {
    let external = self.external
    let verdict = allocations.update(handle) { allocation -> Verdict in
      let packets = UInt64(count)
      allocation.counters.fromClient.count(
        Traffic(packets: packets, bytes: packets &* UInt64(received)))
      switch decide(allocation) {
      case .success(let peer):
        guard let end = allocation.ends[peer.ip.family] else {
          return allocation.drops(count, .noRelay)
        }
        if let reason = allocation.meter.refusal(of: received, .fromClient, now: now) {
          return allocation.drops(count, reason)
        }
        allocation.counters.toPeers.count(
          Traffic(packets: packets, bytes: packets &* UInt64(payload.count)))
        return .toPeer(
          relay: end.relay, peer: external.inside(peer), payload, dontFragment: dontFragment,
          count: count)
      case .failure(let reason): return allocation.drops(count, reason)
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

  /// RFC 8656 §11.3 and §12.7: datagrams at a relay, framed for the client. Those of one length
  /// have one header behind a channel; but every Data indication has an id of its own, and a limit
  /// may let one pass and not the next.
  mutating func relayPeerData(
    _ peer: SocketAddress, _ relay: SlabHandle, _ train: inout Train, now: Instant
  ) -> Verdict {
    // In place: a copy of the relay would take part in counting references.
    guard let owner = relays.update(relay, { $0.allocation }), let handle = owner else {
      _ = train.nextAlike()
      return .drop(.noRelay)
    }
    let peer = external.outside(peer)
    var channel: UInt16?
    var length = 0
    let verdict = allocations.update(handle) { allocation -> Verdict in
      channel = allocation.channel(of: peer, now: now)
      let alike = channel != nil && !allocation.meter.isLimited
      let (range, count) = (alike ? train.nextAlike() : train.next().map { ($0, 1) }) ?? (0..<0, 0)
      length = count > 1 ? train.size : range.count
      allocation.counters.fromPeers.count(
        Traffic(packets: UInt64(count), bytes: UInt64(range.count)))
      guard !allocation.isDetached else { return allocation.drops(count, .clientAway) }
      guard allocation.permits(peer.ip, now: now) else {
        return allocation.drops(count, .noPermission)
      }
      let framing =
        if channel != nil {
          Self.frame(length, count, inStream: allocation.fiveTuple.transport.isStream)
        } else {
          Self.frameIndication(length, from: peer)
        }
      guard let framing else { return allocation.drops(count, .tooLong) }
      let traffic = framing.traffic(of: range.count)
      if let reason = allocation.meter.refusal(of: Int(traffic.bytes), .toClient, now: now) {
        return allocation.drops(count, reason)
      }
      allocation.counters.toClient.count(traffic)
      return .toClient(allocation: handle, allocation.fiveTuple, range, framing)
    }
    if case .toClient(_, _, _, let framing)? = verdict {
      writeHeader(channel, peer, length, framing)
    }
    return verdict ?? .drop(.noRelay)
  }

  /// RFC 8656 §12.4: four bytes in front; and in a stream, where the next header follows, zeros
  /// behind up to a multiple of four, which the length leaves out.
  private static func frame(_ length: Int, _ count: Int, inStream isStream: Bool) -> Framing? {
    guard length <= Int(UInt16.max) else { return nil }
    return Framing(
      count: count, header: Wire.channelDataHeaderLength, padding: isStream ? -length & 3 : 0)
  }

  /// RFC 8656 §11.3: a Data indication around the payload.
  private static func frameIndication(_ length: Int, from peer: SocketAddress) -> Framing? {
    let header = dataIndicationLength(peer) + Wire.attributeHeaderLength
    let padding = -length & 3
    guard header + length + padding - Wire.headerLength <= Int(UInt16.max) else { return nil }
    return Framing(count: 1, header: header, padding: padding)
  }

  private mutating func writeHeader(
    _ channel: UInt16?, _ peer: SocketAddress, _ length: Int, _ framing: Framing
  ) {
    let number = UInt16(truncatingIfNeeded: length)
    if let channel {
      var bytes = header.mutableSpan
      bytes.store(channel, at: 0)
      bytes.store(number, at: 2)
      return
    }
    let id = TransactionID(using: &indicationIDs)
    var bytes = header.mutableSpan
    let message = framing.header + length + framing.padding - Wire.headerLength
    Self.beginDataIndication(peer, id, &bytes, length: UInt16(truncatingIfNeeded: message))
    let offset = framing.header - Wire.attributeHeaderLength
    bytes.store(Attribute.data.rawValue, at: offset)
    bytes.store(number, at: offset + 2)
  }

  /// Bytes of a Data indication from `peer` that says nothing yet.
  static func dataIndicationLength(_ peer: SocketAddress) -> Int {
    Wire.headerLength + Wire.attributeHeaderLength + XorAddress.length(peer.ip.family)
  }

  /// RFC 8656 §11.3: writes the header of a Data indication, and the peer.
  static func beginDataIndication(
    _ peer: SocketAddress, _ id: TransactionID, _ bytes: inout MutableSpan<UInt8>, length: UInt16
  ) {
    bytes.store(MessageType(.data, .indication).rawValue, at: 0)
    bytes.store(length, at: 2)
    bytes.store(Wire.magicCookie, at: 4)
    bytes.store(id.high, at: 8)
    bytes.store(id.low, at: 12)
    let offset = Wire.headerLength
    bytes.store(Attribute.xorPeerAddress.rawValue, at: offset)
    bytes.store(UInt16(XorAddress.length(peer.ip.family)), at: offset + 2)
    XorAddress.encode(peer, into: &bytes, at: offset + 4, id)
  }
}

extension Allocation {
  /// Counts what arrived and is not relayed.
  fileprivate mutating func drops(_ count: Int, _ reason: DropReason) -> Verdict {
    counters.drops &+= UInt64(count)
    return .drop(reason)
  }
}
