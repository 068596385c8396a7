// A listener in a process that has no descriptor left.

import EventLoop
import Glibc
import NetTypes
import Testing

@Suite struct ListenerTests {
  /// In a process of its own, because the limit is the process's.
  @Test func `without descriptors a listener waits, and accepts when there are some`() async {
    await #expect(processExitsWith: .success) {
      let loop = try EventLoop()
      var accepted = 0
      let listener = try Listener(.tcp(SocketAddress(.loopbackV4, port: 0)), on: loop) {
        descriptor, _ in
        close(descriptor)
        accepted += 1
        loop.stop()
      }
      let client = try ByteStream(
        connect: try #require(listener.address), on: loop, inputMax: 1, outputMax: 1)
      let before = try Self.leaveNoDescriptor()
      let now = loop.now
      listener.ready(.readable, now: now)
      try #require(listener.failures == 1 && accepted == 0)
      // Until then the loop does not ask again: the connection goes on waiting, and nothing spins.
      try #require(listener.nextDeadline == now + .milliseconds(100))
      Self.allow(before)
      loop.run()
      try #require(listener.failures == 1 && accepted == 1 && listener.nextDeadline == nil)
      withExtendedLifetime(client) {}
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
}
