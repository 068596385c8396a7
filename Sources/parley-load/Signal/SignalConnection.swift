// A WebSocket of the load: opens, says where its messages are, and gathers what it sends.

internal import Crypto
internal import EventLoop
internal import HTTP1
internal import NetTypes
internal import WebSocket

/// Whom a ``SignalConnection`` tells what happens to it.
protocol SignalConnectionOwner: AnyObject {
  /// The WebSocket is there.
  func opened()
  func received(_ text: Span<UInt8>)
  /// It is no more, other than by ``SignalConnection/drop()``.
  ///
  /// - Parameter code: of the server's close frame, if there was one.
  func ended(_ problem: String, code: UInt16?)
}

/// What all connections of a run have in common.
struct SignalDoor: Sendable {
  let url: SignalURL
  let handshake: ClientHandshake
  /// The request for a WebSocket, whole.
  let request: [UInt8]
  /// Of every frame: right for peers that we run ourselves (RFC 6455 §10.3).
  let maskKey: UInt32

  /// - Parameter subprotocols: what is offered.
  init(_ url: SignalURL, subprotocols: [String]) {
    self.url = url
    var random = SecureRandom()
    handshake = ClientHandshake(nonce: random.bytes(16), subprotocols: subprotocols)
    maskKey = UInt32(truncatingIfNeeded: random.next()) | 0x0101_0101
    var bytes: [UInt8] = []
    handshake.request(target: url.path, host: url.authority).append(to: &bytes)
    request = bytes
  }

  /// Connections that leave from one address; a server bounds what one may have that is not open.
  private static let perSource = 64

  /// Where connection `number` leaves from: on loopback there are addresses enough for everybody to
  /// have one, as in life.
  func source(_ number: Int) -> SocketAddress? {
    guard url.address.ip.family == .v4, Commands.isLoopback(url.address.ip) else { return nil }
    let block = number / Self.perSource
    let address = IPAddress(127, 1, UInt8(block / 250 % 250), UInt8(1 + block % 250))
    return SocketAddress(address, port: 0)
  }

  /// One frame, masked.
  func frame(_ opcode: Opcode, _ payload: Span<UInt8>) -> [UInt8] {
    var frame: [UInt8] = []
    FrameEncoder.append(to: &frame, opcode: opcode, payload: payload, maskKey: maskKey)
    return frame
  }
}

/// Confined to the loop, as everything here.
final class SignalConnection: ByteStreamHandler {
  enum Stage {
    case connecting, upgrading, open, ended
  }

  private static let inputMax = 1 << 20
  private static let outputMax = 1 << 20
  /// More than this waiting for the socket, and sending pauses.
  private static let queuedMax = 256 << 10

  private(set) var stage = Stage.connecting
  private let door: SignalDoor
  private weak var owner: (any SignalConnectionOwner)?
  private var stream: ByteStream?
  private var responses = ResponseParser()

  init(
    _ door: SignalDoor, from source: SocketAddress?, on loop: EventLoop,
    owner: any SignalConnectionOwner
  ) throws(SystemError) {
    self.door = door
    self.owner = owner
    let stream = try ByteStream(
      connect: door.url.address, from: source, on: loop, inputMax: Self.inputMax,
      outputMax: Self.outputMax)
    stream.handler = self
    self.stream = stream
  }

  // MARK: Opening

  func drained(_ stream: ByteStream) {
    guard stage == .connecting else { return }
    stage = .upgrading
    stream.send(door.request)
  }

  private func upgrade(_ stream: ByteStream) {
    switch responses.parse(stream.input.span) {
    case .needMore: return
    case .malformed(let fault): fail("the answer is no HTTP: \(fault)")
    case .response(let head, let consumed):
      do throws(ClientHandshakeFault) {
        _ = try door.handshake.check(head)
      } catch {
        return fail("the WebSocket was refused: \(Self.text(error))")
      }
      stage = .open
      stream.consume(consumed)
      owner?.opened()
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
    case .open: readFrames(stream)
    case .upgrading: upgrade(stream)
    case .connecting, .ended: stream.consume(stream.input.count)
    }
  }

  private func readFrames(_ stream: ByteStream) {
    guard let owner else { return }
    stream.withInput { input in
      var offset = 0
      var goesOn = true
      while goesOn && stage == .open {
        switch ServerFrame.next(in: input.span, at: &offset) {
        case .text(let range): owner.received(input.span.extracting(range))
        case .needMore: goesOn = false
        case .pong: break
        case .ping(let range): send(door.frame(.pong, input.span.extracting(range)).span)
        case .close(let code, let reason): closed(code, input.span.bytes(in: reason))
        case .failed(let fault): fail("the server sent \(fault)")
        }
      }
      input.removeFirst(min(offset, input.count))
    }
  }

  /// RFC 6455 §5.5.1: a close frame is answered, and the server closes the connection.
  private func closed(_ code: UInt16?, _ reason: [UInt8]) {
    var payload: [UInt8] = []
    if let code { payload.append(bigEndian: code) }
    stream?.send(door.frame(.close, payload.span))
    let number = code.map { "\($0)" } ?? "no code"
    let text = reason.isEmpty ? "" : " " + String(decoding: reason, as: UTF8.self)
    end("closed with \(number)\(text)", code: code)
  }

  // MARK: Sending

  /// Whether more may be added to what waits.
  var isWritable: Bool {
    guard stage == .open, let stream else { return false }
    return stream.queuedBytes < Self.queuedMax
  }

  /// Sends whole frames with the others of this turn.
  func send(_ frames: Span<UInt8>) {
    guard stage == .open, let stream else { return }
    guard stream.enqueue(frames, 0..<frames.count) else {
      return fail("more than \(Self.outputMax) bytes wait to be sent")
    }
    stream.pushSoon()
  }

  // MARK: Ending

  func closed(_ stream: ByteStream) {
    switch stage {
    // A connection that is refused is told of as one that came and went.
    case .connecting: end("no connection", code: nil)
    case .upgrading: end("closed before it was a WebSocket", code: nil)
    case .open: end("closed without a close frame", code: nil)
    case .ended: break
    }
  }

  private func fail(_ problem: String) { end(problem, code: nil) }

  private func end(_ problem: String, code: UInt16?) {
    guard stage != .ended else { return }
    stage = .ended
    stream?.closeAfterWriting()
    stream = nil
    owner?.ended(problem, code: code)
  }

  /// Cuts it, as a network does: nothing more is said or heard.
  func drop() {
    stage = .ended
    owner = nil
    stream?.close()
    stream = nil
  }
}
