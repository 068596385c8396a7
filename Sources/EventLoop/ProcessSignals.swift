// Signals to the process as events of a loop.

internal import CLinux
internal import Glibc
public import NetTypes

/// What a signal asks for.
public enum ProcessSignal: CaseIterable, Sendable {
  /// SIGTERM or SIGINT: to end.
  case stop
  /// SIGHUP: to read the configuration again.
  case reload
  /// SIGUSR1: to take nothing new, and to end when there is nothing left.
  case drain

  fileprivate var numbers: [Int32] {
    switch self {
    case .stop: [SIGTERM, SIGINT]
    case .reload: [SIGHUP]
    case .drain: [SIGUSR1]
    }
  }
}

/// Calls back on its loop when the process is asked for something. To be made before other threads
/// start, because they inherit the blocked signals.
///
/// Signals that are blocked and read are not lost to a process with the number 1 either, for which
/// the kernel ignores those that nobody handles.
public final class ProcessSignals: EventHandler {
  private let descriptor: Int32
  private let received: (ProcessSignal) -> Void
  private var registration: EventLoop.Registration?

  /// Lets the signals wait, in this thread and those it starts, until somebody looks for them; for
  /// the first line of a program, which a signal would otherwise end half-way up.
  public static func hold() {
    for signal in ProcessSignal.allCases {
      for number in signal.numbers { _ = parley_hold_signal(number) }
    }
  }

  /// - Parameter wanted: the others keep the effect that they have.
  public init(
    _ wanted: [ProcessSignal] = ProcessSignal.allCases, on loop: EventLoop,
    received: @escaping (ProcessSignal) -> Void
  ) throws(SystemError) {
    let numbers = wanted.flatMap(\.numbers)
    for number in numbers {
      _ = try SystemError.check(parley_hold_signal(number), "pthread_sigmask")
    }
    descriptor = try SystemError.check(
      unsafe parley_signal_descriptor(numbers, Int32(numbers.count)), "signalfd")
    self.received = received
    registration = try loop.register(descriptor, for: .readable, handler: self)
  }

  deinit { parley_close(descriptor) }

  public func ready(_ readiness: Readiness, now: Instant) {
    let number = parley_read_signal(descriptor)
    let signal = ProcessSignal.allCases.first { $0.numbers.contains(number) }
    if let signal { received(signal) }
  }
}
