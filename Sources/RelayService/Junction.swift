// Two TCP connections joined into one: what comes on either goes out on the other (RFC 6062 §5.4).

internal import EventLoop
internal import NetTypes
internal import TURN

/// A peer's connection, and the client's once it has bound it. Nothing is dropped: while one side
/// does not take what it gets, the other is not read.
final class Junction: ByteStreamHandler {
  /// What a side may have sent that the other has not been given yet.
  static let waitingMax = 65_536
  /// What a side may have been given that its socket has not taken yet.
  static let queuedMax = 65_536
  /// The most that passes at once.
  private static let chunkMax = 16_384

  let connection: SlabHandle
  private let peer: ByteStream
  private var client: ByteStream?
  private var isConnected: Bool
  /// Directions that wait for bandwidth.
  private var held: [Direction] = []
  private unowned let owner: PeerStreams

  init(
    _ connection: SlabHandle, _ peer: ByteStream, isConnected: Bool, _ owner: PeerStreams
  ) {
    self.connection = connection
    self.peer = peer
    self.isConnected = isConnected
    self.owner = owner
    peer.handler = self
  }

  /// What the peer has sent meanwhile is the first that the client gets.
  func join(_ client: ByteStream) {
    self.client = client
    guard !client.isClosed else { return closed(client) }
    client.handler = self
    pass(.toClient)
    pass(.fromClient)
    if peer.isClosed { finish(.toClient) }
  }

  // MARK: Streams

  func received(on stream: ByteStream) { pass(stream === peer ? .toClient : .fromClient) }

  func drained(_ stream: ByteStream) {
    if !isConnected {
      isConnected = true
      return owner.connected(self, ok: true)
    }
    let direction: Direction = stream === peer ? .fromClient : .toClient
    pass(direction)
    if source(direction)?.isClosed == true { finish(direction) }
  }

  func closed(_ stream: ByteStream) {
    guard isConnected else { return owner.connected(self, ok: false) }
    let direction: Direction = stream === peer ? .toClient : .fromClient
    guard let sink = sink(direction) else {
      // Before anybody bound it: what it said is kept for who does.
      if peer.input.isEmpty { owner.ended(self) }
      return
    }
    guard !sink.isClosed else { return owner.ended(self) }
    pass(direction)
    finish(direction)
  }

  private func source(_ direction: Direction) -> ByteStream? {
    direction == .toClient ? peer : client
  }

  private func sink(_ direction: Direction) -> ByteStream? {
    direction == .toClient ? client : peer
  }

  // MARK: Passing on

  /// Gives one side what the other has sent, as far as there is room and bandwidth.
  private func pass(_ direction: Direction) {
    guard let source = source(direction), let sink = sink(direction), !sink.isClosed else { return }
    source.withInput { bytes in
      var passed = 0
      while passed < bytes.count && !sink.isClosed && !held.contains(direction) {
        let count = min(bytes.count - passed, sink.room, Self.chunkMax)
        guard count > 0 else { break }
        guard owner.mayPass(count, direction, on: connection) else {
          if held.isEmpty { owner.pause(self) }
          held.append(direction)
          break
        }
        sink.send(bytes.span, passed..<passed + count)
        passed += count
      }
      bytes.removeFirst(passed)
    }
  }

  /// Once everything that a closed side had sent has passed, the other is closed as well.
  private func finish(_ direction: Direction) {
    guard let source = source(direction), let sink = sink(direction) else { return }
    if source.input.isEmpty { sink.closeAfterWriting() }
  }

  func resume() {
    held.removeAll()
    for direction in [Direction.toClient, .fromClient] {
      pass(direction)
      if source(direction)?.isClosed == true { finish(direction) }
    }
  }

  func close() {
    peer.handler = nil
    client?.handler = nil
    peer.close()
    client?.close()
  }
}
