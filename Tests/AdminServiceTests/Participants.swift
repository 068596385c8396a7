// Clients of the relay and of rooms, for something to be seen by the admin endpoint.

import Crypto
import EventLoop
import Glibc
import HTTP1
import NetTypes
import RelayService
import TURNClient
import WebSocket

/// A client with an allocation, over a blocking socket.
final class RelayClient {
  let socket: ClientSocket
  private var core: TURNClient
  private(set) var relay = SocketAddress(.loopbackV4, port: 0)

  init(_ server: RunningServer, seed: UInt64) throws {
    socket = try ClientSocket(SOCK_DGRAM, port: server.relay.addresses[0].port)
    core = TURNClient(username: "ann", password: "secret", random: SplitMix64(seed: seed))
    core.allocate(now: Clock.now())
    guard case .allocated(let relay, _) = try event() else { throw SocketFailure.ended }
    self.relay = relay
  }

  /// Sends what is to be sent and waits for something to come of it.
  private func event() throws -> TURNClient.Event {
    while true {
      flush()
      guard let bytes = try socket.receive() else { throw SocketFailure.ended }
      if let event = core.received(bytes.span, now: Clock.now()) { return event }
    }
  }

  private func flush() {
    for datagram in core.output { socket.send(datagram) }
    core.output = []
  }

  func bind(_ channel: UInt16, to peer: SocketAddress) throws {
    core.bind(channel, to: peer, now: Clock.now())
    guard case .channelBound = try event() else { throw SocketFailure.ended }
  }

  func send(_ payload: [UInt8], on channel: UInt16) {
    core.send(payload, on: channel)
    flush()
  }

  /// Waits for a peer's payload.
  func payloadLength() throws -> Int {
    guard case .data(_, let range) = try event() else { throw SocketFailure.ended }
    return range.count
  }

  func end() throws {
    core.refresh(seconds: 0, now: Clock.now())
    guard case .refreshed = try event() else { throw SocketFailure.ended }
  }
}

/// Somebody in a room.
final class RoomClient {
  private let socket: ClientSocket
  private var webSocket = WebSocketConnection.client(maskSeed: 7)

  /// Joins and waits for `joined`.
  init(port: UInt16, room: String, name: String) throws {
    socket = try ClientSocket(SOCK_STREAM, port: port)
    var random = SecureRandom()
    let handshake = ClientHandshake(nonce: random.bytes(16), subprotocols: ["parley.v1"])
    socket.send(handshake.request(target: "/signal", host: "127.0.0.1:\(port)").encoded())
    guard try socket.answer().status == 101 else { throw SocketFailure.connect }
    say(#"{"type":"join","seq":1,"room":"\#(room)","name":"\#(name)"}"#)
    guard try next().contains(#""type":"joined""#) else { throw SocketFailure.connect }
  }

  func say(_ text: String) {
    var output: [UInt8] = []
    FrameEncoder.append(
      to: &output, opcode: .text, payload: Array(text.utf8).span, isFinal: true,
      maskKey: 0x1234_5678)
    socket.send(output)
  }

  /// The next message.
  func next() throws -> String {
    while true {
      var output: [UInt8] = []
      var offset = 0
      let event = webSocket.receive(&socket.input, at: &offset, output: &output)
      socket.send(output)
      defer { socket.input.removeFirst(offset) }
      switch event {
      case .needMore:
        socket.input.removeFirst(offset)
        offset = 0
        try socket.receiveMore()
      case .message(let message):
        let input = socket.input
        return String(decoding: message.payload.bytes(in: input.span), as: UTF8.self)
      case .pong: continue
      case .closed, .failed: throw SocketFailure.ended
      }
    }
  }
}
