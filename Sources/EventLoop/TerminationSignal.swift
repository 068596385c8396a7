// SIGINT and SIGTERM as events of a loop.

internal import CLinux
public import NetTypes

/// Calls back on its loop when the process is asked to end. To be made before other threads start,
/// because they inherit the blocked signals.
public final class TerminationSignal: EventHandler {
  private let descriptor: Int32
  private let received: (Int32) -> Void
  private var registration: EventLoop.Registration?

  public init(on loop: EventLoop, received: @escaping (_ signal: Int32) -> Void)
    throws(SystemError)
  {
    descriptor = try SystemError.check(parley_termination_signals(), "signalfd")
    self.received = received
    registration = try loop.register(descriptor, for: .readable, handler: self)
  }

  public func ready(_ readiness: Readiness, now: Instant) {
    let signal = parley_read_signal(descriptor)
    if signal != 0 { received(signal) }
  }
}
