// The relay ports of a process, over all loops.

internal import NetTypes
internal import Synchronization
internal import TURN

/// A lock that is taken at the beginning and the end of an allocation, and by nothing else.
final class SharedPorts: RelayPortPool {
  private let tables: Mutex<[IPAddress: PortTable]>

  init(_ addresses: [IPAddress], _ range: PortRange, rest: Duration) {
    let table = PortTable(range, rest: rest)
    tables = Mutex(Dictionary(addresses.map { ($0, table) }) { first, _ in first })
  }

  func take(
    _ kind: PortKind, at ip: IPAddress, now: Instant,
    using random: inout any RandomNumberGenerator
  ) -> UInt16? {
    tables.withLock { $0[ip]?.take(kind, now: now, using: &random) }
  }

  func free(_ address: SocketAddress, now: Instant) {
    tables.withLock { $0[address.ip]?.free(address.port, now: now) }
  }

  func setAside(_ address: SocketAddress, now: Instant) {
    tables.withLock { $0[address.ip]?.setAside(address.port, now: now) }
  }
}
