// UDP sockets and the reused buffers that batches of datagrams are received into.

internal import CLinux
public import NetTypes

/// What happened to a datagram that was to be sent.
public enum SendResult: Equatable, Sendable {
  case sent
  /// The socket's buffer is full: the datagram is dropped, as the network would.
  case full
  /// The kernel refused this one datagram (no route, refused, too big); the socket goes on.
  case failed(code: Int32)
}

/// A bound, non-blocking UDP socket; its owner closes it.
public struct UDPSocket: Sendable {
  public let descriptor: Int32
  /// The address it is bound to, with the port in use.
  public let address: SocketAddress

  /// - Parameters:
  ///   - reusePort: several sockets, one for each loop, share the address.
  ///   - packetInfo: datagrams tell the local address they came to; needed for unspecified
  ///     addresses.
  ///   - reportsErrors: ICMP errors about what was sent are kept for ``receiveError()``.
  ///   - bufferBytes: size asked for of the socket's kernel buffers.
  public init(
    bind address: SocketAddress, reusePort: Bool, packetInfo: Bool, reportsErrors: Bool = false,
    bufferBytes: Int
  ) throws(SystemError) {
    var local = address.raw
    var bound = parley_address()
    descriptor = try SystemError.check(
      unsafe parley_udp_open(&local, reusePort ? 1 : 0, packetInfo ? 1 : 0, &bound),
      "bind udp", address.text)
    parley_set_buffers(descriptor, Int32(bufferBytes))
    self.address = SocketAddress(bound) ?? address
    if reportsErrors { _ = parley_report_errors(descriptor, Int32(local.family)) }
  }

  /// Whether datagrams from now on leave whole or not at all (RFC 8656 §14), or may be cut up.
  public func setDontFragment(_ isSet: Bool) {
    parley_set_df(descriptor, address.ip.family == .v4 ? 4 : 6, isSet ? 1 : 0)
  }

  /// Ties it to `target`: it hears nobody else.
  public func connect(to target: SocketAddress) throws(SystemError) {
    var to = target.raw
    _ = try SystemError.check(
      unsafe parley_udp_connect(descriptor, &to), "connect udp", target.text)
  }

  public func close() { parley_close(descriptor) }

  /// Throws when somebody has `address` already: sockets that share a port by `reusePort` would
  /// divide the traffic with a stranger who shares it too, without a word.
  public static func requireFree(_ address: SocketAddress) throws(SystemError) {
    try UDPSocket(bind: address, reusePort: false, packetInfo: false, bufferBytes: 4_096).close()
  }

  /// Sends `bytes[range]` to `target`. `source`, where given, is the address it leaves from.
  @inline(__always)
  public func send(
    _ bytes: Span<UInt8>, _ range: Range<Int>, to target: SocketAddress,
    from source: SocketAddress? = nil
  ) -> SendResult {
    var to = target.raw
    var from = source?.raw ?? parley_address()
    let result = unsafe bytes.extracting(range).withUnsafeBufferPointer { buffer in
      unsafe parley_send(descriptor, buffer.baseAddress, buffer.count, &to, &from)
    }
    if result >= 0 { return .sent }
    // EAGAIN and ENOBUFS
    return result == -11 || result == -105 ? .full : .failed(code: -result)
  }
}

extension UDPSocket {
  /// What waits in the queue of errors.
  public enum ErrorReport: Equatable, Sendable {
    case icmp(ICMPError)
    /// An error of this host, which the failed call has told already.
    case other
    case none
  }

  /// Takes one error about something that was sent; it costs no datagram.
  public func receiveError() -> ErrorReport {
    var raw = parley_icmp_error()
    guard unsafe parley_receive_error(descriptor, &raw) == 0 else { return .none }
    guard let target = SocketAddress(raw.target) else { return .other }
    return .icmp(ICMPError(target: target, type: raw.type, code: raw.code, mtu: raw.mtu))
  }
}

/// Receive slots for one loop: reused for every socket, each with room in front of the payload for
/// the header a relay writes there.
@safe public final class DatagramBatch {
  /// Bytes free before each payload; a Data indication needs 48 (RFC 8656 §11.3).
  public static let headroom = 64
  /// The largest UDP payload, so nothing is ever cut.
  public static let payloadMax = 65_536
  /// Bytes free behind each payload, for padding to a multiple of 4.
  public static let tailroom = 8
  private static let slotSize = headroom + payloadMax + tailroom

  /// What one slot holds after ``receive(from:)``.
  public struct Datagram {
    public let source: SocketAddress
    /// The local address, without its port, where the kernel said.
    public let destination: SocketAddress?
    /// Where the payload is within the slot.
    public let payload: Range<Int>
  }

  private let storage: UnsafeMutablePointer<UInt8>
  private let slots: UnsafeMutablePointer<parley_datagram>
  public let capacity: Int
  /// How many slots the last ``receive(from:)`` filled.
  public private(set) var count = 0

  /// - Parameter capacity: datagrams taken in one call, 1...64.
  public init(capacity: Int = 32) {
    precondition((1...Int(PARLEY_BATCH_MAX)).contains(capacity))
    self.capacity = capacity
    unsafe storage = .allocate(capacity: capacity * Self.slotSize)
    unsafe storage.initialize(repeating: 0, count: capacity * Self.slotSize)
    unsafe slots = .allocate(capacity: capacity)
    for index in 0..<capacity {
      var slot = unsafe parley_datagram()
      unsafe slot.buffer = storage + index * Self.slotSize + Self.headroom
      unsafe slot.capacity = UInt32(Self.payloadMax)
      unsafe (slots + index).initialize(to: slot)
    }
  }

  deinit {
    unsafe storage.deallocate()
    unsafe slots.deallocate()
  }

  /// Takes what waits at `socket`, up to ``capacity``; returns the number, or a negated errno.
  public func receive(from socket: UDPSocket) -> Int {
    let result = unsafe parley_receive(socket.descriptor, slots, Int32(capacity))
    count = max(0, Int(result))
    return Int(result)
  }

  /// The datagram in slot `index`; `nil` when the kernel named no sender or cut the payload.
  @inline(__always)
  public func datagram(_ index: Int) -> Datagram? {
    precondition(index < count)
    let slot = unsafe slots[index]
    guard unsafe slot.truncated == 0, let source = unsafe SocketAddress(slot.source) else {
      return nil
    }
    let end = unsafe Self.headroom + Int(slot.length)
    return unsafe Datagram(
      source: source, destination: SocketAddress(slot.destination), payload: Self.headroom..<end)
  }

  /// The bytes of slot `index`, headroom and tailroom included.
  @inline(__always)
  public func withBytes<R>(_ index: Int, _ body: (inout MutableSpan<UInt8>) -> R) -> R {
    precondition(index < count)
    return withSlot(index, body)
  }

  @inline(__always)
  private func withSlot<R>(_ index: Int, _ body: (inout MutableSpan<UInt8>) -> R) -> R {
    let buffer = unsafe UnsafeMutableBufferPointer(
      start: storage + index * Self.slotSize, count: Self.slotSize)
    var span = unsafe buffer.mutableSpan
    return body(&span)
  }
}
