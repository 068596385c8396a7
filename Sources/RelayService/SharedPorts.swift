// The relay ports of a process, over all loops.

internal import EventLoop
internal import NetTypes
internal import Synchronization
internal import TURN

/// A lock that is taken at the beginning and the end of an allocation, and by nothing else.
final class SharedPorts: RelayPortPool {
  private let ports: Mutex<RelayPorts>
  /// The sockets of reserved ports, which belong to no loop.
  private let parked = Mutex<[SocketAddress: UDPSocket]>([:])

  init(_ addresses: [IPAddress], _ range: PortRange, rest: Duration) {
    ports = Mutex(RelayPorts(addresses, range, rest: rest))
  }

  deinit { parked.withLock { for socket in $0.values { socket.close() } } }

  /// Keeps a socket until it is asked for, or its port is given back.
  func park(_ socket: UDPSocket) { parked.withLock { $0[socket.address] = socket } }

  /// The socket that is kept at `address`, if there is one; it is the caller's from now on.
  func parked(_ address: SocketAddress) -> UDPSocket? {
    parked.withLock { $0.removeValue(forKey: address) }
  }

  func take(
    _ kind: PortKind, at ip: IPAddress, now: Instant,
    using random: inout any RandomNumberGenerator
  ) -> UInt16? {
    ports.withLock { $0.take(kind, at: ip, now: now, using: &random) }
  }

  func free(_ address: SocketAddress, now: Instant) {
    parked(address)?.close()
    ports.withLock { $0.free(address, now: now) }
  }

  func setAside(_ address: SocketAddress, now: Instant) {
    ports.withLock { $0.setAside(address, now: now) }
  }

  func reserve(_ reservation: PortReservation) { ports.withLock { $0.reserve(reservation) } }

  func redeem(_ token: UInt64, for account: String, now: Instant) -> SocketAddress? {
    ports.withLock { $0.redeem(token, for: account, now: now) }
  }

  func isReserved(_ token: UInt64) -> Bool { ports.withLock { $0.isReserved(token) } }

  func cancel(_ token: UInt64) -> Bool { ports.withLock { $0.cancel(token) } }
}
