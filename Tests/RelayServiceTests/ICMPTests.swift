// ICMP errors of peers, from the kernel's error queue to the client.

import EventLoop
import NetTypes
import TURN
import TURNClient
import Testing

@testable import RelayService

struct ICMPServiceTests {
  /// A port of loopback where nobody listens.
  private func closedPort(_ ip: IPAddress) throws -> SocketAddress {
    let socket = try UDPSocket(
      bind: SocketAddress(ip, port: 0), reusePort: false, packetInfo: false, bufferBytes: 4_096)
    socket.close()
    return socket.address
  }

  @Test(
    "Trap 28: a closed port at the peer becomes an ICMP attribute at the client",
    arguments: [("127.0.0.1:0", 3, 3), ("[::1]:0", 1, 4)] as [(String, UInt8, UInt8)])
  func closedPort(listener: String, type: UInt8, code: UInt8) throws {
    let relay = try Relay(listeners: [listener])
    defer { relay.stop() }
    let server = relay.service.addresses[0]
    let a = try Client(server, family: server.ip.family)
    _ = try a.allocate()
    let nobody = try closedPort(server.ip)
    a.core.permit([nobody], now: Clock.now())
    try #require(a.wait { event, _ in event == .permitted } != nil)
    a.core.send([1, 2, 3], to: nobody)
    let told = ICMPError(target: nobody, type: type, code: code)
    #expect(a.wait { event, _ in event == .unreachable(told) } != nil)
  }

  @Test("Trap 28: errors of one peer cost another peer no datagram, either way")
  func noDatagramLost() async throws {
    let relay = try Relay()
    defer { relay.stop() }
    let a = try Client(relay.service.addresses[0])
    let b = try Client(relay.service.addresses[0])
    try meet(a, b)
    let nobody = try closedPort(.loopbackV4)
    a.core.permit([nobody], now: Clock.now())
    try #require(a.wait { event, _ in event == .permitted } != nil)
    for round in 0..<200 {
      let payload = [UInt8(round)]
      // An error is pending at the relay's socket when the second of these is to leave from it.
      a.core.send(payload, to: nobody)
      a.core.send(payload, on: 0x4000)
      b.core.send(payload, on: 0x4000)
      a.flush()
      try #require(b.wait { _, bytes in bytes.last == payload[0] } != nil, "round \(round)")
      try #require(
        a.wait { event, bytes in
          if case .data = event { bytes.last == payload[0] } else { false }
        } != nil, "round \(round)")
    }
    let snapshot = await relay.snapshot()
    #expect(snapshot.sendFailures == 0)
    #expect(snapshot.allocations.count == 2)
  }
}
