// Holds when a loop wakes for a deadline.

import EventLoop
import NetTypes
import Testing

/// Stops its loop at the one deadline that it has.
private final class Alarm: DeadlineHandler {
  let deadline: Instant
  let loop: EventLoop
  private(set) var rangAt: Instant?

  init(at deadline: Instant, on loop: EventLoop) {
    self.deadline = deadline
    self.loop = loop
  }

  var nextDeadline: Instant? { rangAt == nil ? deadline : nil }

  func advance(to now: Instant) {
    rangAt = now
    loop.stop()
  }
}

@Suite struct DeadlineTests {
  @Test(arguments: [false, true], [0, 1, 300_000, 1_500_000] as [Int64])
  func `no deadline is met too early, however short it is`(isPrecise: Bool, ns: Int64) throws {
    let loop = try EventLoop(sleepsPrecisely: isPrecise)
    let alarm = Alarm(at: Clock.now() + .nanoseconds(ns), on: loop)
    loop.add(alarm)
    loop.run()
    let rangAt = try #require(alarm.rangAt)
    #expect(rangAt >= alarm.deadline)
  }

  @Test func `a loop that sleeps precisely is woken by others too`() throws {
    let loop = try EventLoop(sleepsPrecisely: true)
    let thread = try LoopThread(loop, name: "precise")
    loop.submit { loop.stop() }
    thread.stopAndJoin()
  }
}
