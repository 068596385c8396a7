// The loops of a process: one thread each, started and stopped together.

internal import CLinux
internal import Glibc
internal import Synchronization

/// A fixed number of event loops. Services are set up on them first, then ``run(asked:)``.
public final class LoopGroup: Sendable {
  public let loops: [EventLoop]
  /// The loop of the thread that calls ``run(asked:)``: for signals, and for what must never
  /// keep a packet waiting.
  public let control: EventLoop
  private let draining = Atomic<Bool>(false)
  /// Where the loops stay, in their order; empty where the system decides.
  private let processors: [Int]

  /// - Parameters:
  ///   - count: threads, at least 1.
  ///   - processors: as many, each of which keeps a loop; or none, and the system moves loops.
  public init(count: Int, processors: [Int] = []) throws(SystemError) {
    precondition(count >= 1 && (processors.isEmpty || processors.count == count))
    for processor in processors where parley_may_run_on(Int32(processor)) == 0 {
      throw SystemError("sched_setaffinity", code: EINVAL, subject: "processor \(processor)")
    }
    self.processors = processors
    var loops: [EventLoop] = []
    for index in 0..<count { loops.append(try EventLoop(index: index)) }
    self.loops = loops
    control = try EventLoop(index: -1)
  }

  /// Runs the loops until ``control`` is told to stop, then ends the others; what was submitted to
  /// them before is still done. The calling thread waits.
  ///
  /// - Parameter asked: called on the control loop for each signal.
  public func run(asked: @escaping (ProcessSignal) -> Void) throws(SystemError) {
    let signals = try ProcessSignals(on: control, received: asked)
    let threads = try start()
    control.run()
    withExtendedLifetime(signals) {}
    for thread in threads { thread.stopAndJoin() }
  }

  /// Whether the process takes nothing new any more. True for ever once it is; read on any thread.
  public var isDraining: Bool { draining.load(ordering: .relaxed) }

  /// Makes ``isDraining`` true.
  public func startDraining() { draining.store(true, ordering: .relaxed) }

  /// Starts the loops' threads; for whoever stops them by other means than a signal.
  public func start() throws(SystemError) -> [LoopThread] {
    var threads: [LoopThread] = []
    for (index, loop) in loops.enumerated() {
      let processor = processors.isEmpty ? nil : processors[index]
      threads.append(try LoopThread(loop, name: "loop-\(loop.index)", processor: processor))
    }
    return threads
  }

  /// Asks every loop, on its thread, and hands the answers to `done` on `loop`, in the loops'
  /// order.
  public func collect<Answer: Sendable>(
    on loop: EventLoop, _ ask: @escaping @Sendable (EventLoop) -> Answer,
    done: @escaping @Sendable ([Answer]) -> Void
  ) {
    let gathered = Gathered<Answer>(count: loops.count)
    for asked in loops {
      asked.submit {
        let answer = ask(asked)
        if let all = gathered.put(answer, at: asked.index) { loop.submit { done(all) } }
      }
    }
  }
}

/// Answers of several threads, complete when the last has come.
private final class Gathered<Answer: Sendable>: Sendable {
  private let answers: Mutex<[Answer?]>

  init(count: Int) { answers = Mutex(Array(repeating: nil, count: count)) }

  func put(_ answer: Answer, at index: Int) -> [Answer]? {
    answers.withLock { answers in
      answers[index] = answer
      let present = answers.compactMap(\.self)
      return present.count == answers.count ? present : nil
    }
  }
}
