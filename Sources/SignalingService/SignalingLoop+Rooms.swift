// One event loop's rooms: what the core is told, and what it wants done.

internal import Admission
internal import EventLoop
internal import NetTypes
internal import Signaling

extension SignalingLoop {
  // MARK: Choosing the loop

  /// Each room has one loop; which one differs from run to run, so nobody can aim at a loop.
  private func home(of room: RoomKey) -> SignalingLoop? {
    guard !siblings.isEmpty else { return nil }
    return siblings[Int(UInt(bitPattern: room.hashValue) % UInt(siblings.count))]
  }

  func isHome(of room: RoomKey) -> Bool {
    guard let home = home(of: room) else { return true }
    return home === self
  }

  /// Hands the connection, socket and all, to the loop of the room it enters. That waits until the
  /// stream's event is done with, for its code still runs here and the stream must not be there
  /// yet.
  func move(_ connection: Connection, with entry: Lobby.Entry) {
    connection.phase = .moving
    loop.submit { self.handOver(connection, entry) }
  }

  private func handOver(_ connection: Connection, _ entry: Lobby.Entry) {
    guard connection.phase == .moving, !connection.stream.isClosed,
      let target = home(of: entry.room)
    else { return }
    counters.moved += 1
    release(connection)
    connection.stream.move(to: target.loop) { _ in target.arrived(connection, entry) }
  }

  private func arrived(_ connection: Connection, _ entry: Lobby.Entry) {
    guard adopt(connection) else { return }
    join(connection, entry)
    if !connection.stream.input.isEmpty { connection.received(on: connection.stream) }
  }

  // MARK: Inputs of the core

  func join(_ connection: Connection, _ entry: Lobby.Entry) {
    if isStopping { return connection.close(.goingAway) }
    connection.phase = .member
    connection.deadline = .distantFuture
    connection.place = nil
    connection.origin = .own
    input { $0.join(entry, connection.id, from: connection.client, now: loop.now, into: &$1) }
  }

  func receive(_ message: ClientMessage, from connection: Connection) {
    input { $0.receive(message, from: connection.id, now: loop.now, into: &$1) }
  }

  /// A connection's member is gone, if it had one. While effects are carried out this waits.
  func departed(_ connection: Connection, _ end: ConnectionEnd) {
    guard connection.phase == .member else { return }
    connection.phase = .lobby
    departures.append((connection.id, end))
    if !isPerforming { input { _, _ in } }
  }

  /// Gives the core an input and carries out what follows from it, until nothing does.
  func input(_ body: (inout SignalingServer, inout [SignalingEffect]) -> Void) {
    precondition(!isPerforming, "an input comes after the effects of the one before")
    isPerforming = true
    body(&server, &effects)
    perform()
    while !departures.isEmpty {
      let gone = departures
      departures.removeAll()
      for (connection, end) in gone {
        server.connectionClosed(connection, end, now: loop.now, into: &effects)
        perform()
      }
    }
    isPerforming = false
  }

  // MARK: Effects of the core

  /// What goes to more members than this is written to them in slices, between other events.
  private static let promptMax = 32

  private func perform() {
    for effect in effects {
      switch effect {
      case .send(let id, let number, let message):
        guard let connection = connection(id) else { continue }
        encoded.encode(message)
        connection.send(&encoded, number: number)
      case .broadcast(let recipients, let message):
        encoded.encode(message)
        work += recipients.count
        let urgency = recipients.count > Self.promptMax ? FlushUrgency.bulk : .prompt
        for recipient in recipients {
          connection(recipient.connection)?.send(&encoded, number: recipient.number, urgency)
        }
      case .close(let id, let code):
        guard let connection = connection(id) else { continue }
        // Each new session may send a burst: who floods again and again would live on those.
        if code == .flood { shared.throttle.failed(connection.client, now: loop.now) }
        connection.close(code)
      }
    }
    effects.removeAll(keepingCapacity: true)
  }
}
