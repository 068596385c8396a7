// Frames that bring no message forward, at the real port.

import SignalingService
import Testing
import WebSocket

@Suite struct IdleFrameTests {
  @Test func `Pings without end are closed with 1008 and counted, and others go on`() throws {
    try withService { running in
      let bo = try SocketClient(port: running.port)
      try bo.join("tea")
      let ann = try SocketClient(port: running.port)
      try ann.join("tea")
      let ping = SocketClient.frame("", opcode: .ping)
      for _ in 0..<20 {
        ann.raw.send(Array(repeating: ping, count: 100).flatMap(\.self))
      }
      #expect(try ann.expectClose() == 1008)
      #expect(running.reports { $0.service.frameFaults == ["too-many-frames": 1] })
      bo.send(raw: SocketClient.text("ping", bo.number, "\"ack\":1"))
      var isAnswered = false
      while !isAnswered, case .text(let object) = try bo.next() {
        isAnswered = object["type"] as? String == "pong"
      }
      #expect(isAnswered)
    }
  }

  @Test func `A message in fragments of one byte is taken, and a flood of empty ones is not`()
    throws
  {
    try withService { running in
      let client = try SocketClient(port: running.port)
      let text = Array(SocketClient.text("join", 1, "\"room\":\"tea\""))
      for (index, character) in text.enumerated() {
        let opcode: Opcode = index == 0 ? .text : .continuation
        let isFinal = index == text.count - 1
        client.raw.send(SocketClient.frame("\(character)", opcode: opcode, isFinal: isFinal))
      }
      try client.expect("joined")
      client.raw.send(SocketClient.frame("", opcode: .text, isFinal: false))
      let empty = SocketClient.frame("", opcode: .continuation, isFinal: false)
      for _ in 0..<20 {
        client.raw.send(Array(repeating: empty, count: 100).flatMap(\.self))
      }
      #expect(try client.expectClose() == 1008)
    }
  }
}
