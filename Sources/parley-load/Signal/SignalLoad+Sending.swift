// The part of a signaling run that sends messages and holds what arrives to what was sent.

internal import EventLoop
internal import JSON
internal import NetTypes

extension SignalLoad {
  private static let sendsPerTurn = 64

  // MARK: Sending

  /// Sends what is due, one peer after the other, in the order of turns.
  func send(now: Instant) {
    guard now < phaseEnds else { return stopSending(now: now) }
    guard options.inFlight == nil else { return }
    let time = Clock.now()
    for _ in 0..<Self.sendsPerTurn {
      guard !pacer.isOver else {
        // Who only keeps connections is done when the time is.
        if options.totalPerSecond > 0 && storm?.isOver != false { stopSending(now: now) }
        return
      }
      guard pacer.due <= time else { return }
      let number = pacer.next / peers.count
      if offender != nil && !isDisturbed && options.isLate(number) {
        isDisturbed = true
        offender?.beginSoon()
      }
      let peer = peers[order.peer(at: pacer.next)]
      if rooms[peer.room].isBroken {
        results.unsent += 1
      } else {
        peer.due = number + 1
        sendOwed(by: peer, now: time)
      }
      pacer.advance()
    }
  }

  /// Sends what a peer may send, as far as there is a connection that takes it: the schedule does
  /// not wait for it, so this shows as lag and as latency.
  func sendOwed(by peer: SignalPeer, now: Instant) {
    while peer.next < peer.due, peer.isWritable {
      let number = peer.next
      let due =
        options.inFlight == nil ? pacer.due(number * peers.count + order.turn(of: peer.place)) : now
      let mark = MessageMark(sender: peer.index, number: number, timeNs: due.nanoseconds)
      let seq = SignalPeer.seq(ofMessage: number)
      let isFirst: Bool
      if let target = schedule.target(of: number, from: peer.index) {
        peerTemplate.stamp(seq: seq, to: self.peer(peer.room, target).id, mark)
        isFirst = peer.send(peerTemplate.frame.span)
      } else {
        roomTemplate.stamp(seq: seq, to: nil, mark)
        isFirst = peer.send(roomTemplate.frame.span)
      }
      if isFirst {
        results.sent(
          receivers: schedule.receivers(of: number), at: now, due: due,
          in: options.part(of: number, room: peer.room))
      } else {
        results.sentAgain += 1
      }
    }
  }

  // MARK: Receiving

  func received(_ text: Span<UInt8>, by peer: SignalPeer) {
    let now = Clock.now()
    if let reading = peerForm.read(text) ?? roomForm.read(text) {
      if !peer.takeNumber(reading.seq) { results.sequenceBreaks += 1 }
      let isKnown =
        reading.mark.sender < options.peers
        && text.extracting(reading.peer).equals(self.peer(peer.room, reading.mark.sender).id)
      arrived(reading.mark, isKnown: isKnown, at: peer, now: now)
    } else {
      parse(text, by: peer, now: now)
    }
    guard phase == .draining else { return }
    if isQuiet { startLeaving(now: now) } else { phaseEnds = now + Self.drainWait }
  }

  /// All that is not in the form of our messages.
  private func parse(_ text: Span<UInt8>, by peer: SignalPeer, now: Instant) {
    do throws(JSONError) {
      try parser.parse(text)
    } catch {
      return peer.fail("a message that is no JSON object: \(error)")
    }
    let type = parser.string("type")
    let seq = parser.integer("seq").map { Int($0) }
    switch type {
    case "joined": return joined(peer, now: now)
    case "pong":
      results.pongs += 1
      if !peer.isRightPong(seq: seq, ack: parser.integer("ack").map { Int($0) }) {
        results.sequenceBreaks += 1
      }
      return
    default: if !peer.takeNumber(seq ?? 0) { results.sequenceBreaks += 1 }
    }
    switch type {
    // Of ours, in another order of members, or not ours.
    case "candidate", "message": foreign(to: peer)
    case "presence": peer.seenJoining += SignalFrames.arrivals(in: text)
    case "error": refused(peer)
    default: results.problems["a message of the type \(type ?? "none")", default: 0] += 1
    }
  }

  private func foreign(to peer: SignalPeer) {
    let from = Array((parser.string("from") ?? "").utf8)
    let isOfOffender =
      offender != nil && !(0..<options.peers).contains { self.peer(peer.room, $0).id == from }
    if !isOfOffender { results.corrupt += 1 }
  }

  /// - Parameter isKnown: the message is from whom it says.
  private func arrived(_ mark: MessageMark, isKnown: Bool, at peer: SignalPeer, now: Instant) {
    guard isKnown, mark.number < options.messagesMost else {
      results.corrupt += 1
      return
    }
    peer.countReceived()
    if !isEcho { peer.pingIfDue(now: now) }
    guard schedule.isDue(mark.number, from: mark.sender, at: peer.index) else {
      results.misdelivered += 1
      return
    }
    guard peer.lanes[mark.sender].record(mark.number) else {
      results.outOfOrder += 1
      return
    }
    let latency = now.nanoseconds - mark.timeNs
    results.delivered(latency, at: now, in: options.part(of: mark.number, room: peer.room))
    progress.record(latency)
    if options.inFlight != nil && phase == .sending {
      sendNext(of: self.peer(peer.room, mark.sender), after: mark.number, now: now)
    }
  }

  /// Where each message waits for one before it.
  private func sendNext(of sender: SignalPeer, after number: Int, now: Instant) {
    sender.worth += schedule.worth(of: number)
    while sender.worth >= schedule.next {
      sender.worth -= schedule.next
      sender.due += 1
    }
    sendOwed(by: sender, now: now)
  }

  private func refused(_ peer: SignalPeer) {
    let code = parser.string("code") ?? "without a code"
    results.problems["error \(code)", default: 0] += 1
    guard let seq = parser.integer("re") else { return }
    let number = SignalPeer.message(ofSeq: Int(seq))
    guard (0..<peer.sent).contains(number) else { return }
    results.refused(
      receivers: schedule.receivers(of: number), in: options.part(of: number, room: peer.room))
  }
}

extension Span<UInt8> {
  /// Whether it is these bytes.
  fileprivate func equals(_ bytes: [UInt8]) -> Bool {
    guard count == bytes.count else { return false }
    for index in indices where self[index] != bytes[index] { return false }
    return true
  }
}
