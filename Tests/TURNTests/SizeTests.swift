// What an allocation takes, so that nobody makes it larger unawares.

import NetTypes
import Testing

@testable import TURN

struct SizeTests {
  @Test func `an allocation and its tables stay small, and its front within five cache lines`() {
    #expect(MemoryLayout<SocketAddress>.stride == 24)
    #expect(MemoryLayout<Allocation>.stride <= 640)
    #expect(MemoryLayout<Allocation>.offset(of: \.id).map { $0 <= 320 } == true)
    #expect(MemoryLayout<Permission>.stride <= 32)
    #expect(MemoryLayout<ChannelBinding>.stride <= 40)
    #expect(MemoryLayout<TURNServer.Relay>.stride <= 80)
  }
}
