// Holds what trains promise, over real sockets on loopback: each datagram arrives, in order, whole.

import EventLoop
import NetTypes
import Testing

@testable import Traffic

@Suite struct TrainTests {
  private let one = try? UDPSocket(
    bind: SocketAddress(.loopbackV4, port: 0), reusePort: false, packetInfo: false,
    bufferBytes: 1 << 20)
  private let other = try? UDPSocket(
    bind: SocketAddress(.loopbackV4, port: 0), reusePort: false, packetInfo: false,
    bufferBytes: 1 << 20)

  /// Sends a train of `lengths`' sum in datagrams of `segment` bytes; returns what arrives.
  private func pass(
    _ bytes: [UInt8], segment: Int, by sender: inout TrainSender, receivesTrains: Bool
  ) throws -> [[UInt8]] {
    let one = try #require(one)
    let other = try #require(other)
    try one.connect(to: other.address)
    try other.connect(to: one.address)
    if receivesTrains { TrainBatch.accept(at: other) }
    let outcome = sender.send(bytes.span, segment: segment, from: one)
    #expect(outcome.code == 0)
    #expect(outcome.sent == (bytes.count + segment - 1) / segment)
    let batch = TrainBatch()
    var arrived: [[UInt8]] = []
    while true {
      let count = batch.receive(from: other)
      guard count > 0 else { break }
      for index in 0..<count {
        batch.forEach(in: index) { span, range in
          arrived.append(range.map { span[$0] })
        }
      }
    }
    one.close()
    other.close()
    return arrived
  }

  @Test(arguments: [true, false], [true, false])
  func `a train arrives as the datagrams it is made of`(
    _ usesSegments: Bool, _ receivesTrains: Bool
  ) throws {
    let bytes = (0..<16 * 1_204).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
    var sender = TrainSender(usesSegments: usesSegments)
    let arrived = try pass(
      bytes, segment: 1_204, by: &sender, receivesTrains: receivesTrains)
    #expect(arrived.count == 16)
    #expect(arrived.allSatisfy { $0.count == 1_204 })
    #expect(Array(arrived.joined()) == bytes)
  }

  @Test(arguments: [true, false])
  func `what one call does not hold takes several, and the last may be shorter`(
    _ usesSegments: Bool
  ) throws {
    let bytes = (0..<70 * 1_000 + 10).map { UInt8(truncatingIfNeeded: $0 &* 3 &+ $0 >> 7) }
    var sender = TrainSender(usesSegments: usesSegments)
    let arrived = try pass(bytes, segment: 1_000, by: &sender, receivesTrains: true)
    #expect(arrived.map(\.count) == Array(repeating: 1_000, count: 70) + [10])
    #expect(Array(arrived.joined()) == bytes)
  }

  @Test func `a socket hears only whom it is connected to`() throws {
    let one = try #require(one)
    let other = try #require(other)
    let stranger = try UDPSocket(
      bind: SocketAddress(.loopbackV4, port: 0), reusePort: false, packetInfo: false,
      bufferBytes: 1 << 20)
    defer { for socket in [one, other, stranger] { socket.close() } }
    try one.connect(to: other.address)
    let bytes: [UInt8] = [1, 2, 3]
    let fromStranger = stranger.send(bytes.span, 0..<3, to: one.address)
    #expect(fromStranger == .sent)
    #expect(TrainBatch().receive(from: one) < 0)
    let fromOther = other.send(bytes.span, 0..<3, to: one.address)
    #expect(fromOther == .sent)
    #expect(TrainBatch().receive(from: one) == 1)
  }
}

@Suite struct ByteTests {
  @Test func `ranges are compared byte by byte`() {
    let bytes: [UInt8] = [9, 1, 2, 3, 9]
    let other: [UInt8] = [0, 0, 1, 2, 3]
    let checks = [
      bytes.span.holds(other.span, from: 2, at: 1..<4),
      bytes.span.holds(other.span, from: 1, at: 1..<4),
      bytes.span.holds(other.span, from: 5, at: 5..<5),
    ]
    #expect(checks == [true, false, true])
  }
}
