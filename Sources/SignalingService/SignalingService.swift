// Signaling, the browser library and the demo on TCP ports, over several event loops.

internal import Admission
public import EventLoop
internal import Logging
public import NetTypes
public import RelayService
internal import Synchronization

/// The signaling service of one process.
///
/// Make it before the loops run. It serves as soon as they do.
public final class SignalingService: Sendable {
  /// The addresses that it listens at, with the ports in use.
  public let addresses: [SocketAddress]
  let group: LoopGroup
  let loops: [SignalingLoop]

  /// Listens at the addresses of `settings` on every loop of `group`.
  ///
  /// - Parameter relay: serves clients that want STUN or TURN at these addresses.
  public init(
    on group: LoopGroup, _ settings: SignalingSettings, relay: RelayService? = nil
  ) throws(SystemError) {
    self.group = group
    let shared = SharedState(settings, group)
    let parts = group.loops.map { SignalingLoop($0, shared, loopCount: group.loops.count) }
    var bound: [SocketAddress] = []
    for wanted in settings.listen {
      if wanted.port != 0 { try Listener.requireFree(wanted) }
      // With port 0 the first loop gets one from the system, and the others share it.
      var address = wanted
      for part in parts {
        address = try part.listen(address, relay: relay?.tenant(on: part.loop))
      }
      bound.append(address)
    }
    for part in parts { part.siblings = parts }
    addresses = bound
    if !settings.tenants.wantTokens {
      Log.info("everybody may join: there is no key for join tokens")
    }
    self.loops = parts
  }

  /// Asks every loop what it sees, and hands the sum to `done` on `loop`.
  public func inspect(on loop: EventLoop, done: @escaping @Sendable (SignalingReport) -> Void) {
    let loops = self.loops
    group.collect(on: loop) { asked in
      loops[asked.index].report()
    } done: { parts in
      done(parts.reduce(into: SignalingReport()) { $0.add($1) })
    }
  }

  /// Takes over allowed origins, and the servers and credentials that peers are told, each loop
  /// soon.
  public func reload(_ settings: SignalingSettings) {
    for part in loops { part.loop.submit { part.reload(settings) } }
  }

  /// Stops listening, ends every connection with 1001, and calls `done` on one of the loops when
  /// all are closed or `stopGrace` has passed. The loops have to run until then.
  public func stop(_ done: @escaping @Sendable () -> Void) {
    let missing = Countdown(loops.count)
    for part in loops {
      part.loop.submit {
        part.stop { if missing.countDown() { done() } }
      }
    }
  }
}

/// Tells the last of several from the others.
private final class Countdown: Sendable {
  private let missing: Atomic<Int>

  init(_ count: Int) { missing = Atomic(count) }

  func countDown() -> Bool { missing.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 }
}
