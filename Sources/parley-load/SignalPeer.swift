// One peer of a signaling run: its WebSocket, its place in the protocol, and its numbers.

internal import Crypto
internal import EventLoop
internal import HTTP1
internal import NetTypes
internal import WebSocket

/// Confined to the loop, as everything here.
final class SignalPeer: ByteStreamHandler {
  enum Stage: Equatable {
    case new, connecting, upgrading, joining, joined, leaving, ended
  }

  private static let inputMax = 1 << 20
  private static let outputMax = 1 << 20
  /// More than this waiting for the socket, and sending pauses.
  private static let queuedMax = 256 << 10

  let room: Int
  /// The place in its room, which is the order of joining.
  let index: Int
  let padding: String
  private unowned let load: SignalLoad
  private var stream: ByteStream?
  private var socket: WebSocketConnection
  private let handshake: ClientHandshake
  private var responses = ResponseParser()
  private var output: [UInt8] = []

  private(set) var stage = Stage.new
  private(set) var stageSince = Instant.zero
  /// The name of this peer for the others, once joined.
  private(set) var id: String?
  private var sentSeq = 0
  private var receivedSeq = 0
  /// The number that was the last one at the last ping.
  private var pingedSeq = 0
  private var heartbeat = Duration.seconds(15)
  private(set) var nextPing = Instant.distantFuture
  /// From each peer of the room, by its place.
  var lanes: [SignalLane]
  var seenJoining = 0

  init(_ load: SignalLoad, room: Int, index: Int, options: SignalOptions) {
    self.load = load
    self.room = room
    self.index = index
    padding = SignalFrames.padding(options.size, sender: index)
    lanes = Array(repeating: SignalLane(), count: options.peers)
    var random = SecureRandom()
    handshake = ClientHandshake(
      nonce: random.bytes(16), subprotocols: [SignalFrames.subprotocol])
    socket = .client(maskSeed: random.next())
  }

  private func enter(_ stage: Stage) {
    self.stage = stage
    stageSince = Clock.now()
  }

  // MARK: Opening

  func connect(_ url: SignalURL, on loop: EventLoop) throws(SystemError) {
    enter(.connecting)
    let stream = try ByteStream(
      connect: url.address, on: loop, inputMax: Self.inputMax, outputMax: Self.outputMax)
    stream.handler = self
    self.stream = stream
  }

  func drained(_ stream: ByteStream) {
    guard stage == .connecting else { return }
    stage = .upgrading
    var bytes: [UInt8] = []
    handshake.request(target: load.url.path, host: load.url.authority).append(to: &bytes)
    stream.send(bytes)
  }

  private func upgrade(_ stream: ByteStream) {
    switch responses.parse(stream.input.span) {
    case .needMore: return
    case .malformed(let fault): fail("the answer is no HTTP: \(fault)")
    case .response(let head, let consumed):
      do throws(ClientHandshakeFault) {
        _ = try handshake.check(head)
      } catch {
        return fail("the WebSocket was refused: \(Self.text(error))")
      }
      stream.consume(consumed)
      load.opened(self)
      enter(.joining)
      sentSeq = 1
      send(SignalFrames.join(room: load.roomName(room), name: "Load \(index)"))
      if !stream.input.isEmpty { readFrames(stream) }
    }
  }

  private static func text(_ fault: ClientHandshakeFault) -> String {
    if case .status(let status) = fault { return "HTTP status \(status.code)" }
    return "\(fault)"
  }

  // MARK: Receiving

  func received(on stream: ByteStream) {
    switch stage {
    case .upgrading: upgrade(stream)
    case .joining, .joined, .leaving: readFrames(stream)
    case .new, .connecting, .ended: stream.consume(stream.input.count)
    }
  }

  private func readFrames(_ stream: ByteStream) {
    var end: (problem: String?, isWanted: Bool)?
    stream.withInput { input in
      var offset = 0
      while end == nil && stage != .ended {
        switch socket.receive(&input, at: &offset, output: &output) {
        case .needMore:
          input.removeAll(keepingCapacity: true)
          return
        case .message(let message):
          message.payload.withSpan(in: input.span) { load.received($0, by: self) }
        case .pong: break
        case .closed(let code, let reason):
          let number = code.map { "\($0.rawValue)" } ?? "no code"
          end = ("closed with \(number) \(reason)", stage == .leaving)
        case .failed(let fault): end = ("the server broke RFC 6455: \(fault)", false)
        }
      }
      input.removeAll()
    }
    flush()
    guard let end else { return }
    if end.isWanted {
      finish()
    } else {
      fail(end.problem ?? "")
    }
  }

  /// Whether the server's number goes on where it was.
  func takeNumber(_ seq: Int64?) -> Bool {
    defer { receivedSeq = Int(seq ?? 0) }
    return seq == Int64(receivedSeq + 1)
  }

  /// A pong repeats the server's last number, and acknowledges what was sent before the ping.
  func isRightPong(seq: Int64?, ack: Int64?) -> Bool {
    seq == Int64(receivedSeq) && ack == Int64(pingedSeq)
  }

  func joined(as id: String, heartbeat: Duration, now: Instant) {
    self.id = id
    self.heartbeat = heartbeat
    enter(.joined)
    // Spread over time, as the beginnings of real peers are.
    nextPing = now + heartbeat / 2 * (index + 1) / max(1, lanes.count)
  }

  // MARK: Sending

  /// Whether a further message may be added to what waits.
  var isWritable: Bool {
    stage == .joined && (stream?.queuedBytes ?? .max) < Self.queuedMax
  }

  /// The number of the protocol for message `number`: `join` has 1, and nothing else takes one.
  static func seq(ofMessage number: Int) -> Int { number + 2 }
  static func message(ofSeq seq: Int) -> Int { seq - 2 }

  /// - Parameter to: `nil` for everybody.
  func sendMessage(_ number: Int, to: String?, due: Instant) {
    sentSeq = Self.seq(ofMessage: number)
    send(
      SignalFrames.message(
        seq: sentSeq, to: to, number: number, timeNs: due.nanoseconds, padding: padding))
  }

  func ping(now: Instant) {
    nextPing = now + heartbeat / 2
    pingedSeq = sentSeq
    send(SignalFrames.ping(seq: sentSeq, ack: receivedSeq))
  }

  func leave() {
    guard stage == .joined else { return finish() }
    enter(.leaving)
    sentSeq += 1
    send(SignalFrames.leave(seq: sentSeq))
  }

  private func send(_ message: [UInt8]) {
    socket.send(.text, message.span, output: &output)
    flush()
  }

  private func flush() {
    guard !output.isEmpty else { return }
    if stream?.send(output) == false { fail("more than \(Self.outputMax) bytes wait to be sent") }
    output.removeAll(keepingCapacity: true)
  }

  // MARK: Ending

  func closed(_ stream: ByteStream) {
    self.stream = nil
    guard stage != .ended else { return }
    switch stage {
    case .leaving: finish()
    // A connection that is refused is told of as one that came and went.
    case .connecting, .upgrading: fail("no connection, or one that ended before the WebSocket")
    default: fail("the connection ended without a close frame")
    }
  }

  /// Ends at once, with the reason for the report.
  func fail(_ problem: String) {
    guard stage != .ended else { return }
    let was = stage
    finish()
    load.failed(self, problem, in: was)
  }

  /// Ends, after the answer to a close frame is written.
  func finish() {
    guard stage != .ended else { return }
    stage = .ended
    stream?.closeAfterWriting()
    load.ended(self)
  }
}
