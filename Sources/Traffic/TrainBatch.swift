// Receives trains: runs of datagrams of one sender that the kernel hands over as one.

internal import CLinux
public import EventLoop

/// Receive slots that are reused for every socket.
@safe public final class TrainBatch {
  /// Trains taken in one call.
  public static let slots = 16

  private let trains: OpaquePointer
  /// How many slots the last ``receive(from:)`` filled.
  private var count = 0

  public init() { unsafe trains = parley_trains_new(Int32(Self.slots)) }

  deinit { unsafe parley_trains_free(trains) }

  /// Has the kernel hand over trains whole at `socket`; where it can not, they come one by one.
  public static func accept(at socket: UDPSocket) { _ = parley_trains_accept(socket.descriptor) }

  /// Takes what waits at `socket`; returns the number of trains, or a negated errno.
  public func receive(from socket: UDPSocket) -> Int {
    let result = unsafe parley_trains_receive(trains, socket.descriptor)
    count = max(0, Int(result))
    return Int(result)
  }

  /// Hands each datagram of the train in slot `index` to `body`: all bytes of the slot, and where
  /// in them it is.
  @inline(__always)
  public func forEach(in index: Int, _ body: (Span<UInt8>, Range<Int>) -> Void) {
    precondition(index < count)
    var length: UInt32 = 0
    var segment: UInt32 = 0
    let start = unsafe parley_trains_slot(trains, Int32(index), &length, &segment)
    let bytes = unsafe UnsafeBufferPointer(start: start, count: Int(length))
    var offset = 0
    repeat {
      let end = min(offset + Int(segment), Int(length))
      unsafe body(bytes.span, offset..<end)
      offset = end
    } while offset < Int(length)
  }
}
