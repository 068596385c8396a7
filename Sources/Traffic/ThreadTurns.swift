// Who runs first where threads of a run have to share processors (sched(7)).

internal import Glibc

/// Offender and calm peers share one machine with the server, which real ones would not: so the
/// offender gives way to all others at once, and those who measure wait for nobody.
public enum ThreadTurns: Sendable {
  /// Before all other threads that share the processors.
  case first
  /// When no other thread wants a processor.
  case last

  /// SCHED_IDLE, which the module of the C library does not show.
  private static let idle: Int32 = 5

  /// For the calling thread. To be first wants CAP_SYS_NICE; without it the peers are as late as
  /// their report says.
  public func take() {
    var priority = sched_param(sched_priority: self == .first ? 1 : 0)
    _ = unsafe sched_setscheduler(0, self == .first ? SCHED_FIFO : Self.idle, &priority)
  }
}
