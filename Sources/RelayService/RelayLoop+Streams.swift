// Clients over TCP and TLS: from streams to inputs of the core, and from verdicts to bytes.

internal import EventLoop
internal import Gate
internal import NetTypes
internal import STUN
internal import TURN

/// Why a stream was closed by the relay, or not served.
enum StreamEnd: String, CaseIterable, Sendable {
  /// As many streams as there may be.
  case full
  /// Bytes that are no frame.
  case garbage
  /// No whole message in time.
  case mute
  /// No allocation in time.
  case idle
  /// Answers were waiting that the client did not read.
  case slow
  /// Another connection has the same addresses, so this one can not be there any more.
  case replaced
}

extension RelayLoop {
  // MARK: Coming and going

  /// Serves a client on an accepted stream, with what has already arrived on it.
  ///
  /// - Parameter hasSpoken: another loop has served it before.
  func serve(_ gated: GatedStream, hasSpoken: Bool = false) {
    streamsAccepted &+= 1
    let stream = gated.stream
    // The kernel gives addresses out once; a proxy may give one out again before we see the end.
    if let old = streams.find(gated.tuple) { end(old, .replaced) }
    let client = RelayStream(gated, hasSpoken: hasSpoken, owner: self)
    guard streams.insert(client) else {
      stream.handler = nil
      client.releasePlace()
      count(.full)
      return stream.close()
    }
    streamTimers.schedule(Int(client.handle.index), at: client.deadline)
    if !stream.input.isEmpty { receive(on: client) }
  }

  func closed(_ client: RelayStream) {
    forgot(streams.remove(client, on: loop))
    client.releasePlace()
    sendAll()
    server.disconnected(client.tuple, now: loop.now, effects: &effects)
    carryOutAll(now: loop.now)
  }

  func end(_ client: RelayStream, _ reason: StreamEnd) {
    count(reason)
    client.stream.close()
  }

  private func count(_ reason: StreamEnd) {
    streamEnds[reason.rawValue, default: 0] &+= 1
  }

  /// Closes streams that hold a socket and no allocation.
  func endIdleStreams(now: Instant) {
    var due: [Int] = []
    streamTimers.advance(to: now) { due.append($0) }
    for index in due {
      guard let client = streams.at(index) else { continue }
      if client.deadline <= now {
        let hasAllocation = server.hasAllocation(client.tuple)
        if !hasAllocation && !client.hadAllocation {
          end(client, client.hasSpoken ? .idle : .mute)
          continue
        }
        client.hadAllocation = hasAllocation
        client.prolong(now: now)
      }
      streamTimers.schedule(index, at: client.deadline)
    }
  }

  // MARK: In

  /// Hands the frames that are there whole to the core, one after the other.
  func receive(on client: RelayStream) {
    server.wallClock = loop.wallClock
    let stream = client.stream
    let fault = stream.withInput { input -> FramingFault? in
      var offset = 0
      defer { input.removeFirst(offset) }
      while !stream.isClosed && client.turn == nil {
        switch StreamFramer.next(in: input.span, from: offset, bytesMax: client.frameBytesMax) {
        case .needMore: return nil
        case .fault(.tooLong) where mayBeLonger(client): continue
        case .fault(let fault): return fault
        case .frame(let range):
          client.spoke(now: loop.now)
          receive(range, of: &input, from: client)
          // The loop that the stream moves to handles the same frame.
          if case .moves? = client.turn { return nil }
          offset = range.upperBound
        }
      }
      return nil
    }
    if client.turn != nil { return turn(client) }
    if fault != nil && !stream.isClosed { end(client, .garbage) }
  }

  private func receive(_ range: Range<Int>, of input: inout [UInt8], from client: RelayStream) {
    receivedFromClients &+= 1
    let now = loop.now
    sendAll(before: input.span, range)
    var verdict = server.received(
      from: client.tuple, in: input.span, at: range, now: now, effects: &effects)
    while !effects.isEmpty { verdict = carryOut(verdict, now: now) }
    switch verdict {
    case .toPeer(let relay, let peer, let range, let dontFragment, _):
      sendToPeer(input.span, range, relay, peer, dontFragment: dontFragment)
    case .drop: break
    default:
      if verdict == .pending { keepIfAwaited(input.span, range) }
      send(verdict, input.span, answering: .stream(client))
    }
    if client.place != nil, server.hasAllocation(client.tuple) { client.releasePlace() }
  }

  /// A client with an allocation sends data, which may be long.
  private func mayBeLonger(_ client: RelayStream) -> Bool {
    guard client.frameBytesMax < StreamFramer.frameBytesMax, server.hasAllocation(client.tuple)
    else { return false }
    client.frameBytesMax = StreamFramer.frameBytesMax
    return true
  }

  // MARK: Out

  /// Sends an answer, which a stream may not lose: if it does not fit, the stream ends.
  func answer(_ client: RelayStream) {
    let reply = server.reply.bytes
    if !client.stream.send(reply) { end(client, .slow) }
  }

  /// Puts frames to what leaves for a client at the end of this turn.
  func queue(
    _ bytes: Span<UInt8>, _ range: Range<Int>, _ framing: Framing, for tuple: FiveTuple,
    of allocation: SlabHandle
  ) {
    guard let index = streams.index(of: tuple) else {
      return server.sendFailed(.client(allocation), framing.traffic(of: range.count))
    }
    let header = server.header
    let forgotten = streams.queues[index].append(
      header.span, bytes, range, framing, of: allocation, on: loop)
    if forgotten.traffic.packets > 0 { forgot(forgotten) }
    if !streams.queues[index].isListed { list(index) }
    if streams.queues[index].count >= Self.turnBytesMax { write(index) }
  }

  private func list(_ index: Int) {
    streams.queues[index].isListed = true
    listed.append(index)
  }

  /// Media that was to leave and does not is no traffic.
  func forgot(_ forgotten: MediaQueue.Forgotten?) {
    guard let forgotten, forgotten.traffic.packets > 0 else { return }
    server.clientTooSlow(.client(forgotten.allocation), forgotten.traffic)
  }

  /// The client's stream takes more.
  func drained(_ client: RelayStream) { write(Int(client.handle.index)) }

  /// Gives every client what this turn had for it.
  func writeListed() {
    guard !listed.isEmpty else { return }
    // A stream that closes may end an allocation, but lists nobody.
    for place in listed.indices {
      let index = listed[place]
      streams.queues[index].isListed = false
      write(index)
    }
    listed.removeAll(keepingCapacity: true)
  }

  private func write(_ index: Int) {
    guard streams.queues[index].count > 0, let client = streams.at(index) else { return }
    let stream = client.stream
    guard !stream.isBlocked else { return }
    let sealed = client.tuple.transport.isSecure
    let passing = streams.queues[index].pass(to: stream, sealed: sealed, on: loop)
    if passing == .failed { stream.close() }
  }
}
