// What the endpoint says of the relay, held to what went through it.

import AdminAPI
import Foundation
import Glibc
import HTTP1
import NetTypes
import Testing

@testable import AdminService

@Suite struct RelayHalfTests {
  @Test func `Without allocations the list is empty and all counters are 0`() throws {
    try withServer { server in
      let answer = try server.client().ask("/allocations")
      #expect(String(decoding: answer.body, as: UTF8.self) == #"{"allocations":[]}"#)
      #expect(try server.ask("/stats") == StatsDocument())
    }
  }

  @Test func `An allocation is listed with what went through it, to the byte`() throws {
    try withServer { server in
      let client = try RelayClient(server, seed: 1)
      let peer = try ClientSocket(SOCK_DGRAM, port: client.relay.port)
      try client.bind(0x4001, to: SocketAddress(.loopbackV4, port: peer.localPort))
      for _ in 0..<3 {
        client.send([UInt8](repeating: 7, count: 100), on: 0x4001)
        #expect(try peer.receive()?.count == 100)
      }
      for _ in 0..<2 {
        peer.send([UInt8](repeating: 9, count: 50))
        #expect(try client.payloadLength() == 50)
      }

      let listed = try server.ask("/allocations", AllocationsDocument.self)
      let allocation = try #require(listed.allocations.first)
      #expect(listed.allocations.count == 1)
      #expect(listed.omitted == nil)
      #expect(allocation.id.count == 32 && allocation.id.allSatisfy(\.isHexDigit))
      #expect(allocation.username == "ann")
      #expect(allocation.client == "127.0.0.1:\(client.socket.localPort)")
      #expect(allocation.relay == client.relay.text)
      #expect(allocation.transport == "udp")
      #expect((0...10).contains(allocation.ageSeconds))
      #expect((590...600).contains(allocation.expiresInSeconds))
      #expect(allocation.permissions == 1 && allocation.channels == 1)
      // RFC 8656 §12.4: ChannelData has a header of 4 bytes.
      #expect(allocation.fromClient == TrafficDocument(packets: 3, bytes: 312))
      #expect(allocation.toPeer == TrafficDocument(packets: 3, bytes: 300))
      #expect(allocation.fromPeer == TrafficDocument(packets: 2, bytes: 100))
      #expect(allocation.toClient == TrafficDocument(packets: 2, bytes: 108))
      #expect(allocation.drops == 0)
    }
  }

  @Test func `What an ended allocation carried stays in the sums`() throws {
    try withServer { server in
      let client = try RelayClient(server, seed: 2)
      let peer = try ClientSocket(SOCK_DGRAM, port: client.relay.port)
      try client.bind(0x4002, to: SocketAddress(.loopbackV4, port: peer.localPort))
      client.send([1, 2, 3, 4, 5], on: 0x4002)
      _ = try peer.receive()
      // A channel that is not bound is a drop of this allocation, and of the relay.
      client.send([1], on: 0x4003)
      #expect(
        try server.answers("/allocations", AllocationsDocument.self) {
          $0.allocations.first?.drops == 1
        })
      try client.end()

      #expect(
        try server.answers("/stats", StatsDocument.self) { $0.relay.allocationsLive == 0 })
      let relay = try server.ask("/stats", StatsDocument.self).relay
      #expect(relay.allocationsCreated == 1)
      #expect(relay.closed.fromClient == TrafficDocument(packets: 2, bytes: 14))
      #expect(relay.closed.toPeer == TrafficDocument(packets: 1, bytes: 5))
      #expect(relay.closed.fromPeer == TrafficDocument())
      #expect(relay.closed.drops == 1)
      #expect(relay.drops == ["noChannel": 1])
      // Allocate twice, the first time without credentials; ChannelBind; Refresh; and the two data.
      #expect(relay.requests == 4 && relay.receivedFromClients == 6)
      #expect(relay.errors == ["401": 1])
      #expect(relay.sendFailures == 0 && relay.unusable == 0)
      #expect(relay.overflowsFromClients == 0 && relay.overflowsFromPeers == 0)
      #expect(try server.ask("/allocations", AllocationsDocument.self) == AllocationsDocument())
    }
  }

  @Test func `Allocations of all loops are in one list, the oldest first`() throws {
    try withServer { server in
      // Twelve sockets: that all meet the same of two loops is a matter of 1 in 2048.
      var relays: [String] = []
      var clients: [ClientSocket] = []
      for seed in 0..<12 {
        let client = try RelayClient(server, seed: UInt64(100 + seed))
        relays.append(client.relay.text)
        clients.append(client.socket)
      }
      let listed = try server.ask("/allocations", AllocationsDocument.self)
      #expect(listed.allocations.map(\.relay).sorted() == relays.sorted())
      #expect(Set(listed.allocations.map(\.id)).count == 12)
      let ages = listed.allocations.map(\.ageSeconds)
      #expect(ages == ages.sorted(by: >))
      withExtendedLifetime(clients) {}
    }
  }

  @Test func `Numbers of 64 bits pass through JSON exactly`() throws {
    var document = ClosedDocument()
    document.fromClient = TrafficDocument(packets: .max, bytes: .max - 1)
    // The first that a double does not hold.
    document.drops = 1 << 53 + 1
    let json = try #require(String(validating: jsonBody(document), as: UTF8.self))
    #expect(json.contains(#"{"bytes":18446744073709551614,"packets":18446744073709551615}"#))
    let decoded = try JSONDecoder().decode(ClosedDocument.self, from: Data(json.utf8))
    #expect(decoded == document)
  }

  @Test func `A list longer than an answer tells what it leaves out`() throws {
    var document = AllocationsDocument()
    document.omitted = 3
    let json = String(decoding: jsonBody(document), as: UTF8.self)
    #expect(json == #"{"allocations":[],"omitted":3}"#)
  }

  private func jsonBody(_ document: some Encodable) -> [UInt8] {
    HTTPResponse.document(document).body
  }
}
