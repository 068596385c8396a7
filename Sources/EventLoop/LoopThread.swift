// A thread for each event loop.

internal import CLinux
internal import Glibc

/// A running event loop's thread.
public final class LoopThread: @unchecked Sendable {
  public let loop: EventLoop
  private var thread = pthread_t()

  private final class Start {
    let loop: EventLoop
    let name: String
    let processor: Int?
    init(_ loop: EventLoop, _ name: String, _ processor: Int?) {
      self.loop = loop
      self.name = name
      self.processor = processor
    }
  }

  /// Starts `loop` on a thread of its own, named `name` (at most 15 bytes are kept).
  ///
  /// - Parameter processor: one that this process may run on, where the loop then stays; `nil` for
  ///   any.
  public init(_ loop: EventLoop, name: String, processor: Int? = nil) throws(SystemError) {
    self.loop = loop
    let start = unsafe Unmanaged.passRetained(Start(loop, String(name.prefix(15)), processor))
    let result = unsafe pthread_create(
      &thread, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        unsafe parley_name_thread(start.name)
        if let processor = start.processor {
          let result = parley_stay_on(Int32(processor))
          precondition(result == 0, "a processor that was there is gone")
        }
        start.loop.run()
        return nil
      }, start.toOpaque())
    guard result == 0 else {
      unsafe start.release()
      throw SystemError("pthread_create", code: result)
    }
  }

  /// Asks the loop to end and waits until it has.
  public func stopAndJoin() {
    loop.stop()
    _ = pthread_join(thread, nil)
  }
}
