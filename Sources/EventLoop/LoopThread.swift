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
    init(_ loop: EventLoop, _ name: String) {
      self.loop = loop
      self.name = name
    }
  }

  /// Starts `loop` on a thread of its own, named `name` (at most 15 bytes are kept).
  public init(_ loop: EventLoop, name: String) throws(SystemError) {
    self.loop = loop
    let start = unsafe Unmanaged.passRetained(Start(loop, String(name.prefix(15))))
    let result = unsafe pthread_create(
      &thread, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        unsafe parley_name_thread(start.name)
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
