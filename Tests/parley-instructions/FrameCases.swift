// WebSocket frames of 300 bytes, in and out.

import WebSocket

/// What a message of signaling is long, more or less.
let messageBytes = 300

/// Many frames as a client sends them, one behind the other.
struct ClientFrames: ~Copyable {
  private(set) var bytes: [UInt8] = []
  private var client = WebSocketConnection.client(maskSeed: 1)

  mutating func add(_ text: [UInt8]) { client.send(.text, text.span, output: &bytes) }
}

func measureFrames(_ ruler: inout Ruler) {
  let text = [UInt8](repeating: UInt8(ascii: "a"), count: messageBytes)
  var frames = ClientFrames()
  for _ in 0..<2 * Ruler.runs { frames.add(text) }
  var server = WebSocketConnection.server()
  var input = frames.bytes
  var offset = 0
  var output: [UInt8] = []
  ruler.measure("websocket-receive") {
    guard case .message = server.receive(&input, at: &offset, output: &output) else { return false }
    return true
  }
  ruler.measure("websocket-send") {
    output.removeAll(keepingCapacity: true)
    return server.send(.text, text.span, output: &output)
  }
}
