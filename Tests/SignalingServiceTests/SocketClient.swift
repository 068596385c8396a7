// A WebSocket client of the real port, which speaks any JSON whatever.

import Compression
import Crypto
import Foundation
import HTTP1
import NetTypes
import WebSocket

/// A connection under `parley.v1`.
final class SocketClient {
  enum Event {
    case text([String: Any])
    case closed(UInt16?)
    /// The socket ended without a close frame.
    case ended
  }

  enum Failure: Error { case refused(Int), noAnswer, notJSON, unexpected(String) }

  let raw: RawClient
  private var webSocket: WebSocketConnection
  private let codec = ZlibCodec()
  /// What was agreed on, when it was asked for.
  let deflate: DeflateAgreement?
  /// Bytes of frames received.
  private(set) var received = 0
  private(set) var number = 0

  init(
    port: UInt16, origin: String? = nil, host: String? = nil,
    subprotocols: [String] = ["parley.v1"], behind: [UInt8] = [], receiveBytes: Int32? = nil,
    deflates: Bool = false
  ) throws {
    raw = try RawClient(port: port, receiveBytes: receiveBytes)
    var random = SecureRandom()
    let handshake = ClientHandshake(
      nonce: random.bytes(16), subprotocols: subprotocols, deflates: deflates)
    let request = handshake.request(
      target: "/signal", host: host ?? "127.0.0.1:\(port)", origin: origin)
    raw.send(request.encoded() + behind)
    var parser = ResponseParser()
    while true {
      let input = raw.input
      switch parser.parse(input.span) {
      case .needMore:
        guard try raw.receive() else { throw Failure.noAnswer }
      case .response(let head, let consumed):
        guard head.status == .switchingProtocols else { throw Failure.refused(head.status.code) }
        deflate = try handshake.check(head).deflate
        webSocket = .client(maskSeed: 7, allowsCompression: deflate != nil)
        raw.input.removeFirst(consumed)
        return
      case .malformed: throw Failure.noAnswer
      }
    }
  }

  // MARK: Sending

  static func frame(_ text: String, opcode: Opcode = .text, isFinal: Bool = true) -> [UInt8] {
    var output: [UInt8] = []
    FrameEncoder.append(
      to: &output, opcode: opcode, payload: Array(text.utf8).span, isFinal: isFinal,
      maskKey: 0x1234_5678)
    return output
  }

  func send(raw text: String) { raw.send(Self.frame(text)) }

  /// Sends a message with the next number, compressed.
  func sayDeflated(_ type: String, _ members: String) {
    number += 1
    let text = Array(Self.text(type, number, members).utf8)
    var payload: [UInt8] = []
    guard codec.deflate(text.span, windowBits: 15, into: &payload) else { return }
    sendDeflated(payload)
  }

  func sendDeflated(_ payload: [UInt8]) {
    var output: [UInt8] = []
    webSocket.send(.text, payload.span, isCompressed: true, output: &output)
    raw.send(output)
  }

  /// Sends a message with the next number.
  func say(_ type: String, _ members: String = "") {
    number += 1
    send(raw: Self.text(type, number, members))
  }

  static func text(_ type: String, _ number: Int, _ members: String) -> String {
    #"{"type":"\#(type)","seq":\#(number)\#(members.isEmpty ? "" : ",")\#(members)}"#
  }

  /// Says `join` and returns `joined`.
  @discardableResult
  func join(_ room: String, name: String = "") throws -> [String: Any] {
    say("join", #""room":"\#(room)","name":"\#(name)""#)
    return try expect("joined")
  }

  // MARK: Receiving

  func next() throws -> Event {
    while true {
      var output: [UInt8] = []
      var offset = 0
      let event = webSocket.receive(
        &raw.input, at: &offset, output: &output, codec: codec)
      received += offset
      raw.send(output)
      defer { raw.input.removeFirst(offset) }
      switch event {
      case .needMore:
        raw.input.removeFirst(offset)
        offset = 0
        guard try raw.receive() else { return .ended }
      case .message(let message):
        let input = raw.input
        let data = Data(message.payload.bytes(in: input.span))
        guard let object = try JSONSerialization.jsonObject(with: data) as? [String: Any] else {
          throw Failure.notJSON
        }
        return .text(object)
      case .pong: continue
      case .closed(let code, _): return .closed(code?.rawValue)
      case .failed: throw Failure.notJSON
      }
    }
  }

  /// The next message, which has to be of this type.
  @discardableResult
  func expect(_ type: String) throws -> [String: Any] {
    let event = try next()
    guard case .text(let object) = event, object["type"] as? String == type else {
      throw Failure.unexpected("\(event)")
    }
    return object
  }

  /// The code of the close frame that comes next, after which the socket ends.
  func expectClose() throws -> UInt16? {
    let event = try next()
    guard case .closed(let code) = event else { throw Failure.unexpected("\(event)") }
    while try raw.receive() {}
    return code
  }
}
