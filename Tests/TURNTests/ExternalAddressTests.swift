// A relay behind a one-to-one NAT: what clients and peers are told, and where datagrams go.

import NetTypes
import STUN
import Testing

@testable import TURN

struct ExternalAddressTests {
  static let outside = IPAddress(9, 9, 9, 9)
  let bench = Bench {
    $0.external = ExternalAddresses([(inside: Bench.relayIP, outside: Self.outside)])
    $0.peers = PeerFilter(relayAddresses: [Bench.relayIP, Self.outside])
  }

  @Test func `A socket is bound inside, and its outside address is announced`() throws {
    let answer = try bench.allocate()
    let relay = try #require(answer.relay)
    #expect(relay.ip == Self.outside)
    let bound = try #require(bench.openRelays[try bench.lastRelay()])
    #expect(bound == SocketAddress(Bench.relayIP, port: relay.port))
  }

  @Test func `An address of the other family is announced as it is`() throws {
    let answer = try bench.allocate { $0.add(.requestedAddressFamily, uint32: 2 << 24) }
    #expect(answer.relay?.ip == Bench.relayIPv6)
  }

  @Test func `Two clients meet at the outside address without going through the NAT`() throws {
    let other = SocketAddress(IPAddress(198, 51, 100, 8), port: 4_001)
    let ann = try #require(try bench.allocate().relay)
    let annRelay = try bench.lastRelay()
    let bob = try #require(try bench.allocate(username: "bob", from: other).relay)
    #expect(try bench.permit(bob).isSuccess)
    let verdict = bench.receive(bench.sendIndication([1, 2, 3], to: bob))
    guard case .toPeer(_, let target, _, _, _) = verdict else {
      Issue.record("\(verdict)")
      return
    }
    #expect(target == SocketAddress(Bench.relayIP, port: bob.port))
    // Bob's relay sends from the inside; Ann knows him by the outside.
    let source = SocketAddress(Bench.relayIP, port: bob.port)
    let (back, frame) = bench.receive([4, 5], fromPeer: source, at: annRelay)
    guard case .toClient = back else {
      Issue.record("\(back)")
      return
    }
    let message = try Message(frame.span, in: 0..<frame.count)
    #expect(message.xorAddress(.xorPeerAddress, frame.span) == bob)
    #expect(ann.ip == Self.outside)
  }

  @Test func `Behind the outside address, only the relay's ports are anybody's peers`() throws {
    let peers = bench.turn.peers
    #expect(!peers.allows(SocketAddress(Self.outside, port: 22)))
    #expect(peers.allows(SocketAddress(Self.outside, port: 50_000)))
  }
}
