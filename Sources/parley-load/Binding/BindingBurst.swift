// Binding requests that leave at once, numbered by their transaction IDs (RFC 8489 §5).

internal import EventLoop
internal import NetTypes
internal import STUN
internal import Traffic

/// Requests of 20 bytes, one behind the other; an ID is the run (4) and the number (8).
struct BindingBurst {
  private static let numberOffset = 12

  private(set) var bytes: [UInt8]
  let count: Int
  /// Different for each run, so that answers to the one before are not taken for ours.
  let run: UInt32

  init(of count: Int, run: UInt32) {
    var request: [UInt8] = []
    request.append(bigEndian: MessageType(.binding, .request).rawValue)
    request.append(bigEndian: UInt16(0))
    request.append(bigEndian: Wire.magicCookie)
    request.append(bigEndian: run)
    request.append(bigEndian: UInt64(0))
    bytes = Array(repeatElement(request, count: count).joined())
    self.count = count
    self.run = run
  }

  /// Numbers the requests from `number` on.
  mutating func stamp(_ number: UInt64) {
    let starts = stride(from: Self.numberOffset, to: bytes.count, by: Wire.headerLength)
    var span = bytes.mutableSpan
    var number = number
    for start in starts {
      span.store(number, at: start)
      number += 1
    }
  }

  func send(from socket: UDPSocket, by sender: inout TrainSender) -> TrainSender.Outcome {
    let bytes = bytes
    return sender.send(bytes.span, segment: Wire.headerLength, from: socket)
  }

  /// What a datagram turned out to be.
  enum Finding: Equatable {
    case answer(number: UInt64)
    case foreign
    /// An answer, but not one that names the socket it came to.
    case corrupt
  }

  /// - Parameter asker: the address that was asked from.
  func check(_ bytes: Span<UInt8>, _ range: Range<Int>, asker: SocketAddress) -> Finding {
    guard let message = try? Message(bytes, in: range), message.transactionID.high == run else {
      return .foreign
    }
    guard message.type == MessageType(.binding, .success),
      message.xorAddress(.xorMappedAddress, bytes) == asker
    else { return .corrupt }
    return .answer(number: message.transactionID.low)
  }
}
