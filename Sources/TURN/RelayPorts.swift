// The relay ports of a process, and those that are kept for the bearer of a token.

public import NetTypes

/// A port that waits for its RESERVATION-TOKEN (RFC 8656 §7.2).
public struct PortReservation: Equatable, Sendable {
  /// Random, and good once.
  public let token: UInt64
  public let address: SocketAddress
  /// Whose it is.
  public let account: String
  public let until: Instant
}

/// What a ``RelayPortPool`` is made of, for one thread at a time.
public struct RelayPorts: Sendable {
  private var tables: [IPAddress: PortTable]
  private var reservations: [UInt64: PortReservation] = [:]

  /// - Parameter rest: how long a port that was given back is not taken again, unless nothing else
  ///   is left.
  public init(_ addresses: [IPAddress], _ range: PortRange, rest: Duration) {
    let table = PortTable(range, rest: rest)
    tables = Dictionary(addresses.map { ($0, table) }) { first, _ in first }
  }

  public mutating func take(
    _ kind: PortKind, at ip: IPAddress, now: Instant,
    using random: inout some RandomNumberGenerator
  ) -> UInt16? {
    tables[ip]?.take(kind, now: now, using: &random)
  }

  public mutating func free(_ address: SocketAddress, now: Instant) {
    tables[address.ip]?.free(address.port, now: now)
  }

  public mutating func setAside(_ address: SocketAddress, now: Instant) {
    tables[address.ip]?.setAside(address.port, now: now)
  }

  public mutating func reserve(_ reservation: PortReservation) {
    reservations[reservation.token] = reservation
  }

  public mutating func redeem(_ token: UInt64, for account: String, now: Instant)
    -> SocketAddress?
  {
    guard let reservation = reservations[token], reservation.account == account,
      reservation.until > now
    else { return nil }
    reservations[token] = nil
    return reservation.address
  }

  public func isReserved(_ token: UInt64) -> Bool { reservations[token] != nil }

  public mutating func cancel(_ token: UInt64) -> Bool {
    reservations.removeValue(forKey: token) != nil
  }

  public var reservedCount: Int { reservations.count }
}
