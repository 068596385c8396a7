// A listener in a process that has no descriptor left.

import Dispatch
import EventLoop
import Glibc
import NetTypes
import Synchronization
import Testing

@Suite struct DescriptorTests {
  /// In a process of its own, because the limit is the process's.
  @Test func `without descriptors a listener waits, and accepts when there are some`() async {
    await #expect(processExitsWith: .success) {
      let loop = try EventLoop()
      let accepted = DispatchSemaphore(value: 0)
      let listener = try Listener(.tcp(SocketAddress(.loopbackV4, port: 0)), on: loop) {
        descriptor, _ in
        close(descriptor)
        accepted.signal()
      }
      let client = try RawClient(port: try #require(listener.address).port)
      let before = try Self.leaveNoDescriptor()
      let thread = try LoopThread(loop, name: "starved")
      try #require(accepted.wait(timeout: .now() + .milliseconds(550)) == .timedOut)
      // One at once and one every 100 ms; without a pause there are some hundred thousand.
      try #require((2...7).contains(Self.failures(of: listener, on: loop)))
      Self.allow(before)
      try #require(accepted.wait(timeout: .now() + .seconds(10)) == .success)
      withExtendedLifetime(client) {}
      thread.stopAndJoin()
    }
  }

  /// Lowers the limit to what is open; returns the limit that was.
  private static func leaveNoDescriptor() throws -> rlim_t {
    let lowestFree = dup(0)
    try #require(lowestFree > 0)
    close(lowestFree)
    var limit = rlimit()
    unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let before = limit.rlim_cur
    allow(rlim_t(lowestFree))
    return before
  }

  private static func allow(_ descriptors: rlim_t) {
    var limit = rlimit()
    unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = descriptors
    unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }

  private static func failures(of listener: Listener, on loop: EventLoop) -> UInt64 {
    let result = Mutex<UInt64>(0)
    let done = DispatchSemaphore(value: 0)
    let read = Unsafely(listener)
    loop.submit {
      result.withLock { $0 = read.value.failures }
      done.signal()
    }
    done.wait()
    return result.withLock { $0 }
  }
}

/// Takes what belongs to a loop there.
private struct Unsafely<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}
