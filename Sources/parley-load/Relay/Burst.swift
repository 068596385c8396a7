// Packets of one sender that leave at once: one behind the other, stamped in place for each
// sending.

internal import EventLoop
internal import NetTypes
internal import Traffic

/// Datagrams of equal length, each a header, a numbered payload and padding.
struct Burst {
  private(set) var bytes: [UInt8]
  let count: Int
  /// Bytes of each datagram.
  let length: Int
  private let payload: NumberedPayload
  private let payloadStart: Int

  /// - Parameters:
  ///   - header: what stands in front of each payload.
  ///   - alignment: each datagram is filled up to a multiple of this many bytes.
  init(of count: Int, header: [UInt8], payload: NumberedPayload, alignment: Int = 1) {
    var datagram = header + payload.template
    while !datagram.count.isMultiple(of: alignment) { datagram.append(0) }
    bytes = Array(repeatElement(datagram, count: count).joined())
    self.count = count
    length = datagram.count
    self.payload = payload
    payloadStart = header.count
  }

  /// Gives all datagrams the header of another receiver, which is as long.
  mutating func address(_ header: [UInt8]) {
    precondition(header.count == payloadStart)
    let starts = stride(from: 0, to: bytes.count, by: length)
    var span = bytes.mutableSpan
    for start in starts {
      for offset in header.indices { span[start + offset] = header[offset] }
    }
  }

  /// Numbers the packets from `number` on.
  mutating func stamp(sender: UInt32, number: UInt64, due: Instant) {
    let (payload, starts) = (payload, stride(from: payloadStart, to: bytes.count, by: length))
    var span = bytes.mutableSpan
    var number = number
    for start in starts {
      payload.stamp(&span, at: start, sender: sender, number: number, due: due)
      number += 1
    }
  }

  /// - Parameter target: `nil`: to whom the socket is connected to.
  func send(
    from socket: UDPSocket, to target: SocketAddress? = nil, by sender: inout TrainSender
  ) -> TrainSender.Outcome {
    let bytes = bytes
    return sender.send(bytes.span, segment: length, from: socket, to: target)
  }

  func send(on link: ClientLink, by sender: inout TrainSender) -> TrainSender.Outcome {
    switch link {
    case .datagrams(let socket): send(from: socket, by: &sender)
    case .stream(let stream):
      TrainSender.Outcome(sent: stream.send(bytes) ? count : 0)
    }
  }
}
