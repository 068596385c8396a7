// The connections of the echo.

import Compression
import EventLoop
import HTTP1
import NetTypes
import WebSocket

/// All connections of one loop.
final class Echo: @unchecked Sendable {
  /// Autobahn's longest message.
  static let messageBytesMax = 16 << 20

  let loop: EventLoop
  let codec = ZlibCodec()
  private var connections: [ObjectIdentifier: EchoConnection] = [:]

  init(on loop: EventLoop) { self.loop = loop }

  func accept(_ descriptor: Int32, _ peer: SocketAddress?) {
    guard
      let stream = try? ByteStream(
        descriptor: descriptor, peer: peer, on: loop, inputMax: 65_536,
        outputMax: 4 * Self.messageBytesMax)
    else { return }
    let connection = EchoConnection(stream, of: self)
    connections[ObjectIdentifier(connection)] = connection
  }

  func forget(_ connection: EchoConnection) {
    connections[ObjectIdentifier(connection)] = nil
  }
}

/// One client: every message goes back as it came, compressed if that was agreed on.
final class EchoConnection: ByteStreamHandler {
  private let stream: ByteStream
  private unowned let owner: Echo
  private var parser = RequestParser()
  /// Nil before the handshake.
  private var webSocket: WebSocketConnection?
  private var deflate: DeflateAgreement?
  private var hasFailed = false

  init(_ stream: ByteStream, of owner: Echo) {
    self.stream = stream
    self.owner = owner
    stream.handler = self
  }

  func received(on stream: ByteStream) {
    if hasFailed { return stream.consume(stream.input.count) }
    if webSocket == nil { shakeHands() }
    if webSocket != nil { readFrames() }
  }

  func drained(_ stream: ByteStream) {}

  func closed(_ stream: ByteStream) { owner.forget(self) }

  private func shakeHands() {
    switch stream.withInput({ parser.parse($0.span) }) {
    case .needMore: return
    case .malformed(let fault): refuse(.text(fault.status))
    case .request(let request, let consumed):
      stream.consume(consumed)
      switch ServerHandshake(request, deflates: true) {
      case .accepted(_, let deflate, let response):
        self.deflate = deflate
        webSocket = .server(
          messageBytesMax: Echo.messageBytesMax, allowsCompression: deflate != nil)
        let mode = ResponseMode(isHead: false, keepAlive: true)
        stream.send(response.encoded(mode: mode, date: HTTPDate.format(unixSeconds: 0)))
      case .refused(let fault): refuse(fault.response)
      }
    }
  }

  private func refuse(_ response: HTTPResponse) {
    hasFailed = true
    stream.send(response.encoded(mode: .closing, date: HTTPDate.format(unixSeconds: 0)))
    stream.endAfterWriting()
  }

  private func readFrames() {
    stream.withInput { input in
      var offset = 0
      var goesOn = true
      while goesOn && !stream.isClosed {
        var output: [UInt8] = []
        let event = webSocket?.receive(&input, at: &offset, output: &output, codec: owner.codec)
        stream.send(output)
        switch event {
        case .needMore, nil: goesOn = false
        case .pong: break
        case .message(let message): answer(message, input.span)
        case .closed:
          stream.closeAfterWriting()
          goesOn = false
        case .failed:
          hasFailed = true
          stream.endAfterWriting()
          goesOn = false
        }
      }
      input.removeFirst(min(offset, input.count))
    }
  }

  private func answer(_ message: Message, _ input: Span<UInt8>) {
    var output: [UInt8] = []
    message.payload.withSpan(in: input) { payload in
      var deflated: [UInt8] = []
      if let deflate,
        owner.codec.deflate(payload, windowBits: deflate.serverWindowBits, into: &deflated)
      {
        webSocket?.send(message.kind, deflated.span, isCompressed: true, output: &output)
      } else {
        webSocket?.send(message.kind, payload, output: &output)
      }
    }
    stream.send(output)
  }
}
