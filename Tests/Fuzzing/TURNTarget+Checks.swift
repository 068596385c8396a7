// What must hold after a step: of its verdict, of a reply, and of the server's tables.

import NetTypes
import STUN
import TURN
import TURNTesting

extension Traffic {
  mutating func count(_ length: Int) { self = self + Traffic(packets: 1, bytes: UInt64(length)) }

  mutating func uncount(_ less: Traffic) {
    self = Traffic(packets: packets &- less.packets, bytes: bytes &- less.bytes)
  }
}

extension TraceWorld {
  // MARK: From a client

  mutating func fromClient(_ datagram: [UInt8], _ client: Int, _ request: TraceRequest?)
    throws(Finding)
  {
    let slot = Array(repeating: 0xAA, count: Self.headroom) + datagram + [0xAA, 0xAA, 0xAA, 0xAA]
    let range = Self.headroom..<Self.headroom + datagram.count
    var verdict = turn.received(
      from: Self.tuple(client), in: slot.span, at: range, now: now, effects: &effects)
    let hadEffects = !effects.isEmpty
    verdict = try carryOut() ?? verdict
    lastVerdict = verdict
    switch verdict {
    case .drop: drops += 1
    case .pending: throw Finding(description: "pending without an effect")
    case .reply: try checkReply(to: datagram, client, request, hadEffects: hadEffects)
    case .toPeer(let relay, let peer, let payload, _, _):
      let socket = relays.first { $0.handle == relay }
      let ip = try socket.required("relayed through a socket that is not open").address.ip
      try require(ip.family == peer.ip.family, "relayed to the other family")
      try require(range.contains(payload), "relayed what is not of the datagram")
      try require(
        Self.filter.allows(peer.ip) && Self.filter.allows(peer), "relayed to a forbidden peer")
      let until = permissions[Permission(client: client, peer: peer.ip)]
      try require(until.map { $0 > now } ?? false, "relayed without a permission")
      toPeers.count(payload.count)
    case .toClient: throw Finding(description: "a client's datagram goes to a client")
    case .replyElsewhere: throw Finding(description: "an answer goes where nobody asked from")
    case .moveStream, .bindStream: throw Finding(description: "a datagram is no stream")
    }
    // Only a request changes tables, and only one whose sender is known.
    try require(!hadEffects || verdict == .reply, "effects without a reply")
  }

  private mutating func checkReply(
    to datagram: [UInt8], _ client: Int, _ request: TraceRequest?, hadEffects: Bool
  ) throws(Finding) {
    let bytes = turn.reply.bytes
    guard let reply = try? Message(bytes.span, in: 0..<bytes.count),
      let asked = try? Message(datagram.span, in: 0..<datagram.count)
    else { throw Finding(description: "a reply that is no message, or to no message") }
    try require(reply.transactionID == asked.transactionID, "the reply is of another transaction")
    try require(reply.type.methodNumber == asked.type.methodNumber, "of another method")
    try require(reply.hasFingerprint == asked.hasFingerprint, "FINGERPRINT is not answered")
    let isSuccess = reply.type.messageClass == .success
    try require(isSuccess || reply.type.messageClass == .error, "a reply that is none")
    try require(
      isSuccess != (reply.errorCode(bytes.span) != nil), "an error without code, or the reverse")
    guard asked.type.method != .binding else { return }
    guard reply.hasIntegrity else {
      // RFC 8489 §9.2.4: unsigned are only the errors of who has not proved who he is.
      let code = reply.errorCode(bytes.span) ?? 0
      try require([400, 401, 438].contains(code), "an unsigned \(code)")
      try require(!hadEffects, "effects for a stranger")
      let isChallenge = reply.has(.realm) && reply.has(.nonce)
      try require(isChallenge == (code != 400), "a challenge without realm or nonce")
      return
    }
    let request = try request.required("a signed answer to an unsigned request")
    let key = try Self.key(request.signer).required("a signed answer to who has no key")
    try require(request.nonce == .fresh, "a nonce is taken that is not the client's")
    try require(reply.isIntegrityValid(bytes.span, key: key), "a reply with a wrong signature")
    if isSuccess { learn(asked, datagram, reply, bytes, client) }
    try checkTables()
  }

  /// What the client may do from here on.
  private mutating func learn(
    _ asked: Message, _ datagram: [UInt8], _ reply: Message, _ bytes: [UInt8], _ client: Int
  ) {
    if let token = reply.value(of: .reservationToken) { lastToken = Array(bytes[token]) }
    guard asked.type.method == .createPermission || asked.type.method == .channelBind else {
      return
    }
    for index in 0..<asked.attributeCount
    where asked[index].type == Attribute.xorPeerAddress.rawValue {
      let peer = XorAddress.decode(datagram.span, asked[index].range, asked.transactionID)
      guard let peer else { continue }
      permissions[Permission(client: client, peer: peer.ip)] =
        now + TURNLimits.permissionLifetime
    }
  }

  // MARK: From a peer

  mutating func fromPeer(_ peer: SocketAddress, _ number: Int, _ payload: ArraySlice<UInt8>)
    throws(Finding)
  {
    let stranger = SlabHandle(index: Int32(number & 7), generation: 9)
    let relay = relays.isEmpty ? stranger : relays[number % relays.count].handle
    let slot = Array(payload)
    // Some of it comes as one datagram, and some as a train.
    let size = number & 8 == 0 || slot.isEmpty ? slot.count : 1 + slot.count / 3
    var train = Train(0..<slot.count, size: size)
    repeat {
      let left = train.rest
      let before = train.count
      let verdict = turn.received(fromPeer: peer, at: relay, &train, now: now)
      lastVerdict = verdict
      try require(train.count < before, "a verdict on nothing")
      let taken = left.lowerBound..<train.rest.lowerBound
      try check(verdict, before - train.count, of: taken, slot, from: peer)
    } while train.count > 0
    try require(train.rest.isEmpty, "a part of a train is left")
  }

  /// - Parameter count: datagrams, which are at `taken` of the slot.
  private mutating func check(
    _ verdict: Verdict, _ count: Int, of taken: Range<Int>, _ slot: [UInt8],
    from peer: SocketAddress
  ) throws(Finding) {
    switch verdict {
    case .drop: drops += count
    case .toClient(_, let tuple, let range, let framing):
      try require(range == taken && framing.count == count, "another part of the train")
      let client = (0..<4).first { Self.tuple($0) == tuple }
      let index = try client.required("relayed to nobody")
      let until = permissions[Permission(client: index, peer: peer.ip)]
      try require(until.map { $0 > now } ?? false, "a peer without a permission is heard")
      let length = taken.count / count
      for (number, frame) in turn.frames(verdict, slot).enumerated() {
        let start = taken.lowerBound + number * length
        try checkFrame(
          frame, peer, slot[start..<start + length], isPadded: tuple.transport.isStream)
        toClients.count(frame.count)
      }
    default: throw Finding(description: "a peer's datagram ends as \(verdict)")
    }
  }

  /// ChannelData or a Data indication, with just the payload in it.
  private func checkFrame(
    _ frame: [UInt8], _ peer: SocketAddress, _ payload: ArraySlice<UInt8>, isPadded: Bool
  ) throws(Finding) {
    if frame.first.map({ $0 >= 0x40 }) ?? false {
      try require(
        Int(frame.span.uint16(at: 2)) == payload.count
          && frame[4...].prefix(payload.count).elementsEqual(payload),
        "ChannelData with another payload")
      // RFC 8656 §12.5.
      let padding = frame.dropFirst(4 + payload.count)
      try require(
        padding.count == (isPadded ? -payload.count & 3 : 0) && padding.allSatisfy { $0 == 0 },
        "ChannelData with \(padding.count) bytes of padding")
      return
    }
    guard let message = try? Message(frame.span, in: 0..<frame.count) else {
      throw Finding(description: "an indication that is no message")
    }
    let data = try message.value(of: .data).required("an indication without DATA")
    try require(frame[data].elementsEqual(payload), "a Data indication with another payload")
    try require(
      message.xorAddress(.xorPeerAddress, frame.span) == peer, "a Data indication of another peer")
    try require(frame[data.upperBound...].allSatisfy { $0 == 0 }, "padding that is not zero")
  }

  // MARK: Tables

  func checkTables() throws(Finding) {
    let records = turn.records(now: now)
    // A reserved port counts as the allocation it is reserved for.
    let sockets = relays.count
    let reserved = pool.reservedCount
    try require(
      quota.total == sockets + reserved,
      "quota \(quota.total), sockets \(sockets), reserved \(reserved)")
    try require(!quota.isOverdrawn, "a place in the quota is given back twice")
    try require(records.count <= Self.configuration.limits.allocationsMax, "too many allocations")
    try require(Set(records.map(\.fiveTuple)).count == records.count, "a 5-tuple twice")
    for record in records {
      try require(
        record.relayAddresses.allSatisfy { address in relays.contains { $0.address == address } },
        "an allocation without a socket")
      try require(
        record.timeToLive <= Self.configuration.limits.allocationLifetimeMax, "it lives too long")
      try require(record.permissions <= 4 && record.channels <= 4, "more than the limits allow")
    }
    try require(
      relays.isEmpty || turn.nextDeadline != nil, "something lives and nothing will end it")
    let counted = DropReason.allCases.reduce(0) { $0 + turn.statistics.drops($1) }
    try require(counted == UInt64(drops), "drops: \(counted) counted, \(drops) seen")
  }

  /// Ends everything: nothing may be left, and what went must be what was counted.
  mutating func finish() throws(Finding) {
    turn.endAll(now: now, effects: &effects)
    _ = try carryOut()
    try require(relays.isEmpty, "a socket is left open")
    try require(quota.total == 0, "a place in the quota is left taken")
    try require(turn.records(now: now).isEmpty, "an allocation is left")
    try require(ended == turn.statistics.ended, "the sum is not that of the records")
    try require(ended.toPeers == toPeers, "to peers: \(ended.toPeers), sent \(toPeers)")
    try require(ended.toClient == toClients, "to clients: \(ended.toClient), sent \(toClients)")
  }
}
