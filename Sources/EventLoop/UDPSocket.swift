// UDP sockets: open, bound, set up, closed; one datagram at a time out.

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
  ///   - takesTrains: what came together is handed over together (UDP_GRO), to who can tell it
  ///     apart.
  ///   - bufferBytes: size asked for of the socket's kernel buffers.
  public init(
    bind address: SocketAddress, reusePort: Bool, packetInfo: Bool, reportsErrors: Bool = false,
    takesTrains: Bool = false, bufferBytes: Int
  ) throws(SystemError) {
    var local = address.raw
    var bound = parley_address()
    descriptor = try SystemError.check(
      unsafe parley_udp_open(&local, reusePort ? 1 : 0, packetInfo ? 1 : 0, &bound),
      "bind udp", address.text)
    parley_set_buffers(descriptor, Int32(bufferBytes))
    self.address = SocketAddress(bound) ?? address
    if reportsErrors { _ = parley_report_errors(descriptor, Int32(local.family)) }
    // Without it each comes by itself.
    if takesTrains { _ = parley_accept_trains(descriptor) }
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

  /// Datagrams that came and were lost because the socket's buffer was full, since it was opened;
  /// the kernel counts up to 2^32. A system call.
  public var overflows: UInt64 { UInt64(max(0, parley_socket_drops(descriptor))) }

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
