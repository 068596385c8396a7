// The sessions of earlier runs that have come back in this one.

/// A session of an earlier run of the server.
struct SessionOrigin: Hashable, Sendable {
  let epoch: UInt64
  let session: SessionID
  /// Numbers of sessions are those of one loop, and loops of one run do not share them.
  let peer: PeerID

  init(_ statement: SessionStatement) {
    epoch = statement.epoch
    session = statement.session
    peer = statement.peer
  }
}

/// What has become of those that came back.
struct ReturnedSessions: Sendable {
  /// One that came back, under the secret of `generation`; it has ended where `session` is nil.
  struct Return: Sendable {
    var session: SessionID?
    var generation: UInt32
  }

  private var returns: [SessionOrigin: Return] = [:]
  private var isSettled = false

  var count: Int { returns.count }

  subscript(origin: SessionOrigin) -> Return? { returns[origin] }

  mutating func returned(_ origin: SessionOrigin, as session: SessionID, generation: UInt32) {
    returns[origin] = Return(session: session, generation: generation)
  }

  /// Its session has ended; while others may still come that has to be known, lest it come again.
  mutating func ended(_ origin: SessionOrigin, isSettling: Bool) {
    if isSettling { returns[origin]?.session = nil } else { returns[origin] = nil }
  }

  /// Nobody comes any more: once, those that have ended are forgotten.
  mutating func settle() {
    if isSettled { return }
    isSettled = true
    returns = returns.filter { $0.value.session != nil }
  }
}
