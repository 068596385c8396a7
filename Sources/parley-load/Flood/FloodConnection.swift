// A connection of an offender: a WebSocket that need not behave.

internal import Compression
internal import EventLoop
internal import HTTP1
internal import NetTypes
internal import WebSocket

/// Whom a ``FloodConnection`` tells what happens to it.
protocol FloodConnectionOwner: AnyObject {
  /// The TCP connection is there.
  func connected(_ connection: FloodConnection)
  /// The WebSocket is there.
  func opened(_ connection: FloodConnection)
  func received(_ text: Span<UInt8>, on connection: FloodConnection)
  /// - Parameter code: of the server's close frame; nil when there was none.
  func ended(_ connection: FloodConnection, code: UInt16?)
}

/// Confined to the offender's loop.
final class FloodConnection: ByteStreamHandler {
  private enum Stage {
    case connecting, connected, upgrading, open, ended
  }

  private static let inputMax = 1 << 18
  static let outputMax = 1 << 20

  /// Counts the owner's connections; tells them apart.
  let number: Int
  private(set) var stream: ByteStream?
  private unowned let owner: any FloodConnectionOwner
  private let scene: FloodScene
  private var stage = Stage.connecting
  private var responses = ResponseParser()
  private var socket = WebSocketConnection.client(maskSeed: 1, messageBytesMax: 1 << 20)
  private var code: UInt16?
  private var output: [UInt8] = []
  /// The last number used.
  private(set) var seq = 0
  private var codec: ZlibCodec?
  /// Leaves everything that comes where it is.
  private(set) var isDeaf = false

  init(_ number: Int, _ scene: FloodScene, of owner: any FloodConnectionOwner) {
    self.number = number
    self.scene = scene
    self.owner = owner
  }

  func connect() {
    do throws(SystemError) {
      let stream = try ByteStream(
        connect: scene.url.address, from: scene.source, on: scene.loop, inputMax: Self.inputMax,
        outputMax: Self.outputMax)
      stream.handler = self
      self.stream = stream
    } catch {
      finish()
    }
  }

  /// Asks for the WebSocket.
  ///
  /// - Parameter more: further lines of the request, each with its end.
  func upgrade(_ more: String = "") {
    stage = .upgrading
    send(raw: Array(Self.request(scene.url, more).utf8))
  }

  static func request(_ url: SignalURL, _ more: String) -> String {
    "GET \(url.path) HTTP/1.1\r\nHost: \(url.authority)\r\nUpgrade: websocket\r\n"
      + "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: \(SignalFrames.subprotocol)\r\n"
      + more + "\r\n"
  }

  /// Whether messages may be compressed.
  var hasDeflate: Bool { codec != nil }

  // MARK: Sending

  var isOpen: Bool { stage == .open }

  /// Bytes of output that still fit.
  var room: Int { stream?.room ?? 0 }

  func join(_ room: String) {
    seq = 1
    say(SignalFrames.join(room: room, name: "Flood"))
  }

  /// A message with the next number; leaves with ``flush()``.
  func add(_ message: (_ seq: Int) -> [UInt8]) {
    seq += 1
    socket.send(.text, message(seq).span, output: &output)
  }

  func say(_ text: [UInt8]) {
    socket.send(.text, text.span, output: &output)
    flush()
  }

  func flush() {
    guard !output.isEmpty else { return }
    send(raw: output)
    output.removeAll(keepingCapacity: true)
  }

  func send(raw bytes: [UInt8]) { stream?.send(bytes) }

  // MARK: Receiving

  /// From now on nothing is read; what the kernel has taken stays there.
  func goDeaf() {
    isDeaf = true
    stream?.limit(inputMax: 1, outputMax: Self.outputMax)
  }

  func listenAgain() {
    guard isDeaf, let stream else { return }
    isDeaf = false
    stream.limit(inputMax: Self.inputMax, outputMax: Self.outputMax)
    if stage == .open { readFrames(stream) }
  }

  func received(on stream: ByteStream) {
    guard !isDeaf else { return }
    switch stage {
    case .upgrading: readResponse(stream)
    case .open: readFrames(stream)
    case .connecting, .connected, .ended: stream.consume(stream.input.count)
    }
  }

  private func readResponse(_ stream: ByteStream) {
    switch responses.parse(stream.input.span) {
    case .needMore: break
    case .malformed: stream.close()
    case .response(let head, let consumed):
      stream.consume(consumed)
      guard head.status == .switchingProtocols else { return stream.close() }
      let extensions = head.fields.values("Sec-WebSocket-Extensions")
      if extensions.contains(where: { $0.hasPrefix("permessage-deflate") }) {
        codec = ZlibCodec()
        socket = .client(maskSeed: 1, messageBytesMax: 1 << 20, allowsCompression: true)
      }
      stage = .open
      owner.opened(self)
      if !stream.input.isEmpty && stage == .open && !isDeaf { readFrames(stream) }
    }
  }

  private func readFrames(_ stream: ByteStream) {
    stream.withInput { input in
      var offset = 0
      var goesOn = true
      while goesOn && !isDeaf && stage == .open {
        switch socket.receive(&input, at: &offset, output: &output, codec: codec) {
        case .needMore: goesOn = false
        case .message(let message):
          message.payload.withSpan(in: input.span) { owner.received($0, on: self) }
        case .pong: break
        case .closed(let code, _):
          self.code = code?.rawValue
          goesOn = false
        case .failed: goesOn = false
        }
      }
      input.removeFirst(min(offset, input.count))
    }
    flush()
    if code != nil { stream.closeAfterWriting() }
  }

  // MARK: The socket

  func drained(_ stream: ByteStream) {
    guard stage == .connecting else { return }
    stage = .connected
    owner.connected(self)
  }

  func closed(_ stream: ByteStream) { finish() }

  private func finish() {
    guard stage != .ended else { return }
    stage = .ended
    stream = nil
    owner.ended(self, code: code)
  }

  /// Ends it, without telling the owner.
  func close() {
    stage = .ended
    stream?.close()
    stream = nil
  }
}
