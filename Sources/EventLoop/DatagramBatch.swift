// The reused slots that datagrams are received into, for all sockets of a loop.

internal import CLinux
public import NetTypes

/// Receive slots. What several sockets have may be in them at a time, until ``reset()``; each slot
/// holds a datagram or, of a socket that takes them, a train.
@safe public final class DatagramBatch {
  /// The largest UDP payload, so nothing is ever cut; and what a train is at most.
  public static let payloadMax = 65_536

  /// What one slot holds.
  public struct Datagram {
    public let source: SocketAddress
    /// The local address, without its port, where the kernel said.
    public let destination: SocketAddress?
    /// Where they are within the slot.
    public let train: Train
    /// All that is in the slot: for those who take no trains, the datagram.
    public var payload: Range<Int> { train.rest }
  }

  private let slots: OpaquePointer
  private let datagrams: UnsafeMutablePointer<parley_datagram>
  public let capacity: Int
  /// How many slots are filled.
  public private(set) var count = 0
  /// Bytes that are in those.
  public private(set) var bytes = 0

  /// - Parameter capacity: datagrams or trains held at a time, 1...1024.
  public init(capacity: Int = 32) {
    precondition((1...1_024).contains(capacity))
    self.capacity = capacity
    guard let slots = unsafe parley_slots_new(Int32(capacity), UInt32(Self.payloadMax)) else {
      preconditionFailure("no memory for receive slots")
    }
    unsafe self.slots = slots
    unsafe datagrams = .allocate(capacity: capacity)
    unsafe datagrams.initialize(repeating: parley_datagram(), count: capacity)
  }

  deinit {
    unsafe parley_slots_free(slots)
    unsafe datagrams.deallocate()
  }

  /// Whether every slot is filled.
  @inline(__always) public var isFull: Bool { count == capacity }

  /// Forgets what is in the slots; the same ones are filled again, while caches still have them.
  @inline(__always) public func reset() {
    count = 0
    bytes = 0
  }

  /// Takes what waits at `socket`, up to ``capacity``, in place of what there was; returns the
  /// number, or a negated errno.
  public func receive(from socket: UDPSocket) -> Int {
    reset()
    return receiveMore(from: socket, atMost: capacity)
  }

  /// Takes what waits at `socket` into free slots, the first of which was ``count`` before.
  ///
  /// - Returns: how many were filled, or a negated errno.
  public func receiveMore(from socket: UDPSocket, atMost most: Int) -> Int {
    let result = unsafe parley_receive(
      slots, socket.descriptor, Int32(count), Int32(min(most, capacity - count)),
      datagrams + count)
    guard result > 0 else { return Int(result) }
    for index in count..<count + Int(result) { unsafe bytes += Int(datagrams[index].length) }
    count += Int(result)
    return Int(result)
  }

  /// What is in slot `index`; `nil` when the kernel named no sender or cut the payload.
  @inline(__always)
  public func datagram(_ index: Int) -> Datagram? {
    precondition(index < count)
    let slot = unsafe datagrams[index]
    guard unsafe slot.truncated == 0, let source = unsafe SocketAddress(slot.source) else {
      return nil
    }
    let size = unsafe slot.segment > 0 ? slot.segment : slot.length
    return unsafe Datagram(
      source: source, destination: SocketAddress(slot.destination),
      train: Train(0..<Int(slot.length), size: Int(size)))
  }

  /// The bytes of slot `index`.
  @inline(__always)
  public func withBytes<R>(_ index: Int, _ body: (Span<UInt8>) -> R) -> R {
    precondition(index < count)
    let buffer = unsafe UnsafeBufferPointer(
      start: parley_slot_bytes(slots, Int32(index)), count: Self.payloadMax)
    return body(unsafe buffer.span)
  }

  /// The bytes of slot `index`, for who decrypts them where they are.
  @inline(__always)
  public func withMutableBytes<R>(_ index: Int, _ body: (inout MutableSpan<UInt8>) -> R) -> R {
    precondition(index < count)
    let buffer = unsafe UnsafeMutableBufferPointer(
      start: parley_slot_bytes(slots, Int32(index)), count: Self.payloadMax)
    var span = unsafe buffer.mutableSpan
    return body(&span)
  }
}
