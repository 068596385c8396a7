// Datagrams that came faster than they were read.

import Dispatch
import EventLoop
import NetTypes
import TURNClient
import Testing

@testable import RelayService

struct OverflowTests {
  /// Sends `count` datagrams that are nothing to anybody.
  private func flood(_ target: SocketAddress, _ count: Int, from socket: UDPSocket) {
    let payload: [UInt8] = [0xff, 0xff]
    for _ in 0..<count { _ = socket.send(payload.span, 0..<2, to: target) }
  }

  /// What the relay says, as soon as `isDone` of it.
  private func snapshot(_ relay: Relay, until isDone: (RelaySnapshot) -> Bool) async
    -> RelaySnapshot
  {
    for _ in 0..<10_000 {
      let snapshot = await relay.snapshot()
      if isDone(snapshot) { return snapshot }
    }
    return await relay.snapshot()
  }

  @Test func `what listeners and relays had no room for is counted, of ended relays too`()
    async throws
  {
    let relay = try Relay()
    defer { relay.stop() }
    let server = try #require(relay.service.addresses.first)
    let client = try Client(server)
    let relayed = try client.allocate()
    let before = await relay.snapshot()
    #expect(before.overflowsFromClients == 0 && before.overflowsFromPeers == 0)

    // Nothing is read meanwhile.
    let hold = DispatchSemaphore(value: 0)
    relay.group.loops[0].submit { hold.wait() }
    let (toServer, toRelay) = (40_000, 10_000)
    flood(server, toServer, from: client.socket)
    flood(relayed, toRelay, from: client.socket)
    hold.signal()
    let full = await snapshot(relay) {
      $0.receivedFromClients + $0.overflowsFromClients
        == before.receivedFromClients + UInt64(toServer)
        && $0.receivedFromPeers + $0.overflowsFromPeers == UInt64(toRelay)
    }
    #expect(full.overflowsFromClients > 0 && full.overflowsFromPeers > 0)
    #expect(
      full.receivedFromClients + full.overflowsFromClients
        == before.receivedFromClients + UInt64(toServer))
    #expect(full.receivedFromPeers + full.overflowsFromPeers == UInt64(toRelay))

    client.core.refresh(seconds: 0, now: Clock.now())
    client.flush()
    let ended = await snapshot(relay) { $0.allocations.isEmpty }
    #expect(ended.overflowsFromPeers == full.overflowsFromPeers)
  }
}
