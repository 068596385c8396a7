// Reads a socket for as long as its turn lasts.

internal import EventLoop
internal import NetTypes
internal import Traffic

struct TrainReader {
  /// One talker must not keep the others waiting.
  private static let batchesPerTurn = 4

  private let batch = TrainBatch()

  /// Hands each datagram that waits to `body`, with the time at which its batch was read.
  @inline(__always)
  func read(_ socket: UDPSocket, _ body: (Span<UInt8>, Range<Int>, Instant) -> Void) {
    for _ in 0..<Self.batchesPerTurn {
      let count = batch.receive(from: socket)
      guard count > 0 else { return }
      let now = Clock.now()
      for index in 0..<count {
        batch.forEach(in: index) { bytes, range in body(bytes, range, now) }
      }
      if count < TrainBatch.slots { return }
    }
  }
}
