// A client of the protocol on a real socket, which comes back whenever it breaks.

import Crypto
import HTTP1
import NetTypes
import SignalingTesting
import WebSocket

/// One client and its socket. It has no thread: `step` does what there is to do.
final class ProxiedClient {
  let index: Int
  var client: ProtocolClient
  private(set) var socket: LoopbackSocket?
  /// Whether it wants a socket.
  var comesBack = true
  private(set) var faults: [String] = []
  private let port: UInt16
  private var random: SeededRandom
  private var handshake: ClientHandshake?
  private var webSocket = WebSocketConnection.client(maskSeed: 1)
  private var input: [UInt8] = []
  private var output: [UInt8] = []
  private var backAt = Instant.zero
  private var answerDue = Instant.distantFuture

  init(_ index: Int, room: String, port: UInt16, seed: UInt64) {
    self.index = index
    self.port = port
    random = SeededRandom(seed: seed)
    var habits = ProtocolClient.Habits()
    habits.patience = .milliseconds(600)
    habits.messagesPerPing = 20
    client = ProtocolClient(room: room, name: "client \(index)", habits: habits)
  }

  func step(now: Instant) {
    if socket == nil && comesBack && client.phase == .disconnected && backAt <= now { open(now) }
    read(now)
    if answerDue <= now || client.hasLostPatience(at: now) { lose(nil, now) }
    client.advance(to: now)
    for text in client.takeTexts() where socket != nil {
      webSocket.send(.text, text.span, output: &output)
    }
    flush(now)
  }

  private func open(_ now: Instant) {
    guard let opened = try? LoopbackSocket.connected(to: port) else { return lose(nil, now) }
    socket = opened
    let nonce = (0..<16).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    let handshake = ClientHandshake(nonce: nonce, subprotocols: ["parley.v1"])
    self.handshake = handshake
    webSocket = .client(maskSeed: random.next())
    input = []
    output = handshake.request(target: "/signal", host: "127.0.0.1:\(port)").encoded()
    answerDue = now + client.habits.patience
  }

  private func read(_ now: Instant) {
    while let socket {
      switch socket.read(atMost: 65_536) {
      case .nothingYet: return
      case .end: return lose(nil, now)
      case .bytes(let bytes):
        input += bytes
        if handshake != nil { readAnswer(now) }
        if handshake == nil { readFrames(now) }
      }
    }
  }

  private func readAnswer(_ now: Instant) {
    var parser = ResponseParser()
    switch parser.parse(input.span) {
    case .needMore: return
    case .response(let head, let consumed):
      do {
        _ = try handshake?.check(head)
      } catch {
        faults.append("client \(index): the handshake was answered with \(error)")
      }
      input.removeFirst(consumed)
      handshake = nil
      answerDue = .distantFuture
      // Whoever has left while the answer was under way has nothing more to say.
      guard client.phase == .disconnected else { return lose(nil, now) }
      client.opened(now: now)
    case .malformed: faults.append("client \(index): a malformed answer")
    }
  }

  private func readFrames(_ now: Instant) {
    var offset = 0
    defer { input.removeFirst(min(offset, input.count)) }
    while socket != nil {
      switch webSocket.receive(&input, at: &offset, output: &output) {
      case .needMore: return
      case .message(let message):
        client.receive(message.payload.bytes(in: input.span), now: now)
      case .pong: continue
      case .closed(let code, _):
        flush(now)
        return lose(code?.rawValue, now)
      case .failed(let fault):
        faults.append("client \(index): the server's frames have \(fault)")
        return lose(nil, now)
      }
    }
  }

  private func flush(_ now: Instant) {
    guard let socket else { return }
    guard let written = socket.write(output[...]) else { return lose(nil, now) }
    output.removeFirst(written)
  }

  /// The socket broke, was closed, or is given up.
  func lose(_ code: UInt16?, _ now: Instant) {
    socket?.end(byReset: random.chance(50))
    socket = nil
    handshake = nil
    answerDue = .distantFuture
    output = []
    client.disconnected(code)
    backAt = now + .milliseconds(random.within(0...120))
  }
}
