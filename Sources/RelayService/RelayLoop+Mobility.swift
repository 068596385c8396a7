// Allocations that move to the loop that their client is heard on (RFC 8016).

internal import EventLoop
internal import NetTypes
internal import TURN

/// All shares of a relay, for what one loop asks of another; never for a packet.
struct RelaySiblings: Sendable {
  let group: LoopGroup
  /// By the index of their loop.
  let shares: [RelayLoop]
}

/// What came from a client whose allocation is on its way.
struct AwaitedAllocation {
  /// A call's packets for a few milliseconds, many times what a move takes.
  static let framesMax = 32
  var frames: [[UInt8]] = []
}

extension RelayLoop {
  /// Asks the other loops for the allocation of a ticket.
  func ask(_ asked: SlabHandle, _ request: MoveRequest) {
    guard let siblings else { return }
    let own = loop.index
    siblings.group.collect(on: loop) { other -> MoveAnswer in
      other.index == own ? .unknown : siblings.shares[other.index].announce(request)
    } done: { [self] answers in
      let index = answers.firstIndex { $0 != .unknown } ?? own
      _ = server.loopsAnswered(asked, answers[index], onLoop: index)
      let nothing: [UInt8] = []
      send(.replyElsewhere(request.tuple), nothing.span, answering: .nobody)
    }
  }

  private func announce(_ request: MoveRequest) -> MoveAnswer {
    let answer = server.announce(request, now: loop.now, effects: &effects)
    carryOutAll(now: loop.now)
    return answer
  }

  /// Gets the allocation of `tuple` from the loop that has it.
  func fetch(_ tuple: FiveTuple, fromLoop index: Int) {
    arriving = tuple
    guard let siblings, awaited[tuple] == nil else { return }
    awaited[tuple] = AwaitedAllocation()
    let sibling = siblings.shares[index]
    sibling.loop.submit { [self] in
      let moving = sibling.depart(tuple)
      loop.submit { [self] in arrived(tuple, moving?.allocation, moving?.sockets ?? []) }
    }
  }

  private func depart(_ tuple: FiveTuple) -> (allocation: MovingAllocation, sockets: [UDPSocket])? {
    sendAll()
    guard let moving = server.depart(tuple, now: loop.now) else { return nil }
    return (moving, moving.relays.compactMap { take($0) })
  }

  private func arrived(
    _ tuple: FiveTuple, _ allocation: MovingAllocation?, _ sockets: [UDPSocket]
  ) {
    let now = loop.now
    if let allocation, let handles = server.adopt(allocation, now: now, effects: &effects) {
      for (handle, socket) in zip(handles, sockets) {
        // As a new socket is: what was asked of it last is not known here.
        socket.setDontFragment(false)
        if (try? install(socket, handle)) == nil { socket.close() }
      }
    } else {
      for socket in sockets { socket.close() }
      server.notFetched(tuple)
    }
    carryOutAll(now: now)
    for frame in awaited.removeValue(forKey: tuple)?.frames ?? [] { receiveAgain(frame, tuple) }
  }

  // MARK: What came meanwhile

  /// Keeps what is to be handed in again, if the last input has asked for that.
  func keepIfAwaited(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    guard let tuple = arriving else { return }
    arriving = nil
    guard let kept = awaited[tuple]?.frames.count, kept < AwaitedAllocation.framesMax else {
      return unusable &+= 1
    }
    awaited[tuple]?.frames.append(bytes.bytes(in: range))
  }

  private func receiveAgain(_ frame: [UInt8], _ tuple: FiveTuple) {
    let now = loop.now
    var verdict = server.received(
      from: tuple, in: frame.span, at: 0..<frame.count, now: now, effects: &effects)
    while !effects.isEmpty { verdict = carryOut(verdict, now: now) }
    arriving = nil
    if verdict == .reply { verdict = .replyElsewhere(tuple) }
    send(verdict, frame.span, answering: .nobody)
  }
}
