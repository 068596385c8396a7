// The promise of a message's way: one place on the heap for what it says, and no other.

import NetTypes
import Signaling
import SignalingService
import Testing

@Suite struct MallocTests {
  #if DEBUG
    private static let isOptimized = false
  #else
    private static let isOptimized = true
  #endif

  /// Messages until the receiver acknowledges them.
  private static let unacknowledgedMax = 64
  /// The memory of the ring that keeps those: it grows twofold from one to them all.
  private static let perAcknowledgement = 8

  /// Sends messages of about 300 bytes and waits for each; what is acknowledged is so in between.
  private func talk(
    _ ann: SocketClient, _ bob: SocketClient, named peer: String, count: Int
  ) throws {
    let line = String(repeating: "x", count: 200)
    for sent in 1...count {
      ann.say("candidate", #""to":"\#(peer)","candidate":{"candidate":"\#(line)","sdpMid":"0"}"#)
      let heard = try bob.expect("candidate")
      guard sent % Self.unacknowledgedMax == 0 else { continue }
      let last = try #require(heard["seq"] as? Int)
      bob.send(raw: SocketClient.text("ping", bob.number, #""ack":\#(last)"#))
      try bob.expect("pong")
    }
  }

  @Test(.enabled(if: isOptimized, "needs: swift test -c release -Xswiftc -enable-testing"))
  func `A routed message costs the loop's thread one heap allocation`() throws {
    let rates = ClientRates(messagesPerSecond: 100_000)
    try withService(loops: 1, { $0.limits.rates = rates }) { service in
      let ann = try SocketClient(port: service.port)
      let bob = try SocketClient(port: service.port)
      try ann.join("tea")
      let peer = try #require(try bob.join("tea")["peer"] as? String)
      try ann.expect("presence")
      try talk(ann, bob, named: peer, count: 4 * Self.unacknowledgedMax)
      let count = 16 * Self.unacknowledgedMax
      let before = service.mallocs()
      try talk(ann, bob, named: peer, count: count)
      let during = Int(service.mallocs() - before)
      // The questions themselves take a few.
      let allowed = count + 16 * Self.perAcknowledgement + 20
      #expect(during <= allowed, "\(during) allocations for \(count) messages")
      // Each message is kept, so that one allocation there has to be.
      #expect(during >= count)
    }
  }
}
