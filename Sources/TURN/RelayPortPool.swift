// Which relay ports are free: asked on Allocate, told at the end, shared by all loops.

public import NetTypes

/// What a request wants of its relay port (RFC 8656 §18.7).
public enum PortKind: Sendable {
  case any
  /// EVEN-PORT without the R bit.
  case even
  /// EVEN-PORT with the R bit: an even port, and the next one too.
  case pair
}

/// The relay ports of a process, counted over all loops; never touched by a packet.
public protocol RelayPortPool: AnyObject, Sendable {
  /// Takes a free port of `ip`, each as likely as the others (RFC 8656 §7.2: hard to guess), and
  /// for a pair also the next; `nil` when there is none.
  func take(
    _ kind: PortKind, at ip: IPAddress, now: Instant,
    using random: inout any RandomNumberGenerator
  ) -> UInt16?
  /// Gives back one port that was taken. It rests for a while: what peers still send to it is not
  /// to reach the next user.
  func free(_ address: SocketAddress, now: Instant)
  /// Puts away one port that was taken and that the system refused: somebody else has it.
  func setAside(_ address: SocketAddress, now: Instant)

  /// Keeps a port that was taken for the bearer of a token, on whatever loop he appears.
  func reserve(_ reservation: PortReservation)
  /// The port of a token, once, in time and for its account; it is taken from then on.
  func redeem(_ token: UInt64, for account: String, now: Instant) -> SocketAddress?
  /// Whether a reservation was neither redeemed nor ended.
  func isReserved(_ token: UInt64) -> Bool
  /// Ends a reservation. `true` when nobody redeemed it: its port is then to be given back.
  func cancel(_ token: UInt64) -> Bool
}
