// RFC 8656 §7.2 and §8.2: allocations made, refused, refreshed and ended.

import NetTypes
import STUN
import TURNTesting
import Testing

@testable import TURN

struct AllocateTests {
  let bench = Bench()

  @Test func `an allocation has a relay address in the port range, and tells the client his own`()
    throws
  {
    let answer = try bench.allocate()
    #expect(answer.isSuccess && answer.isSigned(by: Bench.key))
    #expect(answer.mapped == bench.client)
    #expect(answer.lifetime == 600)
    let relay = try #require(answer.relay)
    #expect(relay.ip == Bench.relayIP && relay.port >= 49_152)
    #expect(Array(bench.openRelays.values) == [relay])
    #expect(bench.records.map(\.relayAddresses) == [[relay]])
  }

  @Test(
    "Trap 16: the lifetime is what is asked for, within ten minutes and an hour",
    arguments: [(nil, 600), (0, 600), (5, 600), (777, 777), (3_600, 3_600), (86_400, 3_600)])
  func lifetime(asked: UInt32?, granted: UInt32) throws {
    let answer = try bench.allocate { if let asked { $0.add(.lifetime, uint32: asked) } }
    #expect(answer.lifetime == granted)
    #expect(bench.records.count == 1)
  }

  @Test(
    "Trap 16: the operator's bounds hold for Allocate and Refresh",
    arguments: [(nil, 100), (50, 100), (150, 150), (4_000_000_000, 200)])
  func lifetimeBounds(asked: UInt32?, granted: UInt32) throws {
    let bench = Bench {
      $0.limits.allocationLifetimeDefault = .seconds(100)
      $0.limits.allocationLifetimeMax = .seconds(200)
    }
    let answer = try bench.allocate { if let asked { $0.add(.lifetime, uint32: asked) } }
    #expect(answer.lifetime == granted)
    let refreshed = try bench.ask(.refresh) {
      if let asked { $0.add(.lifetime, uint32: asked) }
    }
    #expect(refreshed.lifetime == granted)
  }

  @Test("Trap 11: the same request again gets the same answer and no second allocation")
  func isIdempotent() throws {
    let id = TransactionID(high: 5, low: 6)
    let first = try bench.allocate(id: id)
    bench.advance(by: .seconds(1))
    let again = try bench.allocate(id: id)
    #expect(again.isSuccess && again.relay == first.relay)
    #expect(again.lifetime == 599)
    #expect(bench.records.count == 1 && bench.quota.total == 1)
  }

  @Test func `a lifetime that is no four bytes is a bad request`() throws {
    #expect(try bench.allocate { $0.add(.lifetime, bytes: [0, 1]) }.code == 400)
    #expect(bench.quota.total == 0)
  }

  @Test func `attributes that are known but mean nothing here are ignored`() throws {
    let answer = try bench.allocate {
      $0.add(.channelNumber, uint32: 0x4000_0000)
      $0.add(.data, bytes: [1])
    }
    #expect(answer.isSuccess)
    let refreshed = try bench.ask(.refresh) { $0.add(.requestedTransport, uint32: 17 << 24) }
    #expect(refreshed.isSuccess)
    let peer = bench.peer
    let permitted = try bench.ask(.createPermission) {
      $0.add(.xorPeerAddress, address: peer)
      $0.add(.lifetime, uint32: 600)
    }
    #expect(permitted.isSuccess)
  }

  @Test func `another request on a 5-tuple in use is a mismatch`() throws {
    try bench.allocate()
    #expect(try bench.allocate().code == 437)
    #expect(bench.records.count == 1 && bench.quota.total == 1)
  }

  @Test func `the transport must be named, and be UDP`() throws {
    #expect(try bench.ask(.allocate).code == 400)
    #expect(
      try bench.ask(.allocate) { $0.add(.requestedTransport, bytes: [17, 0, 0]) }.code == 400)
    #expect(
      try bench.ask(.allocate) { $0.add(.requestedTransport, uint32: 132 << 24) }.code == 442)
    #expect(bench.quota.total == 0)
  }

  @Test func `unknown comprehension-required attributes are listed, others ignored`() throws {
    let answer = try bench.allocate {
      $0.add(.changeRequest, uint32: 0)
      $0.add(.alternateServer, uint32: 0)
    }
    #expect(answer.code == 420 && answer.isSigned(by: Bench.key))
    let list = try #require(answer.message.value(of: .unknownAttributes))
    #expect(answer.bytes.span.bytes(in: list) == [0x00, 0x03])
    #expect(try bench.allocate { $0.add(.software, text: "me") }.isSuccess)
  }

  @Test func `the family is IPv4 unless asked, IPv6 when asked, and 440 when unknown`() throws {
    #expect(try bench.allocate().relay?.ip.family == .v4)
    let six = SocketAddress(IPAddress(198, 51, 100, 8), port: 1)
    let answer = try bench.allocate(from: six) {
      $0.add(.requestedAddressFamily, uint32: 2 << 24)
    }
    #expect(answer.relay?.ip == Bench.relayIPv6)
    let odd = SocketAddress(IPAddress(198, 51, 100, 9), port: 1)
    #expect(
      try bench.allocate(from: odd) { $0.add(.requestedAddressFamily, uint32: 3 << 24) }.code
        == 440)
    let onlyV4 = Bench { $0.relayAddresses = [Bench.relayIP] }
    #expect(
      try onlyV4.allocate { $0.add(.requestedAddressFamily, uint32: 2 << 24) }.code == 440)
  }

  @Test func `a user over his quota gets 486, and may allocate again after an end`() throws {
    bench.quota.perUser = 1
    try bench.allocate()
    let other = SocketAddress(IPAddress(198, 51, 100, 8), port: 1)
    #expect(try bench.allocate(from: other).code == 486)
    #expect(try bench.allocate(username: "bob", from: other).isSuccess)
    #expect(try bench.ask(.refresh) { $0.add(.lifetime, uint32: 0) }.isSuccess)
    #expect(try bench.allocate().isSuccess)
  }

  @Test func `a port in use is passed over for another`() throws {
    var refused: [UInt16] = []
    bench.refusedPorts = { port in
      refused.append(port)
      return refused.count < 4
    }
    #expect(try bench.allocate().isSuccess)
    #expect(Set(refused).count == 4)
    #expect(bench.openRelays.count == 1)
  }

  @Test func `without any free port the answer is 508, and nothing is left behind`() throws {
    bench.refusedPorts = { _ in true }
    #expect(try bench.allocate().code == 508)
    #expect(bench.quota.total == 0 && bench.records.isEmpty && bench.openRelays.isEmpty)
    bench.refusedPorts = { _ in false }
    #expect(try bench.allocate().isSuccess)
  }

  @Test func `a full table gives 508 and closes the relay it opened`() throws {
    let small = Bench { $0.limits.allocationsMax = 1 }
    try small.allocate()
    let other = SocketAddress(IPAddress(198, 51, 100, 8), port: 1)
    #expect(try small.allocate(from: other).code == 508)
    #expect(small.openRelays.count == 1 && small.quota.total == 1)
  }

  @Test func `relay ports are not in any order`() throws {
    let ports = try (0..<8).map { index in
      let client = SocketAddress(IPAddress(198, 51, 100, 9), port: UInt16(100 + index))
      return try #require(try bench.allocate(from: client).relay).port
    }
    #expect(ports != ports.sorted() && ports != ports.sorted(by: >))
  }
}

struct EvenPortTests {
  let bench = Bench()
  private let other = SocketAddress(IPAddress(198, 51, 100, 8), port: 1)

  @Test func `EVEN-PORT without reservation gives an even port and keeps no sibling`() throws {
    for index in 0..<8 {
      let client = SocketAddress(IPAddress(198, 51, 100, 9), port: UInt16(100 + index))
      let answer = try bench.allocate(from: client) { $0.add(.evenPort, bytes: [0x00]) }
      #expect(try #require(answer.relay).port % 2 == 0)
      #expect(answer.token == nil)
    }
    #expect(bench.openRelays.count == 8)
  }

  @Test func `EVEN-PORT with reservation keeps the next port for who has the token, once`() throws {
    let first = try bench.allocate { $0.add(.evenPort, bytes: [0x80]) }
    let even = try #require(first.relay)
    let token = try #require(first.token)
    #expect(even.port % 2 == 0 && token.count == 8)
    let second = try bench.allocate(from: other) { $0.add(.reservationToken, bytes: token) }
    #expect(second.relay == SocketAddress(even.ip, port: even.port + 1))
    let third = SocketAddress(IPAddress(198, 51, 100, 9), port: 1)
    #expect(
      try bench.allocate(from: third) { $0.add(.reservationToken, bytes: token) }.code == 508)
    #expect(bench.quota.total == 2)
  }

  @Test func `a token is of no use to another user, and its port is freed in time`() throws {
    let token = try #require(try bench.allocate { $0.add(.evenPort, bytes: [0x80]) }.token)
    let stolen = try bench.allocate(username: "bob", from: other) {
      $0.add(.reservationToken, bytes: token)
    }
    #expect(stolen.code == 508)
    #expect(bench.ports.reservedCount == 1)
    bench.advance(by: .seconds(31))
    #expect(bench.ports.reservedCount == 0 && bench.openRelays.count == 1)
    #expect(
      try bench.allocate(from: other) { $0.add(.reservationToken, bytes: token) }.code == 508)
    #expect(bench.quota.total == 1)
  }

  @Test func `the same request again gets the same token`() throws {
    let id = TransactionID(high: 5, low: 6)
    let first = try bench.allocate(id: id) { $0.add(.evenPort, bytes: [0x80]) }
    let again = try bench.allocate(id: id) { $0.add(.evenPort, bytes: [0x80]) }
    #expect(again.relay == first.relay)
    #expect(again.token != nil && again.token == first.token)
  }

  @Test func `a token of an IPv6 port is good where there is no IPv4`() throws {
    let onlyV6 = Bench { $0.relayAddresses = [Bench.relayIPv6] }
    #expect(try onlyV6.allocate().code == 440)
    let first = try onlyV6.allocate {
      $0.add(.requestedAddressFamily, uint32: 2 << 24)
      $0.add(.evenPort, bytes: [0x80])
    }
    let token = try #require(first.token)
    let second = try onlyV6.allocate(from: other) { $0.add(.reservationToken, bytes: token) }
    #expect(second.relay?.ip == Bench.relayIPv6)
  }

  @Test func `a reserved port is in the quota, from its reservation to its end`() throws {
    bench.quota.perUser = 2
    let token = try #require(try bench.allocate { $0.add(.evenPort, bytes: [0x80]) }.token)
    #expect(bench.quota.total == 2)
    // The even port's end does not end the reservation.
    try #require(try bench.ask(.refresh) { $0.add(.lifetime, uint32: 0) }.isSuccess)
    #expect(bench.quota.total == 1 && bench.ports.reservedCount == 1)
    #expect(try bench.allocate { $0.add(.evenPort, bytes: [0x80]) }.code == 486)
    #expect(bench.quota.total == 1 && bench.openRelays.isEmpty)
    try #require(
      try bench.allocate(from: other) { $0.add(.reservationToken, bytes: token) }.isSuccess)
    #expect(bench.quota.total == 1)
    bench.advance(by: .seconds(601))
    #expect(bench.quota.total == 0 && bench.openRelays.isEmpty)
  }

  @Test func `a reservation that nobody takes up, or a pair that cannot be had, leaves no trace`()
    throws
  {
    try bench.allocate { $0.add(.evenPort, bytes: [0x80]) }
    bench.refusedPorts = { $0 % 2 == 1 }
    #expect(
      try bench.allocate(from: other) { $0.add(.evenPort, bytes: [0x80]) }.code == 508)
    #expect(bench.quota.total == 2)
    bench.advance(by: .seconds(31))
    #expect(bench.quota.total == 1 && bench.openRelays.count == 1)
  }

  @Test func `a token excludes EVEN-PORT and a family`() throws {
    let token: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
    let both = try bench.allocate {
      $0.add(.reservationToken, bytes: token)
      $0.add(.evenPort, bytes: [0])
    }
    #expect(both.code == 400)
    let family = try bench.allocate {
      $0.add(.reservationToken, bytes: token)
      $0.add(.requestedAddressFamily, uint32: 1 << 24)
    }
    #expect(family.code == 400)
    #expect(bench.quota.total == 0)
  }

  @Test func `when the sibling cannot be opened, another pair is tried`() throws {
    var odd = 0
    bench.refusedPorts = { port in
      guard port % 2 == 1 else { return false }
      odd += 1
      return odd < 3
    }
    #expect(try bench.allocate { $0.add(.evenPort, bytes: [0x80]) }.isSuccess)
    #expect(bench.openRelays.count == 1 && bench.ports.reservedCount == 1)
  }
}

struct RefreshTests {
  let bench = Bench()

  @Test func `an allocation ends when its time is over, with its record and its socket`() throws {
    try bench.allocate()
    bench.advance(by: .seconds(599))
    #expect(bench.records.count == 1)
    bench.advance(by: .seconds(2))
    #expect(bench.records.isEmpty && bench.openRelays.isEmpty && bench.quota.total == 0)
    let ended = bench.done.contains {
      guard case .ended(let record) = $0 else { return false }
      return record.username == "ann"
    }
    #expect(ended)
    #expect(try bench.ask(.refresh).code == 437)
  }

  @Test func `a refresh moves the end, each time from now`() throws {
    try bench.allocate()
    for _ in 0..<5 {
      bench.advance(by: .seconds(500))
      #expect(try bench.ask(.refresh).lifetime == 600)
    }
    #expect(bench.records.count == 1)
    bench.advance(by: .seconds(601))
    #expect(bench.records.isEmpty)
  }

  @Test("Trap 16: zero in a Refresh ends at once, and sent again it is a mismatch")
  func zero() throws {
    try bench.allocate()
    let answer = try bench.ask(.refresh) { $0.add(.lifetime, uint32: 0) }
    #expect(answer.isSuccess && answer.lifetime == 0)
    #expect(bench.records.isEmpty && bench.openRelays.isEmpty && bench.quota.total == 0)
    #expect(try bench.ask(.refresh) { $0.add(.lifetime, uint32: 0) }.code == 437)
  }

  @Test("Trap 9: another user of the same 5-tuple gets 441 and changes nothing")
  func anotherUser() throws {
    try bench.allocate()
    #expect(
      try bench.ask(.refresh, username: "bob") { $0.add(.lifetime, uint32: 0) }.code == 441)
    #expect(bench.records.count == 1)
  }

  @Test func `a family that is not the relay's gives 443`() throws {
    try bench.allocate()
    #expect(
      try bench.ask(.refresh) { $0.add(.requestedAddressFamily, uint32: 2 << 24) }.code == 443)
    #expect(
      try bench.ask(.refresh) { $0.add(.requestedAddressFamily, uint32: 1 << 24) }.isSuccess)
  }

  @Test func `after an end the same 5-tuple may allocate anew`() throws {
    for _ in 0..<3 {
      #expect(try bench.allocate().isSuccess)
      #expect(try bench.ask(.refresh) { $0.add(.lifetime, uint32: 0) }.isSuccess)
    }
    #expect(bench.turn.statistics.allocationsCreated == 3)
  }

  @Test func `a server that stops tells the end of every allocation`() throws {
    try bench.allocate { $0.add(.evenPort, bytes: [0x80]) }
    bench.turn.endAll(now: bench.now, effects: &bench.effects)
    bench.advance(by: .zero)
    #expect(bench.records.isEmpty && bench.openRelays.isEmpty && bench.quota.total == 0)
    #expect(bench.ports.reservedCount == 0)
  }
}
