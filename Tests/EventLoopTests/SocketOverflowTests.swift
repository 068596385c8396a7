// What is lost where a socket's buffer is full.

import EventLoop
import NetTypes
import Testing

struct SocketOverflowTests {
  @Test func `a socket tells how many datagrams its buffer had no room for`() throws {
    let local = SocketAddress(.loopbackV4, port: 0)
    let receiver = try UDPSocket(
      bind: local, reusePort: false, packetInfo: false, bufferBytes: 16_384)
    let sender = try UDPSocket(
      bind: local, reusePort: false, packetInfo: false, bufferBytes: 16_384)
    defer {
      receiver.close()
      sender.close()
    }
    #expect(receiver.overflows == 0)
    let payload: [UInt8] = [1, 2, 3]
    for _ in 0..<1_000 {
      try #require(sender.send(payload.span, 0..<3, to: receiver.address) == .sent)
    }
    let batch = DatagramBatch()
    var received = 0
    while case let count = batch.receive(from: receiver), count > 0 { received += count }
    #expect((1..<1_000).contains(received))
    #expect(receiver.overflows == UInt64(1_000 - received) && sender.overflows == 0)
  }
}
