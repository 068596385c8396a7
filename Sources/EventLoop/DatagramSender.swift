// What leaves a loop's UDP sockets, collected for a turn and sent in as few calls as there can be.

internal import CLinux
public import NetTypes

/// Collects datagrams until ``flush(_:)``. Those of one length, from one socket to one place, leave
/// in one piece (UDP_SEGMENT), also when others came between them; what leaves one socket after the
/// other leaves in one call. What goes from one socket to one place keeps its order. Nothing waits:
/// whoever has one flushes it at the end of the loop's turn at the latest.
///
/// Where a device refuses to take several datagrams in one piece, they leave one by one from then
/// on; where it is only a route's or a path's limit, those of the one piece do.
@safe public final class DatagramSender {
  /// The most bytes that are copied at once.
  public static let keptMax = Int(PARLEY_KEPT_MAX)

  /// Where datagrams leave from and to, and who wants to know when they could not.
  public struct Route {
    let raw: parley_route

    /// - Parameters:
    ///   - descriptor: of the socket.
    ///   - source: the address they leave from, where the socket has more than one.
    ///   - owner: of the caller's, as is `kind`: told with a failure.
    ///   - uncounted: bytes of each datagram that are not counted in a failure, up to 255.
    @inline(__always)
    public init(
      _ descriptor: Int32, to target: SocketAddress, from source: SocketAddress? = nil,
      owner: SlabHandle, kind: UInt8, uncounted: Int = 0
    ) {
      raw = parley_route(
        owner: owner.packed, target: target.raw, source: source?.raw ?? parley_address(),
        fd: descriptor, kind: kind, uncounted: UInt8(uncounted))
    }
  }

  /// Datagrams that the kernel did not take.
  public struct Failure: Equatable, Sendable {
    public let owner: SlabHandle
    public let kind: UInt8
    public let packets: Int
    public let bytes: Int
  }

  private let sender: OpaquePointer
  /// Whether there is anything to flush.
  public private(set) var isEmpty = true

  public init() {
    guard let sender = unsafe parley_sender_new() else {
      preconditionFailure("no memory for a sender")
    }
    unsafe self.sender = sender
  }

  deinit { unsafe parley_sender_free(sender) }

  /// Whether several datagrams leave in one piece.
  public var sendsTrains: Bool { unsafe parley_sender_segments(sender) != 0 }

  /// Answers with this errno when several datagrams are to leave in one piece, as a kernel would
  /// that can not do it: for tests.
  func refuseTrains(code: Int32) { unsafe parley_sender_refuse(sender, code) }

  /// Adds datagrams of equal length: `header`, which is copied, then a payload, which stays where
  /// it is until the flush, then zeros.
  ///
  /// - Parameters:
  ///   - headerLength: of `header`, the first bytes.
  ///   - range: where in `bytes` the first payload is.
  ///   - stride: how much further the next one begins.
  ///   - padding: zeros behind each, at most 3.
  /// - Returns: how many there was room for. The rest needs a ``flush(_:)`` first.
  @inline(__always)
  public func add(
    _ header: Span<UInt8>, _ headerLength: Int, _ bytes: Span<UInt8>, _ range: Range<Int>,
    count: Int = 1, stride: Int = 0, padding: Int = 0, on route: borrowing Route
  ) -> Int {
    precondition(headerLength <= header.count && count > 0 && stride >= 0)
    precondition(range.upperBound + (count - 1) * stride <= bytes.count)
    precondition(headerLength <= Self.keptMax && (0...3).contains(padding))
    isEmpty = false
    var raw = route.raw
    let added = unsafe header.withUnsafeBufferPointer { front in
      unsafe bytes.withUnsafeBufferPointer { buffer in
        var frames = unsafe parley_frames(
          header: front.baseAddress,
          payload: buffer.baseAddress.map { unsafe $0 + range.lowerBound },
          stride: UInt32(stride), length: UInt32(range.count),
          header_length: UInt32(headerLength), padding: UInt32(padding), count: UInt32(count))
        return unsafe parley_sender_add(sender, &raw, &frames)
      }
    }
    return Int(added)
  }

  /// Sends everything, and tells `failed` what could not be.
  public func flush(_ failed: (Failure) -> Void) {
    guard !isEmpty else { return }
    isEmpty = true
    for index in 0..<(unsafe parley_sender_flush(sender)) {
      let failure = unsafe parley_sender_failure(sender, index)
      failed(
        Failure(
          owner: SlabHandle(packed: failure.owner), kind: failure.kind,
          packets: Int(failure.packets), bytes: Int(failure.bytes)))
    }
  }
}
