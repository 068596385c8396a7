// Sends trains: runs of datagrams to one receiver that leave by as few calls as the kernel allows.

internal import CLinux
public import EventLoop
public import NetTypes
internal import Glibc

/// Sends by UDP_SEGMENT until the kernel or a device refuses that, and by `sendmmsg` from then on.
public struct TrainSender: Sendable {
  /// What became of a train.
  public struct Outcome: Equatable, Sendable {
    /// Datagrams that have left.
    public var sent: Int
    /// The errno that kept the others back; 0 when none was.
    public var code: Int32 = 0

    public init(sent: Int = 0) { self.sent = sent }

    /// The socket's buffer is full; nothing is wrong.
    public var isFull: Bool { code == EAGAIN || code == ENOBUFS }
  }

  /// The most datagrams in one call.
  public static let datagramsMax = Int(PARLEY_TRAIN_MAX)
  public private(set) var usesSegments: Bool

  /// - Parameter usesSegments: whether to try UDP_SEGMENT at all.
  public init(usesSegments: Bool = true) { self.usesSegments = usesSegments }

  /// Sends `bytes`, which are datagrams of `segment` bytes each.
  ///
  /// - Parameter target: `nil`: to whom the socket is connected to.
  public mutating func send(
    _ bytes: Span<UInt8>, segment: Int, from socket: UDPSocket, to target: SocketAddress? = nil
  ) -> Outcome {
    let call = Call(socket: socket, target: target?.raw, segment: segment)
    var outcome = Outcome()
    let perCall = max(1, min(Self.datagramsMax, Int(PARLEY_TRAIN_BYTES_MAX) / segment))
    var start = 0
    while start < bytes.count, outcome.code == 0 {
      let end = min(bytes.count, start + perCall * segment)
      let part = bytes.extracting(start..<end)
      let result = usesSegments ? whole(part, call) : call.each(part)
      if result < 0 { outcome.code = -result } else { outcome.sent += Int(result) }
      // A call may take fewer than it was given; the next says why.
      start += max(0, Int(result)) * segment
    }
    return outcome
  }

  private mutating func whole(_ bytes: Span<UInt8>, _ call: Call) -> Int32 {
    let result = call.whole(bytes)
    if result == 0 { return Int32((bytes.count + call.segment - 1) / call.segment) }
    guard bytes.count > call.segment, [EIO, EINVAL, EMSGSIZE, EOPNOTSUPP].contains(-result) else {
      return result
    }
    usesSegments = false
    return call.each(bytes)
  }
}

/// What both ways of sending are told.
private struct Call {
  let socket: UDPSocket
  let target: parley_address?
  let segment: Int

  func whole(_ bytes: Span<UInt8>) -> Int32 {
    unsafe bytes.withUnsafeBufferPointer { buffer in
      guard var to = target else {
        return unsafe parley_train_send(
          socket.descriptor, buffer.baseAddress, buffer.count, segment, nil)
      }
      return unsafe parley_train_send(
        socket.descriptor, buffer.baseAddress, buffer.count, segment, &to)
    }
  }

  func each(_ bytes: Span<UInt8>) -> Int32 {
    unsafe bytes.withUnsafeBufferPointer { buffer in
      guard var to = target else {
        return unsafe parley_train_send_each(
          socket.descriptor, buffer.baseAddress, buffer.count, segment, nil)
      }
      return unsafe parley_train_send_each(
        socket.descriptor, buffer.baseAddress, buffer.count, segment, &to)
    }
  }
}
