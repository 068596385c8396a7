// The relay over DTLS on loopback: sealed datagrams through real sockets, and what strangers cost.

import EventLoop
import Glibc
import NetTypes
import STUN
import TLS
import TLSTesting
import TURN
import TURNClient
import Testing

@testable import RelayService

/// A relay with a certificate, and clients that trust it.
private struct SecureRelay {
  let relay: Relay
  let certificate: TestCertificate
  let clients: TLSContext

  /// - Parameter alone: on a port of its own, or on one that serves UDP too.
  init(alone: Bool = true, host: String = "127.0.0.1", threads: Int = 1) throws {
    certificate = try TestCertificate()
    clients = try TLSContext(
      trusting: certificate.certificatePath, protocols: ["stun.turn"], layer: .datagram)
    let store = try CertificateStore(
      certificates: certificate.certificatePath, key: certificate.keyPath,
      protocols: ["stun.turn", "stun.nat-discovery"])
    let port = try alone ? 0 : Self.freePort()
    relay = try Relay(
      threads: threads, listeners: ["\(host):\(port)"], transport: .dtls, certificates: store,
      alsoUDP: !alone)
  }

  private static func freePort() throws -> UInt16 {
    let socket = try UDPSocket(
      bind: SocketAddress(.loopbackV4, port: 0), reusePort: false, packetInfo: false,
      bufferBytes: 4_096)
    defer { socket.close() }
    return socket.address.port
  }

  var address: SocketAddress {
    SocketAddress(.loopbackV4, port: relay.service.addresses[0].port)
  }

  func client() throws -> Client {
    try Client(address, session: DTLSEngine(connectingTo: "localhost", by: clients))
  }
}

struct DTLSTests {
  @Test(arguments: ["127.0.0.1", "0.0.0.0"])
  func `two clients talk through the relay by DTLS, and all is counted`(host: String) async throws {
    let secure = try SecureRelay(host: host, threads: 2)
    defer { secure.relay.stop() }
    let a = try secure.client()
    let b = try secure.client()
    let (relayA, _) = try meet(a, b)
    #expect(a.session?.applicationProtocol == "stun.turn")
    #expect(try exchange(a, b, count: 500, size: 1_001) == 500)
    let snapshot = await secure.relay.snapshot()
    #expect(snapshot.allocations.allSatisfy { $0.fiveTuple.transport == .dtls })
    #expect(snapshot.dtls.live == 2 && snapshot.dtls.handshakes == 0)
    #expect(snapshot.dtls.established == 2)
    let record = try #require(snapshot.allocations.first { $0.relayAddresses == [relayA] })
    let sender = record.counters
    #expect(sender.fromClient == Traffic(packets: 500, bytes: 502_500))
    #expect(sender.drops == 0)
  }

  @Test("Trap 25: UDP and DTLS share a port, and the first byte tells which it is")
  func bothOnOnePort() async throws {
    let secure = try SecureRelay(alone: false)
    defer { secure.relay.stop() }
    let plain = try Client(secure.address)
    let sealed = try secure.client()
    try meet(plain, sealed)
    #expect(try exchange(plain, sealed, count: 100, size: 100) == 100)
    #expect(try exchange(sealed, plain, count: 100, size: 100) == 100)
    let transports = await secure.relay.snapshot().allocations.map(\.fiveTuple.transport)
    #expect(Set(transports) == [.udp, .dtls])
  }

  @Test("Trap 25: a port for DTLS alone takes nothing in the clear")
  func nothingInTheClear() async throws {
    let secure = try SecureRelay()
    defer { secure.relay.stop() }
    let stranger = try Client(secure.address)
    stranger.core.allocate(now: Clock.now())
    stranger.flush()
    #expect(await secure.relay.eventually { $0.dtls.drops["notDTLS"] == 1 })
    let snapshot = await secure.relay.snapshot()
    #expect(snapshot.requests == 0 && snapshot.allocations.isEmpty)
  }

  @Test("CVE-2026-73214: hellos that are not answered leave nothing behind")
  func helloFlood() async throws {
    let secure = try SecureRelay()
    defer { secure.relay.stop() }
    for _ in 0..<200 { try secure.client().flush() }
    #expect(await secure.relay.eventually { $0.receivedFromClients == 200 })
    let snapshot = await secure.relay.snapshot()
    #expect(snapshot.dtls == DTLSFigures())
  }

  @Test func `a client's close_notify ends its allocation`() async throws {
    let secure = try SecureRelay()
    defer { secure.relay.stop() }
    let client = try secure.client()
    _ = try client.allocate()
    #expect(await secure.relay.snapshot().allocations.count == 1)
    client.session?.close()
    client.flush()
    #expect(await secure.relay.eventually { $0.allocations.isEmpty && $0.dtls.live == 0 })
  }

  @Test func `what no record holds is dropped and counted, and the session goes on`() async throws {
    let secure = try SecureRelay(alone: false)
    defer { secure.relay.stop() }
    let plain = try Client(secure.address)
    let sealed = try secure.client()
    try meet(plain, sealed)
    plain.core.send([UInt8](repeating: 1, count: 20_000), on: 0x4000)
    plain.flush()
    #expect(await secure.relay.eventually { $0.sendFailures == 1 })
    #expect(try exchange(plain, sealed, count: 10, size: 1_200) == 10)
  }

  @Test func `a stopping relay says goodbye to its sessions`() async throws {
    let secure = try SecureRelay()
    let client = try secure.client()
    _ = try client.allocate()
    secure.relay.stop()
    let end = Clock.now() + .seconds(10)
    while client.session?.progress == .established, Clock.now() < end { client.step() }
    #expect(client.session?.progress == .ended)
  }
}
