// The relay of a process: one share of it on every loop.

public import EventLoop
public import Gate
public import NetTypes
public import STUN
public import TURN
internal import Crypto
internal import Logging
internal import Synchronization
internal import TLS

/// Where clients reach the relay.
public struct RelayListener: Equatable, Sendable {
  public let transport: Transport
  /// Port 0 leaves the choice to the system.
  public let address: SocketAddress

  public init(_ transport: Transport, _ address: SocketAddress) {
    self.transport = transport
    self.address = address
  }
}

/// STUN and, with a configuration, TURN on every loop of a group.
///
/// Each loop has a socket of its own for each listener, shared by `SO_REUSEPORT`: their number
/// never changes, so a 5-tuple always meets the same loop and its allocations. A connection stays
/// on the loop that accepts it.
public final class RelayService: Sendable {
  public struct Settings: Sendable {
    public var listeners: [RelayListener]
    /// `nil`: STUN Binding only.
    public var turn: TURNConfiguration?
    /// Allocations of one user and of all; `nil` for no limit of a user's.
    public var userQuota: Int?
    public var totalQuota: Int
    /// How long a relay port that was used is not given to the next.
    public var portRest: Duration
    /// Where NAT behaviour is examined (RFC 5780); all of their addresses are listeners.
    public var discoveries: [BehaviourDiscovery] = []
    /// Of the data of one user, in each direction; `nil` for no limit.
    public var userBandwidth: Bandwidth?
    /// Clients over TCP and TLS at a time; each loop keeps an equal share.
    public var streamsMax = 16_384
    /// Connections with peers (RFC 6062) at a time; each loop makes an equal share.
    public var peerConnectionsMax = 8_192
    /// Sessions over DTLS at a time, of some 50 KB each; each loop keeps an equal share.
    public var sessionsMax = 8_192
    /// How connections get in, with the count of those that are half open, which all services
    /// share; and the certificate, which DTLS listeners need.
    public var gate = GateSettings()

    public init(
      listeners: [RelayListener], turn: TURNConfiguration?, userQuota: Int? = nil,
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
  private let quota: SharedQuota
  private let certificates: CertificateStore?
  private let shares: [RelayLoop]
  /// What the loops were told last.
  private let told: Mutex<Told>

  private struct Told {
    var turn: TURNConfiguration?
    var stored = StoredUsers()
  }

  /// Binds every listener on every loop; nothing is served before the loops run.
  public init(on group: LoopGroup, _ settings: Settings) throws(SystemError) {
    precondition(
      settings.gate.certificates != nil || !settings.listeners.contains { $0.transport == .dtls },
      "DTLS without a certificate")
    self.group = group
    certificates = settings.gate.certificates
    quota = SharedQuota(perUser: settings.userQuota, total: settings.totalQuota)
    let ports = settings.turn.map {
      SharedPorts($0.relayAddresses, $0.relayPorts, rest: settings.portRest)
    }
    let bandwidth = settings.userBandwidth.map { SharedBandwidth($0) }
    var shares: [RelayLoop] = []
    // A port given as 0 is chosen by the first loop, and the others follow.
    var listeners = settings.listeners
    for listener in listeners where listener.address.port != 0 {
      if listener.transport.isStream {
        try Listener.requireFree(listener.address)
      } else {
        try UDPSocket.requireFree(listener.address)
      }
    }
    // An address that is not this host's would show only when every Allocate fails.
    for ip in settings.turn?.relayAddresses ?? [] {
      try UDPSocket.requireFree(SocketAddress(ip, port: 0))
    }
    var turn = settings.turn
    turn?.limits.connectionsMax =
      (settings.peerConnectionsMax + group.loops.count - 1) / group.loops.count
    let streamsMax = (settings.streamsMax + group.loops.count - 1) / group.loops.count
    var random = SecureRandom()
    let cookies = CookieMint(secret: random.bytes(32))
    var limits = DTLSLimits()
    limits.sessionsMax = (settings.sessionsMax + group.loops.count - 1) / group.loops.count
    for loop in group.loops {
      let dtls = settings.gate.certificates.map {
        DTLSSessions($0, limits, cookies: cookies, random: random, now: loop.now)
      }
      let share = RelayLoop(
        loop, turn, quota: quota, ports: ports, bandwidth: bandwidth,
        place: LoopPlace(index: loop.index, count: group.loops.count), gate: settings.gate,
        streamsMax: streamsMax, dtls: dtls)
      share.discoveries = settings.discoveries
      for index in listeners.indices { listeners[index] = try share.listen(listeners[index]) }
      shares.append(share)
    }
    for share in shares { share.siblings = RelaySiblings(group: group, shares: shares) }
    self.shares = shares
    told = Mutex(Told(turn: settings.turn))
    self.listeners = listeners
  }

  /// Where clients are served, in the order of the settings, with the ports in use.
  public let listeners: [RelayListener]

  public var addresses: [SocketAddress] { listeners.map(\.address) }

  /// Allocations and reserved ports of all loops, now.
  public var allocations: Int { quota.held }

  /// Says in the log where clients are served.
  public func announce() {
    for listener in listeners {
      Log.info(
        "listening",
        [
          "transport": .public(listener.transport.text),
          "address": .public(listener.address.text),
        ])
    }
  }

  /// Reads the certificate's files again, and takes over quotas, credentials and peers, each loop
  /// soon; listeners stay as they are.
  public func reload(_ settings: Settings) {
    do throws(TLSError) {
      try certificates?.reload()
    } catch {
      Log.error("the certificate stays as it was", ["reason": .public(error)])
    }
    quota.limit(perUser: settings.userQuota, total: settings.totalQuota)
    reconfigure { told in told.turn = settings.turn }
  }

  /// Makes every loop refuse new allocations; `done` is called on `loop` when all of them do.
  public func drain(on loop: EventLoop, done: @escaping @Sendable () -> Void) {
    let shares = self.shares
    group.collect(on: loop) { asked in
      shares[asked.index].drain()
    } done: { _ in
      done()
    }
  }

  /// Who serves clients of the relay that come in by somebody else's gate on `loop`.
  public func tenant(on loop: EventLoop) -> Door.Tenant {
    let share = shares[loop.index]
    return { share.serve($0) }
  }

  /// Ends every allocation and closes the sockets, each loop its own, soon.
  public func stop() {
    for share in shares { share.loop.submit { share.stop() } }
  }

  /// Takes users and peer rules of a database besides those of the settings, instead of what it
  /// had before; each loop soon. To be called on one thread.
  public func take(_ stored: StoredUsers) {
    reconfigure { told in told.stored = stored }
  }

  private func reconfigure(_ change: (inout Told) -> Void) {
    let turn = told.withLock { told in
      change(&told)
      return told.turn?.adding(told.stored)
    }
    guard let turn else { return }
    for share in shares { share.loop.submit { share.reconfigure(turn) } }
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
