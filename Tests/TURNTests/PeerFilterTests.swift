// Which peers may be relayed to, in whatever form their address comes.

import NetTypes
import Testing

@testable import TURN

struct PeerFilterTests {
  private func ip(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }
  private func cidr(_ text: String) throws -> CIDR { try #require(CIDR(text)) }

  @Test func `every default rule is well formed`() {
    #expect(PeerFilter.refusedByDefault.count == 28)
  }

  @Test(arguments: [
    "0.0.0.0", "0.1.2.3", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.255",
    "169.254.169.254",
    "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1",
    "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "255.255.255.255",
    "::", "::1", "fc00::1", "fdff::1", "fe80::1", "febf::1", "fec0::1", "ff02::1", "2001:db8::1",
    "100::1", "64:ff9b:1::8.8.8.8", "64:ff9b:1:a00::1", "2001:2::1", "2001:10::1", "3fff::1",
    "5f00::1",
  ])
  func `what is not the public Internet is refused by default`(text: String) throws {
    #expect(!PeerFilter().allows(try ip(text)))
  }

  @Test(arguments: [
    "8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00::1",
  ])
  func `the public Internet is allowed by default`(text: String) throws {
    #expect(PeerFilter().allows(try ip(text)))
  }

  // CVE-2020-26262, CVE-2026-27624, CVE-2026-53450 and coturn #1945.
  @Test(arguments: [
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "::10.0.0.1", "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::10.0.0.1", "2002:7f00:1::", "2002:a00:1::1",
    "2001:0:1:2:3:4:80ff:fffe", "::ffff:0:127.0.0.1",
  ])
  func `a refused IPv4 address stays refused inside an IPv6 one`(text: String) throws {
    #expect(!PeerFilter().allows(try ip(text)))
  }

  @Test func `a public IPv4 address inside an IPv6 one is allowed`() throws {
    #expect(PeerFilter().allows(try ip("64:ff9b::8.8.8.8")))
    #expect(PeerFilter().allows(try ip("2002:808:808::1")))
  }

  @Test func `the most specific rule decides, and the operator's beats the default`() throws {
    let filter = PeerFilter(
      allow: [try cidr("10.1.0.0/16"), try cidr("127.0.0.0/8")],
      deny: [try cidr("10.1.2.0/24"), try cidr("8.8.8.8")])
    #expect(filter.allows(try ip("10.1.1.1")))
    #expect(!filter.allows(try ip("10.1.2.1")))
    #expect(!filter.allows(try ip("10.2.0.1")))
    #expect(filter.allows(try ip("127.0.0.1")))
    #expect(!filter.allows(try ip("8.8.8.8")))
    #expect(filter.allows(try ip("8.8.4.4")))
  }

  @Test func `a block that is both allowed and denied is denied`() throws {
    let block = try cidr("8.8.0.0/16")
    #expect(!PeerFilter(allow: [block], deny: [block]).allows(try ip("8.8.8.8")))
  }

  @Test func `allowing everything does not open what is private`() throws {
    #expect(!PeerFilter(allow: [try cidr("0.0.0.0/0")]).allows(try ip("10.0.0.1")))
  }

  @Test func `the relay's own address is allowed at the relay's ports and no others`() throws {
    let relay = try ip("192.168.7.7")
    let filter = PeerFilter(relayAddresses: [relay])
    #expect(filter.allows(relay))
    #expect(filter.allows(SocketAddress(relay, port: 49_152)))
    #expect(!filter.allows(SocketAddress(relay, port: 49_151)))
    #expect(!filter.allows(SocketAddress(relay, port: 53)))
    #expect(filter.allows(SocketAddress(try ip("8.8.8.8"), port: 53)))
    let opened = PeerFilter(allow: [try cidr("192.168.0.0/16")], relayAddresses: [relay])
    #expect(opened.allows(SocketAddress(relay, port: 53)))
  }

  @Test func `denying the relay's own address by itself is a denial, a wider block is not`() throws
  {
    let relay = try ip("192.168.7.7")
    #expect(!PeerFilter(deny: [try cidr("192.168.7.7")], relayAddresses: [relay]).allows(relay))
    // Else a list of private blocks would keep two clients of the relay apart.
    let listed = PeerFilter(deny: [try cidr("192.168.0.0/16")], relayAddresses: [relay])
    #expect(listed.allows(relay) && listed.allows(SocketAddress(relay, port: 50_000)))
    #expect(!listed.allows(SocketAddress(relay, port: 53)))
  }

  @Test func `what this process serves is refused, whatever the operator allows`() throws {
    let relay = try ip("192.168.7.7")
    let everywhere = SocketAddress(IPAddress(0, 0, 0, 0), port: 8080)
    let filter = PeerFilter(
      allow: [try cidr("192.168.0.0/16"), try cidr("127.0.0.0/8")], relayAddresses: [relay],
      ownServices: [SocketAddress(relay, port: 3478), everywhere])
    #expect(!filter.allows(SocketAddress(relay, port: 3478)))
    #expect(!filter.allows(SocketAddress(relay, port: 8080)))
    #expect(!filter.allows(SocketAddress(.loopbackV4, port: 8080)))
    #expect(filter.allows(SocketAddress(.loopbackV4, port: 8081)))
  }

  @Test func `a channel or an indication to a service of our own is refused`() throws {
    let bench = Bench()
    try bench.allocate()
    #expect(try bench.permit(SocketAddress(Bench.relayIP, port: 1)).isSuccess)
    #expect(try bench.bind(0x4000, bench.server).code == 403)
    #expect(
      bench.receive(bench.sendIndication([1], to: bench.server)) == .drop(.forbiddenPeer))
  }
}
