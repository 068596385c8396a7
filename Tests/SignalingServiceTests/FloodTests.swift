// Those who flood, and come back to do it again.

import Admission
import NetTypes
import Signaling
import SignalingService
import Testing

@Suite struct FloodTests {
  @Test func `whoever floods again and again has to wait before it may join again`() throws {
    try withService({
      $0.limits.rates.other = Rate(perSecond: 1, burst: 1)
      $0.limits.refusedMax = 3
    }) { running in
      for _ in 0..<FailureThrottle.freeFailures {
        let client = try SocketClient(port: running.port)
        try client.join("tea")
        for _ in 0..<10 { client.say("ice") }
        #expect(try Self.end(of: client).code == 4003)
      }
      let again = try SocketClient(port: running.port)
      again.say("join", #""room":"tea""#)
      let end = try Self.end(of: again)
      #expect(end.code == 4006 && end.error == "too_many_attempts")
    }
  }

  /// The code of the close frame, and that of the error before it.
  private static func end(of client: SocketClient) throws -> (code: UInt16?, error: String?) {
    var error: String?
    while true {
      switch try client.next() {
      case .text(let message): error = message["code"] as? String ?? error
      case .closed(let code): return (code, error)
      case .ended: return (nil, error)
      }
    }
  }
}
