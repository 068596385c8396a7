// A room in which messages are passed on: the way of each from frame to frame.

import NetTypes
import Signaling
import SignalingService
import WebSocket

private struct NoICE: ICEServerSource {
  func offer(for peer: PeerID, in room: RoomKey, withRelay: Bool) -> ICEOffer {
    ICEOffer(servers: [], ttlMs: 0)
  }
}

/// A server with one full room, driven as the service drives it but for the sockets.
struct RoomScene: ~Copyable {
  private static let members = 32

  private let limits = SignalingLimits()
  private let incarnation: Incarnation
  private var decoder: MessageDecoder
  private var server: SignalingServer
  private var now = Instant(nanoseconds: 1_000_000_000)
  private var effects: [SignalingEffect] = []
  private var names: [String] = []
  private var webSocket = WebSocketConnection.server()
  private var output: [UInt8] = []
  private var framed = 0

  init() {
    var random = SplitMix64(seed: 1)
    incarnation = Incarnation(
      sessions: SessionKey(secrets: [Array("north".utf8)]), start: now, startUnixMs: 0,
      random: &random)
    decoder = MessageDecoder(limits: limits)
    server = SignalingServer(
      limits: limits, random: random, iceServers: NoICE(), incarnation: incarnation)
    for index in 0..<Self.members { join(ConnectionID(UInt64(index)), "everybody") }
  }

  mutating func measure(_ ruler: inout Ruler) {
    let filler = String(repeating: "x", count: messageBytes - 70)
    let one = names[1]
    measure(&ruler, "signal-to-one", units: 1, from: 0) {
      #"{"type":"message","seq":\#($0),"to":"\#(one)","data":{"text":"\#(filler)"}}"#
    }
    measure(&ruler, "signal-to-everybody", units: Self.members - 1, from: 2) {
      #"{"type":"message","seq":\#($0),"data":{"text":"\#(filler)"}}"#
    }
    measureJoin(&ruler)
  }

  /// Messages of one member, which nobody acknowledges: what is kept for those who get them is
  /// full, and costs the most.
  private mutating func measure(
    _ ruler: inout Ruler, _ name: String, units: Int, from sender: UInt64,
    _ text: (_ seq: Int) -> String
  ) {
    var frames = ClientFrames()
    for number in 0..<2 * Ruler.runs { frames.add(Array(text(number + 2).utf8)) }
    var input = frames.bytes
    var offset = 0
    ruler.measure(name, units: units) {
      // Slowly enough for what one peer may send.
      now = now + .milliseconds(100)
      let before = framed
      guard case .message(let message) = webSocket.receive(&input, at: &offset, output: &output)
      else { return false }
      let decoded = message.payload.withSpan(in: input.span) { decoder.decode($0) }
      server.receive(decoded, from: ConnectionID(sender), now: now, into: &effects)
      perform()
      return framed - before == units
    }
  }

  /// Somebody who comes and leaves, in a room of two.
  private mutating func measureJoin(_ ruler: inout Ruler) {
    join(ConnectionID(1_000), "pair")
    var next: UInt64 = 2_000
    let leave = Array(#"{"type":"leave","seq":2}"#.utf8)
    ruler.measure("signal-join-and-leave") {
      now = now + .milliseconds(100)
      next += 1
      let before = names.count
      join(ConnectionID(next), "pair")
      server.receive(
        decoder.decode(leave.span), from: ConnectionID(next), now: now, into: &effects)
      perform()
      return names.count == before + 1
    }
  }

  private mutating func join(_ connection: ConnectionID, _ room: String) {
    let text = Array(#"{"type":"join","seq":1,"room":"\#(room)","name":"Somebody"}"#.utf8)
    let verdict = Lobby.judge(decoder.decode(text.span), sessions: incarnation.sessions) { _, _ in
      .granted(Grant())
    }
    guard case .enter(let entry) = verdict else { return }
    server.join(entry, connection, now: now, into: &effects)
    perform()
  }

  private mutating func perform() {
    for effect in effects {
      switch effect {
      case .send(_, let number, let message):
        if case .joined(let joined) = message { names.append(joined.peer.text) }
        frame(EncodedMessage(message), number)
      case .broadcast(let recipients, let message):
        let encoded = EncodedMessage(message)
        for recipient in recipients { frame(encoded, recipient.number) }
      case .close: break
      }
    }
    effects.removeAll(keepingCapacity: true)
    output.removeAll(keepingCapacity: true)
  }

  private mutating func frame(_ message: EncodedMessage, _ number: Int64) {
    framed += 1
    webSocket.send(.text, message.text(number: number).span, output: &output)
  }
}
