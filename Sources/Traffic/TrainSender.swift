// Sends trains: runs of datagrams to one receiver that leave by as few calls as the kernel allows.

internal import CLinux
public import EventLoop
internal import Glibc

/// Sends by UDP_SEGMENT until the kernel or a device refuses that, and by `sendmmsg` from then on.
public struct TrainSender: Sendable {
  /// What became of a train.
  public struct Outcome: Equatable, Sendable {
    /// Datagrams that have left.
    public var sent = 0
    /// The errno that kept the others back; 0 when none was.
    public var code: Int32 = 0

    /// The socket's buffer is full; nothing is wrong.
    public var isFull: Bool { code == EAGAIN || code == ENOBUFS }
  }

  /// The most datagrams in one call.
  public static let datagramsMax = Int(PARLEY_TRAIN_MAX)
  public private(set) var usesSegments: Bool

  /// - Parameter usesSegments: whether to try UDP_SEGMENT at all.
  public init(usesSegments: Bool = true) { self.usesSegments = usesSegments }

  /// Sends `bytes`, which are datagrams of `segment` bytes each, from a connected socket.
  public mutating func send(
    _ bytes: Span<UInt8>, segment: Int, from socket: UDPSocket
  ) -> Outcome {
    var outcome = Outcome()
    let perCall = max(1, min(Self.datagramsMax, Int(PARLEY_TRAIN_BYTES_MAX) / segment))
    var start = 0
    while start < bytes.count, outcome.code == 0 {
      let end = min(bytes.count, start + perCall * segment)
      let part = bytes.extracting(start..<end)
      let result = usesSegments ? whole(part, segment, socket) : each(part, segment, socket)
      if result < 0 { outcome.code = -result } else { outcome.sent += Int(result) }
      // A call may take fewer than it was given; the next says why.
      start += max(0, Int(result)) * segment
    }
    return outcome
  }

  private mutating func whole(
    _ bytes: Span<UInt8>, _ segment: Int, _ socket: UDPSocket
  ) -> Int32 {
    let result = unsafe bytes.withUnsafeBufferPointer { buffer in
      unsafe parley_train_send(socket.descriptor, buffer.baseAddress, buffer.count, segment)
    }
    if result == 0 { return Int32((bytes.count + segment - 1) / segment) }
    guard bytes.count > segment, [EIO, EINVAL, EMSGSIZE, EOPNOTSUPP].contains(-result) else {
      return result
    }
    usesSegments = false
    return each(bytes, segment, socket)
  }

  private func each(_ bytes: Span<UInt8>, _ segment: Int, _ socket: UDPSocket) -> Int32 {
    unsafe bytes.withUnsafeBufferPointer { buffer in
      unsafe parley_train_send_each(socket.descriptor, buffer.baseAddress, buffer.count, segment)
    }
  }
}
