// The relay ports of a server under test: the real pool, without the lock of the real service.

public import NetTypes
public import TURN

/// For a server that nothing else shares ports with.
public final class UnlockedPorts: RelayPortPool, @unchecked Sendable {
  private var ports: RelayPorts

  public init(_ addresses: [IPAddress], _ range: PortRange) {
    ports = RelayPorts(addresses, range, rest: .seconds(30))
  }

  public func take(
    _ kind: PortKind, at ip: IPAddress, now: Instant,
    using random: inout any RandomNumberGenerator
  ) -> UInt16? { ports.take(kind, at: ip, now: now, using: &random) }

  public func free(_ address: SocketAddress, now: Instant) { ports.free(address, now: now) }

  public func setAside(_ address: SocketAddress, now: Instant) { ports.setAside(address, now: now) }

  public func reserve(_ reservation: PortReservation) { ports.reserve(reservation) }

  public func redeem(_ token: UInt64, for account: String, now: Instant) -> SocketAddress? {
    ports.redeem(token, for: account, now: now)
  }

  public func isReserved(_ token: UInt64) -> Bool { ports.isReserved(token) }

  public func cancel(_ token: UInt64) -> Bool { ports.cancel(token) }

  public var reservedCount: Int { ports.reservedCount }
}
