// The life of a server's process: it serves, reloads, drains and ends, as it is asked to.

public import EventLoop
internal import Logging
public import NetTypes

/// Runs the loops of a process until its end, which comes in two steps: it drains, then it stops.
///
/// A server that drains takes no new allocations and is not ready for load balancers; it stops when
/// no allocation is left, or at its deadline. SIGUSR1 and the admin endpoint let it drain; SIGTERM
/// and SIGINT do too, for a few seconds; the second of these ends the process at once. Everything
/// but ``isDraining`` belongs to the control loop, hence `@unchecked Sendable`.
public final class Lifecycle: DeadlineHandler, @unchecked Sendable {
  /// How long it may drain.
  public struct Patience: Sendable {
    /// When it is told to drain, and when it is told to stop.
    public var drainDeadline: Duration
    public var stopGrace: Duration

    public init(drainDeadline: Duration, stopGrace: Duration) {
      self.drainDeadline = drainDeadline
      self.stopGrace = stopGrace
    }
  }

  private enum Phase {
    case serving
    case draining(until: Instant)
    case ending
  }

  /// Between two looks at how many allocations are left.
  private static let lookInterval = Duration.milliseconds(200)

  /// What SIGHUP does.
  public var reload: () -> Void = {}
  /// Ends what the process serves; it calls `done`, on any thread, when the loops may end.
  public var stopping: (_ done: @escaping @Sendable () -> Void) -> Void = { done in done() }

  private let group: LoopGroup
  private let relay: RelayService
  /// May change while the process runs; what drains already keeps its deadline.
  public var patience: Patience
  private let manager: ServiceManager
  private var phase = Phase.serving
  private var isStopAsked = false
  /// When to look again; only once every loop refuses what is new.
  private var nextLook: Instant?

  public init(
    on group: LoopGroup, _ relay: RelayService, _ patience: Patience,
    manager: ServiceManager = .ofProcess
  ) {
    self.group = group
    self.relay = relay
    self.patience = patience
    self.manager = manager
    group.control.add(self)
  }

  /// Runs the loops until the end. The calling thread waits.
  public func run() throws(SystemError) {
    // Done when the control loop runs: the others do by then.
    group.control.submit { [manager] in manager.tell(.ready) }
    try group.run { [self] signal in asked(signal) }
  }

  private func asked(_ signal: ProcessSignal) {
    switch signal {
    case .reload:
      manager.tell(.reloading(since: group.control.now))
      reload()
      manager.tell(.ready)
    case .drain: drain()
    case .stop where isStopAsked:
      Log.warning("ending at once", ["allocations": .public(relay.allocations)])
      group.control.stop()
    case .stop:
      isStopAsked = true
      manager.tell(.stopping)
      drain(within: patience.stopGrace)
    }
  }

  // MARK: Draining

  /// Whether nothing new is taken; on any thread.
  public var isDraining: Bool { group.isDraining }

  /// Begins to drain, or goes on with less time: a later deadline than the one there is changes
  /// nothing.
  ///
  /// - Parameter limit: how long at most; `nil` for as long as the operator configured.
  /// - Returns: how long it still may take.
  @discardableResult
  public func drain(within limit: Duration? = nil) -> Duration {
    let now = group.control.now
    let until = now + (limit ?? patience.drainDeadline)
    switch phase {
    case .serving:
      Log.info(
        "draining",
        [
          "allocations": .public(relay.allocations),
          "seconds": .public((until - now).components.seconds),
        ])
      phase = .draining(until: until)
      group.startDraining()
      relay.drain(on: group.control) { [self] in nextLook = group.control.now }
      return until - now
    case .draining(let earlier):
      phase = .draining(until: min(earlier, until))
      return max(.zero, min(earlier, until) - now)
    case .ending: return .zero
    }
  }

  public var nextDeadline: Instant? {
    guard case .draining(let until) = phase else { return nil }
    return nextLook.map { min($0, until) } ?? until
  }

  public func advance(to now: Instant) {
    guard case .draining(let until) = phase else { return }
    let left = relay.allocations
    if until <= now || nextLook != nil && left == 0 { return end(left) }
    nextLook = nextLook.map { max($0, now + Self.lookInterval) }
  }

  private func end(_ left: Int) {
    phase = .ending
    Log.info("stopping", ["allocations": .public(left)])
    manager.tell(.stopping)
    stopping { [group] in group.control.stop() }
  }
}
