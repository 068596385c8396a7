// One client's socket, from its first request to its last byte.

internal import Admission
internal import EventLoop
internal import Gate
internal import HTTP1
internal import NetTypes
internal import Signaling
internal import WebSocket

/// A connection; it belongs to one loop at a time and goes with its socket to another.
final class Connection: ByteStreamHandler, @unchecked Sendable {
  enum Phase {
    /// Requests and responses.
    case http
    /// Frames, and no `join` yet.
    case lobby
    /// About to go to the loop of the room it enters; what comes waits in the stream.
    case moving
    /// In a room.
    case member
    /// Our last frame is sent; what still comes is not heeded.
    case closing
    /// Our last response is sent; what still comes is dropped, until the client has read it.
    case lingering
  }

  /// Bytes received and not yet used, at which reading pauses; a request's head is smaller.
  static let inputMax = 65_536
  /// Bytes of responses that may wait while the next request is answered.
  static let responsesQueuedMax = 65_536
  /// What the server writes around a client's message, at most.
  static let envelopeMax = 1_024
  /// Room in the queue for a close frame when the queue is full.
  static let closeFrameRoom = 256
  /// Bytes that the kernel may hold for a client before it has sent them; all else waits here,
  /// where it is counted.
  static let unsentMax = 65_536
  /// How long a client that broke the rules has to read our close frame before the socket goes.
  static let linger = Duration.seconds(1)

  let stream: ByteStream
  /// The loop that has it; nil while it moves and when it is closed, so that neither outlives the
  /// other for long.
  var home: SignalingLoop?
  /// Its place in that loop.
  var handle = SlabHandle(index: 0, generation: 0)
  var phase = Phase.http
  /// Its place among those who are not in a room; given back with the join, or with the last
  /// reference to it.
  var place: HalfOpenPlace?
  /// The page that opened it, until it is in a room.
  var origin = PageOrigin.own
  /// When the loop looks after it if nothing happens.
  var deadline = Instant.distantFuture
  var parser = RequestParser()
  /// The request that is being read or answered for a mount.
  var exchange: Exchange?
  var webSocket: WebSocketConnection
  /// Who is connected: a client or a proxy of HTTP.
  let peer: IPAddress
  /// Where the client of the last request is, as far as proxies can be trusted with it.
  var client: IPAddress
  /// Whether the connection itself is encrypted.
  let isSecure: Bool
  /// How messages to the client may be compressed.
  private(set) var deflate: DeflateAgreement?
  let shared: SharedState

  /// Takes over the place in `shared` that was given to the socket.
  init(
    _ stream: ByteStream, _ shared: SharedState, _ place: HalfOpenPlace, peer: IPAddress,
    isSecure: Bool
  ) {
    self.stream = stream
    self.place = place
    self.shared = shared
    self.peer = peer
    client = peer
    self.isSecure = isSecure
    webSocket = .server(messageBytesMax: shared.settings.limits.messageBytesMax)
    stream.handler = self
  }

  /// From here on frames come.
  func upgrade(_ deflate: DeflateAgreement?) {
    phase = .lobby
    guard let deflate else { return }
    self.deflate = deflate
    webSocket = .server(
      messageBytesMax: shared.settings.limits.messageBytesMax, allowsCompression: true)
  }

  var id: ConnectionID { ConnectionID(handle.packed) }

  // MARK: Events of the socket

  func received(on stream: ByteStream) {
    switch phase {
    case .http: readRequests()
    case .lobby, .member, .closing: readFrames()
    case .lingering: stream.consume(stream.input.count)
    case .moving: break
    }
  }

  func ended(_ stream: ByteStream) {
    if phase == .http { readRequests() } else { stream.close() }
  }

  func drained(_ stream: ByteStream) {
    if phase == .http { readRequests() }
  }

  func stalled(_ stream: ByteStream) {
    guard phase == .member, let home else { return }
    home.wake(self, at: min(deadline, home.loop.now + shared.settings.stallMax))
  }

  func closed(_ stream: ByteStream) {
    place = nil
    shared.closed()
    home?.closed(self)
  }

  // MARK: Sending frames

  /// Sends a message; one that cannot wait because too much is waiting ends the connection.
  func send(_ message: inout EncodedMessage, number: Int64, _ urgency: FlushUrgency = .prompt) {
    guard webSocket.isOpen, let home else { return }
    home.frame.removeAll(keepingCapacity: true)
    message.appendFrame(number: number, deflate: deflate, codec: home.codec, to: &home.frame)
    transmit(home.frame, urgency)
  }

  /// Puts bytes into the queue, which is written to the socket at the end of the loop's turn.
  func transmit(_ bytes: [UInt8], _ urgency: FlushUrgency = .prompt) {
    guard !bytes.isEmpty, !stream.isClosed else { return }
    var fits = mayWait(bytes.count)
    if !fits {
      // It may be full only of what has not been offered to the socket yet.
      stream.push()
      fits = mayWait(bytes.count)
    }
    if fits, stream.enqueue(bytes.span, 0..<bytes.count) {
      stream.pushSoon(urgency)
    } else {
      fallBehind()
    }
  }

  private func fallBehind() {
    guard phase != .closing else { return }
    home?.count(.slow)
    home?.departed(self, .slow)
    close(.slow)
  }

  /// A client that is gone or reads nothing must not keep its queue for ever, though it is short.
  private func lookAfterQueue(_ home: SignalingLoop) {
    deadline = .distantFuture
    guard let since = stream.stalledSince else { return }
    let due = since + shared.settings.stallMax
    if due <= home.loop.now { fallBehind() } else { home.wake(self, at: due) }
  }

  /// Whether there is room for so many bytes more, in this queue and in all of them together.
  private func mayWait(_ count: Int) -> Bool {
    let limits = shared.settings.limits
    let added = stream.queuedCount(of: count)
    let queued = stream.queuedBytes + added
    if queued <= limits.messageBytesMax + Self.envelopeMax { return true }
    return queued <= limits.sendQueueBytesMax
      && shared.queues.bytes + added <= shared.settings.queuedBytesMax
  }

  /// Sends a close frame and waits for the client's.
  func close(_ code: Signaling.CloseCode) {
    guard let home, phase != .closing else { return }
    var output: [UInt8] = []
    webSocket.close(
      WebSocket.CloseCode(code.rawValue), reason: code.reason, now: home.loop.now, output: &output)
    phase = .closing
    home.wake(self, at: webSocket.nextDeadline ?? home.loop.now + Self.linger)
    stream.send(output)
  }

  /// What happens when the deadline has come.
  func expire() {
    switch phase {
    case .http:
      if let exchange, exchange.isAsking { return giveUp(exchange) }
      home?.count(.requestTimeout)
      stream.close()
    case .lobby:
      home?.count(.joinTimeout)
      close(.noJoin)
    case .closing, .lingering: stream.close()
    // The core minds the heartbeat.
    case .member: if let home { lookAfterQueue(home) }
    case .moving: break
    }
  }
}
