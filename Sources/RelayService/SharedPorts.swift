// The relay ports of a process, over all loops.

internal import NetTypes
internal import Synchronization
internal import TURN

/// A lock that is taken at the beginning and the end of an allocation, and by nothing else.
final class SharedPorts: RelayPortPool {
  private let ports: Mutex<RelayPorts>

  init(_ addresses: [IPAddress], _ range: PortRange, rest: Duration) {
    ports = Mutex(RelayPorts(addresses, range, rest: rest))
  }

  func take(
    _ kind: PortKind, at ip: IPAddress, now: Instant,
    using random: inout any RandomNumberGenerator
  ) -> UInt16? {
    ports.withLock { $0.take(kind, at: ip, now: now, using: &random) }
  }

  func free(_ address: SocketAddress, now: Instant) {
    ports.withLock { $0.free(address, now: now) }
  }

  func setAside(_ address: SocketAddress, now: Instant) {
    ports.withLock { $0.setAside(address, now: now) }
  }

  func reserve(_ reservation: PortReservation) { ports.withLock { $0.reserve(reservation) } }

  func redeem(_ token: UInt64, for account: String, now: Instant) -> SocketAddress? {
    ports.withLock { $0.redeem(token, for: account, now: now) }
  }

  func cancel(_ token: UInt64) -> Bool { ports.withLock { $0.cancel(token) } }
}
