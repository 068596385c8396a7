// One thread's epoll loop: descriptors, deadlines, and jobs from other threads.

internal import CLinux
public import NetTypes
internal import Synchronization

/// What a descriptor is ready for.
public struct Readiness: OptionSet, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let readable = Readiness(rawValue: UInt32(PARLEY_READABLE.rawValue))
  public static let writable = Readiness(rawValue: UInt32(PARLEY_WRITABLE.rawValue))
  /// The socket failed, or has errors queued.
  public static let error = Readiness(rawValue: UInt32(PARLEY_ERROR.rawValue))
  /// The other side closed its half, or the socket failed: reading tells which.
  public static let ended = Readiness(
    rawValue: UInt32(
      PARLEY_ERROR.rawValue | PARLEY_HANGUP.rawValue | PARLEY_PEER_CLOSED.rawValue))
}

/// Whoever owns a descriptor. Called on the loop's thread only.
public protocol EventHandler: AnyObject {
  func ready(_ readiness: Readiness, now: Instant)
}

/// Whoever drives a core with deadlines. Called on the loop's thread only.
public protocol DeadlineHandler: AnyObject {
  /// When to be called next; asked before each wait. `nil`: nothing is due.
  var nextDeadline: Instant? { get }
  func advance(to now: Instant)
}

/// Whoever collects something while a loop handles what was ready. Called on its thread only.
public protocol TurnHandler: AnyObject {
  /// Everything that was ready, or due, has been handled.
  func endTurn()
}

/// An event loop and the state of its thread.
///
/// Everything but ``submit(_:)`` and ``stop()`` belongs to the thread that runs ``run()``, or to
/// the thread that sets the loop up before it runs: hence `@unchecked Sendable`.
public final class EventLoop: @unchecked Sendable {
  /// A registered descriptor.
  public struct Registration: Sendable {
    let handle: SlabHandle
    let descriptor: Int32
  }

  private struct Watch {
    let handler: any EventHandler
  }

  /// More than the descriptors a process may have open on the systems we know.
  private static let watchesMax = 1 << 20
  private static let eventsPerWait = 128
  private static let wakeToken = UInt64.max
  /// Deadlines within a millisecond are met together.
  private static let deadlineStepNs: Int64 = 1_000_000
  private static let timerToken = UInt64.max - 1

  public let index: Int
  /// When the loop last woke: one clock reading for everything that is done until it waits again.
  public private(set) var now: Instant
  /// The calendar, read again at least once a second while there is work.
  public private(set) var wallClock: WallClock
  private var wallClockReadAt: Instant

  private let sleepsPrecisely: Bool
  private let epoll: Int32
  private let wake: Int32
  private let timer: Int32
  /// What the timer is set to.
  private var timerDue = Instant.distantFuture
  /// Where streams read to before they know how much has come: one for all of a loop, since each is
  /// done with it before the next is asked.
  let scratch = ScratchBuffer(capacity: 65_536)
  /// Lent to streams while they hold bytes.
  var buffers = BufferPool()
  /// Streams that have put off writing.
  var flushes = FlushQueue()
  /// Streams whose handlers have stopped before everything received was used.
  var waiting: [ByteStream] = []
  private var watches = Slab<Watch>(capacity: watchesMax)
  private var deadlineHandlers: [any DeadlineHandler] = []
  private var turnHandlers: [any TurnHandler] = []
  private let jobs = Mutex<[@Sendable () -> Void]>([])
  private let stopping = Atomic<Bool>(false)

  /// - Parameters:
  ///   - index: tells the loops of a process apart.
  ///   - sleepsPrecisely: deadlines are met to some 50 µs, at a wake-up for each: for whoever
  ///     measures time. Else they are met to a millisecond.
  public init(index: Int = 0, sleepsPrecisely: Bool = false) throws(SystemError) {
    self.index = index
    self.sleepsPrecisely = sleepsPrecisely
    epoll = try SystemError.check(parley_epoll_create(), "epoll_create")
    wake = try SystemError.check(parley_eventfd(), "eventfd")
    timer = try SystemError.check(parley_timer_create(), "timerfd")
    now = Clock.now()
    wallClock = Clock.wallClock()
    wallClockReadAt = now
    for (descriptor, token) in [(wake, Self.wakeToken), (timer, Self.timerToken)] {
      _ = try SystemError.check(
        parley_epoll_set(epoll, descriptor, UInt32(PARLEY_READABLE.rawValue), token, 0),
        "epoll_ctl")
    }
  }

  deinit {
    parley_close(epoll)
    parley_close(wake)
    parley_close(timer)
  }

  // MARK: Descriptors

  public func register(
    _ descriptor: Int32, for interest: Readiness, handler: any EventHandler
  ) throws(SystemError) -> Registration {
    guard let handle = watches.insert(Watch(handler: handler)) else {
      throw SystemError("register", code: 24 /* EMFILE */)
    }
    let result = parley_epoll_set(epoll, descriptor, interest.rawValue, handle.packed, 0)
    guard result == 0 else {
      watches.remove(handle)
      throw SystemError("epoll_ctl", code: -result)
    }
    return Registration(handle: handle, descriptor: descriptor)
  }

  public func setInterest(_ interest: Readiness, of registration: Registration) {
    let result = parley_epoll_set(
      epoll, registration.descriptor, interest.rawValue, registration.handle.packed, 1)
    precondition(result == 0, "a registered descriptor is open")
  }

  /// Forgets the descriptor; closing it is its owner's business. Events already fetched for it are
  /// dropped.
  public func deregister(_ registration: Registration) {
    guard watches.remove(registration.handle) != nil else { return }
    _ = parley_epoll_remove(epoll, registration.descriptor)
  }

  /// Forgets a descriptor that its owner is about to close, with which the kernel forgets it too.
  public func forgetClosing(_ registration: Registration) { watches.remove(registration.handle) }

  public func add(_ handler: any DeadlineHandler) { deadlineHandlers.append(handler) }

  public func add(atEndOfTurn handler: any TurnHandler) { turnHandlers.append(handler) }

  // MARK: Buffers

  /// Gives `buffer` memory that another one has given back, if it has none and there is some.
  public func lendBuffer(to buffer: inout [UInt8]) { buffers.lend(to: &buffer) }

  /// Empties `buffer` and takes its memory.
  public func takeBackBuffer(_ buffer: inout [UInt8]) { buffers.takeBack(&buffer) }

  // MARK: Other threads

  /// Runs `job` on the loop's thread, soon; jobs of one thread keep their order.
  public func submit(_ job: @escaping @Sendable () -> Void) {
    jobs.withLock { $0.append(job) }
    parley_eventfd_signal(wake)
  }

  /// Makes ``run()`` return after the jobs that were submitted before.
  public func stop() {
    stopping.store(true, ordering: .releasing)
    parley_eventfd_signal(wake)
  }

  // MARK: Running

  /// Handles events on the calling thread until ``stop()``.
  public func run() {
    var events = [parley_event](repeating: parley_event(), count: Self.eventsPerWait)
    while !stopping.load(ordering: .acquiring) { turn(&events) }
    runJobs()
    for handler in turnHandlers { handler.endTurn() }
    while !flushes.isEmpty { flush() }
  }

  private func turn(_ events: inout [parley_event]) {
    let due = nextDeadline()
    let waits = flushes.isEmpty && waiting.isEmpty && due > now
    if waits { setTimer(for: due) }
    let count = unsafe events.withUnsafeMutableBufferPointer { buffer in
      unsafe parley_epoll_wait(epoll, buffer.baseAddress, Int32(buffer.count), waits ? 1 : 0)
    }
    now = Clock.now()
    if now - wallClockReadAt >= .seconds(1) {
      wallClock = Clock.wallClock()
      wallClockReadAt = now
    }
    for index in 0..<max(0, Int(count)) {
      let event = events[index]
      if event.token == Self.wakeToken {
        parley_eventfd_drain(wake)
        runJobs()
      } else if event.token == Self.timerToken {
        parley_eventfd_drain(timer)
        timerDue = .distantFuture
      } else if let watch = watches[SlabHandle(packed: event.token)] {
        watch.handler.ready(Readiness(rawValue: event.bits), now: now)
      }
    }
    goOn()
    // What was set in this turn and is due already is for the next, which does not wait.
    if due <= now {
      for handler in deadlineHandlers {
        if let deadline = handler.nextDeadline, deadline <= now { handler.advance(to: now) }
      }
    }
    for handler in turnHandlers { handler.endTurn() }
    flush()
  }

  private func goOn() {
    guard !waiting.isEmpty else { return }
    let streams = waiting
    waiting = []
    for stream in streams { stream.receiveAgain() }
  }

  /// Writes what was put off: all that is prompt, and a slice of the rest. Whatever streams put off
  /// meanwhile waits for the next turn.
  private func flush() {
    let prompt = flushes.takePrompt()
    for stream in prompt { stream.push() }
    flushes.giveBack(prompt)
    for _ in 0..<FlushQueue.bulkPerTurn {
      guard let stream = flushes.takeBulk() else { return }
      stream.push()
    }
  }

  private func nextDeadline() -> Instant {
    var next = Instant.distantFuture
    for handler in deadlineHandlers {
      if let deadline = handler.nextDeadline, deadline < next { next = deadline }
    }
    return next
  }

  /// The timer is touched only when it has to ring earlier than it would. A timeout of the wait
  /// itself would be set and taken back at each one, for every packet that comes alone; a deadline
  /// that has moved costs one turn with nothing to do.
  private func setTimer(for deadline: Instant) {
    let step = sleepsPrecisely ? 1 : Self.deadlineStepNs
    let (steps, rest) = deadline.nanoseconds.quotientAndRemainder(dividingBy: step)
    let (due, overflow) = (steps + (rest > 0 ? 1 : 0)).multipliedReportingOverflow(by: step)
    guard !overflow, due < timerDue.nanoseconds else { return }
    timerDue = Instant(nanoseconds: due)
    parley_timer_set(timer, due)
  }

  private func runJobs() {
    let pending = jobs.withLock { jobs in
      let taken = jobs
      jobs.removeAll(keepingCapacity: true)
      return taken
    }
    for job in pending { job() }
  }
}
