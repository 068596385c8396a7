// The relay of a process: one share of it on every loop.

public import EventLoop
public import NetTypes
public import STUN
public import TURN
internal import Crypto

/// STUN and, with a configuration, TURN over UDP on every loop of a group.
///
/// Each loop has a socket of its own for each listener, shared by `SO_REUSEPORT`: their number
/// never changes, so a 5-tuple always meets the same loop and its allocations.
public final class RelayService: Sendable {
  public struct Settings: Sendable {
    /// UDP addresses to serve.
    public var listeners: [SocketAddress]
    /// `nil`: STUN Binding only.
    public var turn: TURNConfiguration?
    /// Allocations of one user and of all; `nil` for no limit of a user's.
    public var userQuota: Int?
    public var totalQuota: Int
    /// How long a relay port that was used is not given to the next.
    public var portRest: Duration
    /// Where NAT behaviour is examined (RFC 5780); all of their addresses are listeners.
    public var discoveries: [BehaviourDiscovery] = []

    public init(
      listeners: [SocketAddress], turn: TURNConfiguration?, userQuota: Int? = nil,
      totalQuota: Int = 16_384, portRest: Duration = .seconds(30)
    ) {
      self.listeners = listeners
      self.turn = turn
      self.userQuota = userQuota
      self.totalQuota = totalQuota
      self.portRest = portRest
    }
  }

  private let group: LoopGroup
  private let shares: [RelayLoop]

  /// Binds every listener on every loop; nothing is served before the loops run.
  public init(on group: LoopGroup, _ settings: Settings) throws(SystemError) {
    self.group = group
    let quota = SharedQuota(perUser: settings.userQuota, total: settings.totalQuota)
    let ports = settings.turn.map {
      SharedPorts($0.relayAddresses, $0.relayPorts, rest: settings.portRest)
    }
    var shares: [RelayLoop] = []
    // A port given as 0 is chosen by the first loop, and the others follow.
    var listeners = settings.listeners
    for address in listeners where address.port != 0 { try UDPSocket.requireFree(address) }
    // An address that is not this host's would show only when every Allocate fails.
    for ip in settings.turn?.relayAddresses ?? [] {
      try UDPSocket.requireFree(SocketAddress(ip, port: 0))
    }
    for loop in group.loops {
      let share = try RelayLoop(
        loop, listeners: listeners, settings.turn, quota: quota, ports: ports)
      share.discoveries = settings.discoveries
      listeners = share.addresses
      shares.append(share)
    }
    self.shares = shares
    addresses = listeners
  }

  /// The addresses in use, in the order of the settings.
  public let addresses: [SocketAddress]

  /// Ends every allocation and closes the sockets, each loop its own, soon.
  public func stop() {
    for share in shares { share.loop.submit { share.stop() } }
  }

  /// Asks every loop for what lives there; `done` is called on `loop`.
  public func inspect(on loop: EventLoop, done: @escaping @Sendable (RelaySnapshot) -> Void) {
    let shares = self.shares
    group.collect(on: loop) { asked in
      shares[asked.index].snapshot()
    } done: { parts in
      done(RelaySnapshot.sum(parts))
    }
  }
}
