// A service on loopback with threads of its own, for as long as a test needs it.

import CMallocCounter
import Dispatch
import EventLoop
import NetTypes
import SignalingService
import Synchronization

/// A running service; `stop` ends it.
final class RunningService: Sendable {
  let service: SignalingService
  private let group: LoopGroup
  private let threads: [LoopThread]

  init(
    loops count: Int = 2, _ change: (inout SignalingSettings) -> Void = { _ in }
  ) throws {
    var settings = SignalingSettings(listen: [SocketAddress(.loopbackV4, port: 0)])
    settings.ice.stunURLs = ["stun:192.0.2.7:3478"]
    settings.ice.turnURLs = ["turn:192.0.2.7:3478?transport=udp"]
    settings.ice.authentication = .secret(Array("north".utf8))
    change(&settings)
    group = try LoopGroup(count: count)
    service = try SignalingService(on: group, settings)
    threads = try group.start()
  }

  var port: UInt16 { service.addresses[0].port }

  /// What the service reports now.
  func report() -> SignalingReport {
    let result = Mutex<SignalingReport?>(nil)
    let done = DispatchSemaphore(value: 0)
    service.inspect(on: group.loops[0]) { report in
      result.withLock { $0 = report }
      done.signal()
    }
    done.wait()
    return result.withLock { $0 } ?? SignalingReport.none
  }

  /// Mallocs that the first loop's thread has made so far.
  func mallocs() -> UInt64 {
    let result = Mutex<UInt64>(0)
    let done = DispatchSemaphore(value: 0)
    group.loops[0].submit {
      result.withLock { $0 = parley_malloc_count() }
      done.signal()
    }
    done.wait()
    return result.withLock { $0 }
  }

  /// Asks again until `holds` is true of the report; false when it never is.
  func reports(_ holds: (SignalingReport) -> Bool) -> Bool {
    let end = Clock.now() + .seconds(10)
    while Clock.now() < end { if holds(report()) { return true } }
    return false
  }

  func stop() {
    let done = DispatchSemaphore(value: 0)
    service.stop { done.signal() }
    done.wait()
    for thread in threads { thread.stopAndJoin() }
  }
}

extension SignalingReport {
  static var none: SignalingReport { preconditionFailure("inspect gave no report") }
}

/// Runs `body` against a service that is stopped afterwards.
func withService(
  loops: Int = 2, _ change: (inout SignalingSettings) -> Void = { _ in },
  _ body: (RunningService) throws -> Void
) throws {
  let running = try RunningService(loops: loops, change)
  defer { running.stop() }
  try body(running)
}
