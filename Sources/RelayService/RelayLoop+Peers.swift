// Relays over TCP: what happens to their sockets, and clients' streams that join them (RFC 6062).

internal import EventLoop
internal import Gate
internal import NetTypes
internal import TURN

extension RelayLoop: PeerStreamsOwner {
  func admit(_ peer: SocketAddress, at relay: SlabHandle) -> SlabHandle? {
    server.peerAccepted(peer, at: relay, now: loop.now, effects: &effects)
  }

  func admitted(_ connection: SlabHandle) { carryOutAll(now: loop.now) }

  func connected(_ connection: SlabHandle, ok: Bool) {
    server.peerConnected(connection, ok: ok, now: loop.now, effects: &effects)
    carryOutAll(now: loop.now)
  }

  func mayPass(_ bytes: Int, _ direction: Direction, on connection: SlabHandle) -> Bool {
    server.relayed(bytes, direction, on: connection, now: loop.now)
  }

  func ended(_ connection: SlabHandle) { server.connectionEnded(connection) }

  // MARK: Clients

  /// Sends a message that answers nothing that has just come; a stream may not lose it.
  func send(_ message: [UInt8], to tuple: FiveTuple) {
    guard let client = streams.find(tuple) else { return }
    if !client.stream.send(message) { end(client, .slow) }
  }

  /// Remembers what becomes of the stream that asked, until no frame of it is in hand.
  func turn(_ asker: Asker, _ turn: RelayStream.Turn) {
    if case .stream(let client) = asker { client.turn = turn }
  }

  func turn(_ client: RelayStream) {
    forgot(streams.remove(client, on: loop))
    let stream = client.stream
    stream.handler = nil
    switch client.turn {
    case .joins(let connection):
      client.releasePlace()
      peers.join(stream, to: connection)
    case .moves(let index):
      guard let target = siblings?.shares[index] else { return stream.close() }
      let gated = client.detached()
      stream.move(to: target.loop) { _ in target.serve(gated, hasSpoken: true) }
    case nil: break
    }
  }
}
