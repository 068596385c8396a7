// The relay's datagrams: from receive slots to the core, and from its verdicts to the sender.

internal import EventLoop
internal import NetTypes
internal import STUN
internal import TURN

extension RelayLoop {
  /// How often one socket is read before the others have their turn.
  private static let readsPerTurn = 4
  private static let errorsPerTurn = 64
  /// What was received leaves before there is more of it than the cache of a core holds.
  private static let heldBytesMax = 131_072

  // MARK: In

  /// Fills free slots from a socket; all are free again once what they had for others has left.
  ///
  /// - Parameter most: datagrams or trains to take; never more than there are free slots.
  @inline(__always)
  private func fill(from socket: UDPSocket, atMost most: Int = .max)
    -> (slots: Range<Int>, hasMore: Bool)
  {
    if batch.isFull || batch.bytes >= Self.heldBytesMax { emptySlots() }
    let first = batch.count
    let asked = min(most, batch.capacity - first)
    let filled = max(0, batch.receiveMore(from: socket, atMost: asked))
    return (first..<first + filled, filled == asked)
  }

  func drain(_ listener: ListenerSocket, now: Instant) {
    server.wallClock = loop.wallClock
    let isAlone = listener.reading.isAlone(in: turns)
    var found = 0
    for _ in 0..<Self.readsPerTurn {
      let (slots, hasMore) = fill(from: listener.socket, atMost: isAlone ? 1 : .max)
      for index in slots { receive(index, on: listener, now: now) }
      found += slots.count
      if !hasMore || isAlone { break }
    }
    listener.reading.found(found)
  }

  private func receive(_ index: Int, on listener: ListenerSocket, now: Instant) {
    guard let datagram = batch.datagram(index) else {
      receivedFromClients &+= 1
      return unusable &+= 1
    }
    var train = datagram.train
    receivedFromClients &+= UInt64(train.count)
    let address = listener.serverAddress(datagram.destination)
    let tuple = FiveTuple(client: datagram.source, server: address, transport: .udp)
    guard listener.speaksDTLS else {
      return batch.withBytes(index) { bytes in
        receive(bytes, &train, tuple, on: listener, now: now)
      }
    }
    batch.withMutableBytes(index) { bytes in
      while let payload = train.next() {
        if listener.isSealed(bytes.span, payload) {
          let tuple = FiveTuple(client: datagram.source, server: address, transport: .dtls)
          receiveSealed(&bytes, payload, tuple, on: listener, now: now)
        } else {
          var alone = Train(payload)
          receive(bytes.span, &alone, tuple, on: listener, now: now)
        }
      }
    }
  }

  /// Hands a client's datagrams, which are in a slot and in the clear, to the core, and does what
  /// that says.
  func receive(
    _ bytes: Span<UInt8>, _ train: inout Train, _ tuple: FiveTuple, on listener: ListenerSocket,
    now: Instant
  ) {
    while train.count > 0 {
      let start = train.rest.lowerBound
      sendAll(before: bytes, train.rest)
      var verdict = server.received(
        from: tuple, in: bytes, &train, now: now, effects: &effects)
      while !effects.isEmpty { verdict = carryOut(verdict, now: now) }
      switch verdict {
      case .drop: break
      case .toPeer(let relay, let peer, let range, let dontFragment, let count):
        guard let route = route(to: peer, from: relay, dontFragment: dontFragment) else {
          failed(verdict)
          continue
        }
        collect(bytes, 0, bytes, range, count: count, stride: train.size, on: route)
      default:
        if verdict == .pending { keepIfAwaited(bytes, start..<train.rest.lowerBound) }
        send(verdict, bytes, answering: .datagram(tuple, listener))
      }
    }
  }

  /// Sends what there is before a Refresh, which may end an allocation: its record is to say what
  /// was sent.
  func sendAll(before bytes: Span<UInt8>, _ payload: Range<Int>) {
    let isRefresh =
      payload.count >= 2 && bytes[payload.lowerBound] == 0
      && bytes.uint16(at: payload.lowerBound) == MessageType(.refresh, .request).rawValue
    if isRefresh { sendAll() }
  }

  func drain(_ relay: RelaySocket, now: Instant) {
    let isAlone = relay.reading.isAlone(in: turns)
    var found = 0
    // What came last may have been the end of the relay, and its descriptor be another's by now.
    for _ in 0..<Self.readsPerTurn where relay.registration != nil {
      let (slots, hasMore) = fill(from: relay.socket, atMost: isAlone ? 1 : .max)
      for index in slots { receive(index, at: relay.handle, now: now) }
      found += slots.count
      if !hasMore || isAlone { break }
    }
    relay.reading.found(found)
  }

  private func receive(_ index: Int, at relay: SlabHandle, now: Instant) {
    guard let datagram = batch.datagram(index) else {
      receivedFromPeers &+= 1
      return unusable &+= 1
    }
    var train = datagram.train
    receivedFromPeers &+= UInt64(train.count)
    batch.withBytes(index) { bytes in
      while train.count > 0 {
        let verdict = server.received(fromPeer: datagram.source, at: relay, &train, now: now)
        guard case .toClient(let allocation, let tuple, let range, let framing) = verdict else {
          continue
        }
        sendToClient(bytes, range, framing, to: tuple, of: allocation)
      }
    }
  }

  /// RFC 8656 §11.5: what routers and hosts said about datagrams to peers.
  func drainErrors(_ relay: RelaySocket, now: Instant) {
    for _ in 0..<Self.errorsPerTurn {
      switch relay.socket.receiveError() {
      case .none: return
      case .other: continue
      case .icmp(let error):
        let verdict = server.peerUnreachable(error, at: relay.handle, now: now)
        let nothing: [UInt8] = []
        send(verdict, nothing.span, answering: .nobody)
      }
    }
  }

  // MARK: Verdicts

  /// Who asked, if somebody did.
  enum Asker {
    case datagram(FiveTuple, ListenerSocket)
    case stream(RelayStream)
    case nobody
  }

  /// The socket that a client sends to.
  func socket(of tuple: FiveTuple) -> ListenerSocket? {
    listenerIndex(tuple.server).map { listeners[$0].socket }
  }

  @inline(__always)
  private func listenerIndex(_ server: SocketAddress) -> Int? {
    for index in listeners.indices where listeners[index].place.serves(server) { return index }
    return nil
  }

  /// Does what a verdict says about a datagram that came alone, with a copy of its payload.
  func send(_ verdict: Verdict, _ bytes: Span<UInt8>, answering asker: Asker) {
    switch verdict {
    case .drop, .pending: break
    case .moveStream(let loop): turn(asker, .moves(loop))
    case .bindStream(let connection):
      if case .stream(let client) = asker { answer(client) }
      turn(asker, .joins(connection))
    case .reply:
      switch asker {
      case .nobody: break
      case .stream(let client): answer(client)
      case .datagram(let tuple, let listener): answer(tuple, on: listener)
      }
    case .replyElsewhere(let tuple):
      if tuple.transport.isStream {
        if let client = streams.find(tuple) { answer(client) }
      } else if let listener = socket(of: tuple) {
        answer(tuple, on: listener)
      } else {
        failed(verdict)
      }
    case .toPeer(let relay, let peer, let range, let dontFragment, _):
      sendToPeer(bytes, range, relay, peer, dontFragment: dontFragment)
    case .toClient(let allocation, let tuple, let range, let framing):
      sendToClient(bytes, range, framing, to: tuple, of: allocation)
    }
  }

  private func answer(_ tuple: FiveTuple, on listener: ListenerSocket) {
    let reply = server.reply.bytes
    send(reply.span, 0..<reply.count, to: tuple, on: listener)
  }

  private func failed(_ verdict: Verdict) {
    let (recipient, traffic) = verdict.load
    server.sendFailed(recipient, traffic)
  }

  /// Sends a copy of a payload that is in no slot.
  func sendToPeer(
    _ bytes: Span<UInt8>, _ range: Range<Int>, _ handle: SlabHandle, _ peer: SocketAddress,
    dontFragment: Bool
  ) {
    guard let route = route(to: peer, from: handle, dontFragment: dontFragment) else {
      return server.sendFailed(.peer(handle), Traffic(packets: 1, bytes: UInt64(range.count)))
    }
    collect(bytes.extracting(range), range.count, bytes, 0..<0, on: route)
  }

  /// The way to a peer; `nil` when the relay is gone. What has not left yet leaves before the
  /// socket is set to send otherwise.
  @inline(__always)
  private func route(to peer: SocketAddress, from handle: SlabHandle, dontFragment: Bool)
    -> DatagramSender.Route?
  {
    let index = Int(handle.index)
    guard index < relays.count, relays[index].descriptor >= 0 else { return nil }
    if dontFragment != relays[index].dontFragment {
      sendAll()
      relays[index].setDontFragment(dontFragment)
    }
    let recipient = Recipient.peer(handle)
    return DatagramSender.Route(
      relays[index].descriptor, to: peer, owner: recipient.owner, kind: recipient.kind)
  }

  /// Sends each of the payloads in `range`, which are in a slot, in a frame of its own.
  @inline(__always)
  private func sendToClient(
    _ bytes: Span<UInt8>, _ range: Range<Int>, _ framing: Framing, to tuple: FiveTuple,
    of allocation: SlabHandle
  ) {
    if tuple.transport.isStream {
      return queue(bytes, range, framing, for: tuple, of: allocation)
    }
    guard tuple.transport == .udp, let index = listenerIndex(tuple.server) else {
      return sendInOnePiece(bytes, range, framing, to: tuple, of: allocation)
    }
    let length = framing.count == 1 ? range.count : range.count / framing.count
    let header = server.header
    collect(
      header.span, framing.header, bytes, range.lowerBound..<range.lowerBound + length,
      count: framing.count, stride: length, padding: framing.padding,
      on: listeners[index].place.route(to: tuple, for: .client(allocation)))
  }

  /// As above, to those whose frames are sealed.
  private func sendInOnePiece(
    _ bytes: Span<UInt8>, _ range: Range<Int>, _ framing: Framing, to tuple: FiveTuple,
    of allocation: SlabHandle
  ) {
    let recipient = Recipient.client(allocation)
    let length = range.count / framing.count
    let traffic = Traffic(packets: 1, bytes: UInt64(framing.header + length + framing.padding))
    let header = server.header
    for index in 0..<framing.count {
      let start = range.lowerBound + index * length
      frame.removeAll(keepingCapacity: true)
      frame.append(header.span, 0..<framing.header)
      frame.append(bytes, start..<start + length)
      for _ in 0..<framing.padding { frame.append(0) }
      if let listener = socket(of: tuple) {
        send(frame.span, 0..<frame.count, to: tuple, on: listener, for: recipient)
      } else {
        server.sendFailed(recipient, traffic)
      }
    }
  }

  // MARK: Out

  /// Sends a copy of `bytes[range]` to a client as it is.
  ///
  /// - Parameter uncounted: bytes of it that the core knows nothing of.
  func sendCopy(
    _ bytes: Span<UInt8>, _ range: Range<Int>, to tuple: FiveTuple, on listener: ListenerSocket,
    for recipient: Recipient = .asker, uncounted: Int = 0
  ) {
    let route = listener.place.route(to: tuple, for: recipient, uncounted: uncounted)
    collect(bytes.extracting(range), range.count, bytes, 0..<0, on: route)
  }

  /// Puts datagrams to what leaves at the end of this turn, or sooner where there is no room.
  @inline(__always)
  private func collect(
    _ header: Span<UInt8>, _ headerLength: Int, _ bytes: Span<UInt8>, _ range: Range<Int>,
    count: Int = 1, stride: Int = 0, padding: Int = 0, on route: DatagramSender.Route
  ) {
    var done = sender.add(
      header, headerLength, bytes, range, count: count, stride: stride, padding: padding, on: route)
    while done < count {
      sendAll()
      let first = range.lowerBound + done * stride..<range.upperBound + done * stride
      done += sender.add(
        header, headerLength, bytes, first, count: count - done, stride: stride, padding: padding,
        on: route)
    }
  }

  /// Sends what was collected, and tells the core what the kernel did not take.
  func sendAll() {
    sender.flush { failure in
      server.sendFailed(
        Recipient(failure.kind, failure.owner),
        Traffic(packets: UInt64(failure.packets), bytes: UInt64(failure.bytes)))
    }
  }

  func endTurn() {
    turns &+= 1
    writeListed()
    emptySlots()
  }

  /// What was received has been handled and leaves, and the slots are free.
  private func emptySlots() {
    sendAll()
    batch.reset()
  }
}

/// As the sender keeps it.
extension Recipient {
  private static let clientKind: UInt8 = 1
  private static let peerKind: UInt8 = 2

  @inline(__always)
  init(_ kind: UInt8, _ owner: SlabHandle) {
    switch kind {
    case Self.clientKind: self = .client(owner)
    case Self.peerKind: self = .peer(owner)
    default: self = .asker
    }
  }

  @inline(__always) var kind: UInt8 {
    switch self {
    case .asker: 0
    case .client: Self.clientKind
    case .peer: Self.peerKind
    }
  }

  @inline(__always) var owner: SlabHandle {
    switch self {
    case .asker: SlabHandle(index: 0, generation: 0)
    case .client(let handle), .peer(let handle): handle
    }
  }
}
