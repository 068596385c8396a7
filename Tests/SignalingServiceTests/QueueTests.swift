// Many slow readers at once.

import NetTypes
import Signaling
import SignalingService
import Testing

@Suite struct QueueTests {
  /// How many messages a client that reads nothing is sent until the room is told of its end; nil
  /// when it is not within 1,000.
  private func messagesUntilSlow(_ running: RunningService) throws -> Int? {
    let slow = try SocketClient(port: running.port, receiveBytes: 4_096)
    try slow.join("tea")
    let sender = try SocketClient(port: running.port)
    try sender.join("tea")
    let reader = try SocketClient(port: running.port)
    try reader.join("tea")
    let data = String(repeating: "x", count: 60_000)
    for sent in 1...1_000 {
      sender.say("message", #""data":"\#(data)""#)
      if try reader.expect(anyOf: ["message", "presence"])["type"] as? String == "presence" {
        return sent
      }
    }
    return nil
  }

  @Test func `whoever takes nothing of a short queue for too long is closed, and may read why`()
    throws
  {
    try withService({ $0.stallMax = .milliseconds(300) }) { running in
      let slow = try SocketClient(port: running.port, receiveBytes: 4_096)
      try slow.join("tea")
      let sender = try SocketClient(port: running.port)
      try sender.join("tea")
      let data = String(repeating: "x", count: 60_000)
      for _ in 0..<8 { sender.say("message", #""data":"\#(data)""#) }
      #expect(running.reports { $0.service.drops == [.slow: 1] })
      // The close frame is behind all that had been queued.
      var event = try slow.next()
      while case .text = event { event = try slow.next() }
      guard case .closed(let code) = event else {
        Issue.record("\(event)")
        return
      }
      #expect(code == 4002)
    }
  }

  @Test func `all queues together have a bound, and give back what was theirs`() throws {
    try withService({
      $0.limits.rates.message = Rate(perSecond: 100_000, burst: 100_000)
      $0.limits.sendQueueBytesMax = 1 << 30
      $0.queuedBytesMax = 8 << 20
    }) { running in
      let first = try #require(try messagesUntilSlow(running))
      #expect(first > 8 << 20 / 60_000)
      #expect(running.reports { $0.sockets == 0 })
      let second = try #require(try messagesUntilSlow(running))
      #expect(second > 8 << 20 / 60_000)
    }
  }
}
