// Clients over DTLS: from sealed datagrams to inputs of the core, and back.

internal import EventLoop
internal import Logging
internal import NetTypes
internal import TLS
internal import TURN

extension RelayLoop {
  // MARK: In

  /// Takes a datagram that is for a DTLS session, or asks for one.
  func receiveSealed(
    _ bytes: inout MutableSpan<UInt8>, _ payload: Range<Int>, _ tuple: FiveTuple,
    on listener: ListenerSocket, now: Instant
  ) {
    guard let dtls else { return }
    switch dtls.received(bytes.span, payload, from: tuple, now: now) {
    case .drop: return
    case .asked:
      dtls.gate.takeOutput { cookie, range in sendCopy(cookie, range, to: tuple, on: listener) }
    case .began(let session, let replacing):
      if replacing { disconnected(tuple, now: now) }
      settle(session, on: listener, now: now)
    case .known(let session):
      let first = bytes[payload.lowerBound]
      var plaintext = session.engine.open(&bytes, at: payload)
      if plaintext == nil { dtls.yieldedNothing(session, first: first) }
      while let range = plaintext {
        var alone = Train(range)
        receive(bytes.span, &alone, tuple, on: listener, now: now)
        // What was relayed of the records before has not left yet.
        plaintext = session.engine.next(&bytes, in: range.upperBound..<payload.upperBound)
      }
      settle(session, on: listener, now: now)
    }
  }

  /// Sends what the session's engine has to say, and ends what ended with the last datagram.
  private func settle(_ session: DTLSSession, on listener: ListenerSocket, now: Instant) {
    let goesOn = dtls?.goesOn(session) ?? false
    flush(session, on: listener)
    if goesOn { return }
    if let failure = session.engine.failure {
      Log.debug(
        "DTLS session failed",
        ["client": .private(session.tuple.client.text), "reason": .public(failure)])
    }
    disconnected(session.tuple, now: now)
  }

  private func disconnected(_ tuple: FiveTuple, now: Instant) {
    sendAll()
    server.disconnected(tuple, now: now, effects: &effects)
    carryOutAll(now: now)
  }

  // MARK: Out

  /// Sends a copy of `bytes[range]` to a client, sealed where he has a session, from the address he
  /// knows.
  func send(
    _ bytes: Span<UInt8>, _ range: Range<Int>, to tuple: FiveTuple, on listener: ListenerSocket,
    for recipient: Recipient = .asker
  ) {
    guard tuple.transport == .dtls else {
      return sendCopy(bytes, range, to: tuple, on: listener, for: recipient)
    }
    guard let session = dtls?.session(of: tuple), session.engine.seal(bytes, range) else {
      return server.sendFailed(recipient, Traffic(packets: 1, bytes: UInt64(range.count)))
    }
    session.engine.takeOutput { sealed, record in
      sendCopy(
        sealed, record, to: tuple, on: listener, for: recipient,
        uncounted: record.count - range.count)
    }
  }

  private func flush(_ session: DTLSSession, on listener: ListenerSocket) {
    session.engine.takeOutput { bytes, range in
      sendCopy(bytes, range, to: session.tuple, on: listener)
    }
  }

  // MARK: Time and end

  func advanceSessions(to now: Instant) {
    dtls?.advance(to: now, keeps: { server.hasAllocation($0) }) { session, hasEnded in
      if let listener = socket(of: session.tuple) { flush(session, on: listener) }
      if hasEnded { disconnected(session.tuple, now: now) }
    }
  }

  /// Says goodbye to every client.
  func endSessions() {
    dtls?.endAll { session in
      if let listener = socket(of: session.tuple) { flush(session, on: listener) }
    }
  }

  var dtlsFigures: DTLSFigures {
    guard let dtls else { return DTLSFigures() }
    var figures = DTLSFigures(
      established: dtls.establishedCount, live: dtls.count, handshakes: dtls.handshakeCount)
    for reason in DTLSDrop.allCases where dtls.drops(reason) > 0 {
      figures.drops["\(reason)"] = dtls.drops(reason)
    }
    return figures
  }
}
