// Which peers may be relayed to, in whatever form their address comes.

import NetTypes
import STUN
import Testing

@testable import TURN

struct PeerFilterTests {
  private func ip(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }
  private func cidr(_ text: String) throws -> CIDR { try #require(CIDR(text)) }

  @Test func `every default rule is well formed`() {
    #expect(PeerFilter.refusedByDefault.count == 28)
  }

  @Test(
    "Trap 35: what is not the public Internet is refused by default",
    arguments: [
      "0.0.0.0", "0.1.2.3", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.255",
      "169.254.169.254",
      "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1",
      "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255",
      "255.255.255.255",
      "::", "::1", "fc00::1", "fdff::1", "fe80::1", "febf::1", "fec0::1", "ff02::1", "2001:db8::1",
      "100::1", "64:ff9b:1::8.8.8.8", "64:ff9b:1:a00::1", "2001:2::1", "2001:10::1", "3fff::1",
      "5f00::1",
    ])
  func refusedByDefault(text: String) throws {
    #expect(!PeerFilter().allows(try ip(text)))
  }

  @Test(arguments: [
    "8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00::1",
  ])
  func `the public Internet is allowed by default`(text: String) throws {
    #expect(PeerFilter().allows(try ip(text)))
  }

  @Test(
    "coturn #1945: a refused IPv4 address stays refused inside an IPv6 one",
    arguments: [
      "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "::10.0.0.1", "64:ff9b::127.0.0.1",
      "64:ff9b::a9fe:a9fe", "64:ff9b:1::10.0.0.1", "2002:7f00:1::", "2002:a00:1::1",
      "2001:0:1:2:3:4:80ff:fffe", "::ffff:0:127.0.0.1",
    ])
  func inside(text: String) throws {
    #expect(!PeerFilter().allows(try ip(text)))
  }

  @Test(
    "CVE-2020-26262: the unspecified and loopback addresses of either family are refused",
    arguments: ["0.0.0.0", "127.0.0.1", "127.1.2.3", "::", "::1"])
  func loopback(text: String) throws {
    #expect(!PeerFilter().allows(try ip(text)))
    #expect(!PeerFilter(allow: [try cidr("0.0.0.0/0"), try cidr("::/0")]).allows(try ip(text)))
  }

  @Test("CVE-2026-27624: loopback as an IPv4-mapped address is refused, in an Allocate's life too")
  func mapped() throws {
    let bench = Bench()
    try bench.allocate { $0.add(.requestedAddressFamily, uint32: 2 << 24) }
    let mapped = try #require(SocketAddress("[::ffff:127.0.0.1]:80"))
    #expect(try bench.permit(mapped).code == 403)
    #expect(try bench.bind(0x4000, mapped).code == 403)
    #expect(bench.receive(bench.sendIndication([1], to: mapped)) == .drop(.noPermission))
  }

  @Test("CVE-2026-53450: allowing the outer form does not allow what is inside, in any order")
  func outerAllowed() throws {
    for (outer, inside) in [
      ("::ffff:0:0/96", "::ffff:127.0.0.1"), ("64:ff9b::/96", "64:ff9b::10.0.0.1"),
      ("2002::/16", "2002:7f00:1::"), ("::/0", "::ffff:169.254.169.254"),
    ] {
      let filter = PeerFilter(allow: [try cidr(outer)])
      #expect(!filter.allows(try ip(inside)), "\(outer)")
    }
    let denied = PeerFilter(allow: [try cidr("::ffff:8.8.8.8")], deny: [try cidr("8.8.8.8")])
    #expect(!denied.allows(try ip("::ffff:8.8.8.8")))
  }

  @Test(
    "coturn #1947: link-local, unique local and site-local addresses are refused",
    arguments: ["169.254.1.1", "fe80::1", "fc00::1", "fd12:3456::1", "fec0::1"])
  func local(text: String) throws {
    #expect(!PeerFilter().allows(try ip(text)))
  }

  @Test("CVE-2018-4058: nobody reaches the host's own loopback through the relay unless told so")
  func ownLoopback() throws {
    let bench = Bench()
    try bench.allocate()
    let local = SocketAddress(.loopbackV4, port: 5_766)
    #expect(try bench.permit(local).code == 403)
    #expect(try bench.bind(0x4000, local).code == 403)
  }

  @Test(
    "Slack TURN SSRF: the metadata services of clouds are refused, in every form",
    arguments: [
      "169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1",
      "fd00:ec2::254", "100.100.100.200", "192.0.0.192",
    ])
  func metadata(text: String) throws {
    #expect(!PeerFilter().allows(try ip(text)))
  }

  @Test("coturn 6c13608c: a range of IPv6 addresses is lexicographic, not byte by byte")
  func range() throws {
    let first = try ip("2a00:1:0:ff::1")
    let last = try ip("2a00:2:0:1::5")
    let filter = PeerFilter(deny: try #require(AddressRange(first, last)).blocks)
    for inside in ["2a00:1:0:ff::1", "2a00:1:ffff::", "2a00:2::ffff", "2a00:2:0:1::5"] {
      #expect(!filter.allows(try ip(inside)), "\(inside)")
    }
    for outside in ["2a00:1:0:ff::", "2a00:0:ffff::1", "2a00:2:0:1::6", "2a00:2:0:2::"] {
      #expect(filter.allows(try ip(outside)), "\(outside)")
    }
  }

  @Test("coturn #1946: a service of our own is refused behind a translator's address too")
  func translated() throws {
    let own = SocketAddress(try ip("8.8.8.8"), port: 3_478)
    let filter = PeerFilter(relayAddresses: [own.ip], ownServices: [own])
    #expect(!filter.allows(own))
    #expect(!filter.allows(SocketAddress(try ip("64:ff9b::8.8.8.8"), port: 3_478)))
    #expect(!filter.allows(SocketAddress(try ip("64:ff9b::8.8.8.8"), port: 22)))
    #expect(filter.allows(SocketAddress(try ip("64:ff9b::8.8.8.8"), port: 50_000)))
  }

  @Test("Trap 35: permissions and channels to what is refused from now on end, and others stay")
  func revoked() throws {
    let bench = Bench()
    try bench.allocate()
    let other = SocketAddress(try ip("9.9.9.9"), port: 9)
    try #require(try bench.bind(0x4000, bench.peer).isSuccess)
    try #require(try bench.bind(0x4001, other).isSuccess)
    bench.turn.revokePermissions(
      refusedBy: PeerFilter(deny: [try cidr("8.8.8.0/24")]))
    #expect(bench.receive(bench.channelData(0x4000, [1])) == .drop(.noChannel))
    #expect(bench.receive(bench.sendIndication([1], to: bench.peer)) == .drop(.noPermission))
    let (verdict, _) = bench.receive([1], fromPeer: bench.peer, at: try bench.lastRelay())
    #expect(verdict == .drop(.noPermission))
    guard case .toPeer = bench.receive(bench.channelData(0x4001, [1])) else {
      Issue.record("lost what is still allowed")
      return
    }
    #expect(bench.records.first?.permissions == 1 && bench.records.first?.channels == 1)
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

  @Test("Trap 35: the relay's own address is allowed at the relay's ports, to meet there, only")
  func hairpin() throws {
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
