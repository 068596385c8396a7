// RFC 8656 §7.2 step 9 and §8.1: one allocation with an address of each family.

import NetTypes
import STUN
import Testing

@testable import TURN

private let v4: UInt32 = 1 << 24
private let v6: UInt32 = 2 << 24

struct DualAllocationTests {
  private let peerV6 = SocketAddress(IPAddress(v6High: 0x2a00_0000_0000_0000, low: 8), port: 9)

  private func dual(_ bench: Bench, id: TransactionID? = nil) throws -> Answer {
    try bench.allocate(id: id) { $0.add(.additionalAddressFamily, uint32: v6) }
  }

  /// The relay with an address of a family.
  private func relay(_ bench: Bench, _ family: IPAddress.Family) throws -> SlabHandle {
    try #require(bench.openRelays.first { $0.value.ip.family == family }?.key)
  }

  @Test func `a dual allocation has two relayed addresses and is one allocation`() throws {
    let bench = Bench()
    let answer = try dual(bench)
    #expect(answer.isSuccess && answer.addressError == nil)
    #expect(answer.relays.map(\.ip) == [Bench.relayIP, Bench.relayIPv6])
    #expect(bench.records.map(\.relayAddresses) == [answer.relays])
    #expect(bench.quota.total == 2 && Set(bench.openRelays.values) == Set(answer.relays))
    bench.advance(by: .seconds(601))
    #expect(bench.records.isEmpty && bench.openRelays.isEmpty && bench.quota.total == 0)
    #expect(bench.done.count { if case .ended = $0 { true } else { false } } == 1)
  }

  @Test func `the peers of each family are reached from its own relay, and heard there`() throws {
    let bench = Bench()
    _ = try dual(bench)
    #expect(try bench.permit(bench.peer, peerV6).isSuccess)
    #expect(try bench.bind(0x4000, peerV6).isSuccess)
    let (six, four) = (try relay(bench, .v6), try relay(bench, .v4))
    guard case .toPeer(six, peerV6, _, _, _) = bench.receive(bench.channelData(0x4000, [1, 2]))
    else {
      Issue.record("not to the IPv6 peer")
      return
    }
    let sent = bench.receive(bench.sendIndication([3], to: bench.peer))
    guard case .toPeer(four, bench.peer, _, _, _) = sent else {
      Issue.record("not to the IPv4 peer")
      return
    }
    #expect(bench.receive([7], fromPeer: peerV6, at: six).1 == [0x40, 0, 0, 1, 7])
    guard case .toClient = bench.receive([7], fromPeer: bench.peer, at: four).0 else {
      Issue.record("not to the client")
      return
    }
  }

  @Test("Trap 11: the same dual request again gets the same two addresses")
  func isIdempotent() throws {
    let bench = Bench()
    let id = TransactionID(high: 5, low: 6)
    let first = try dual(bench, id: id)
    let again = try dual(bench, id: id)
    #expect(again.isSuccess && again.relays == first.relays && again.relays.count == 2)
    #expect(bench.quota.total == 2 && bench.openRelays.count == 2)
    #expect(try dual(bench).code == 437)
  }

  @Test("Trap 11: an answer with ADDRESS-ERROR-CODE is repeated with it")
  func isIdempotentWithError() throws {
    let bench = Bench { $0.relayAddresses = [Bench.relayIP] }
    let id = TransactionID(high: 5, low: 6)
    #expect(try dual(bench, id: id).addressError == [2, 440])
    #expect(try dual(bench, id: id).addressError == [2, 440])
  }

  @Test("Trap 14: who asks by the number of the draft, as coturn 4.6 does, is answered by it")
  func draft() throws {
    let ask = { (bench: Bench, value: [UInt8]) in
      try bench.allocate { $0.add(.draftAdditionalAddressFamily, bytes: value) }
    }
    let both = try ask(Bench(), [2, 0, 0, 0])
    #expect(both.isSuccess && both.relays.map(\.ip) == [Bench.relayIP, Bench.relayIPv6])
    let one = try ask(Bench { $0.relayAddresses = [Bench.relayIP] }, [2, 0, 0, 0])
    #expect(one.isSuccess && one.relays.map(\.ip) == [Bench.relayIP])
    let range = try #require(one.message.value(of: .draftAddressErrorCode))
    #expect(one.bytes.span.bytes(in: range).prefix(4) == [2, 0, 4, 40])
    #expect(!one.message.has(.addressErrorCode))
    #expect(try ask(Bench(), [1, 0, 0, 0]).code == 400)
  }

  @Test("Trap 14: where there is no IPv6, success comes with ADDRESS-ERROR-CODE 440")
  func noIPv6() throws {
    let bench = Bench { $0.relayAddresses = [Bench.relayIP] }
    let answer = try dual(bench)
    #expect(answer.isSuccess && answer.relays.map(\.ip) == [Bench.relayIP])
    #expect(answer.addressError == [2, 440])
    #expect(bench.quota.total == 1)
  }

  @Test(
    "Trap 14: when no port of one family is to be had, success comes with ADDRESS-ERROR-CODE 508",
    arguments: [IPAddress.Family.v4, .v6])
  func noPort(family: IPAddress.Family) throws {
    let bench = Bench()
    bench.refusedAddresses = { $0.ip.family == family }
    let answer = try dual(bench)
    #expect(answer.isSuccess && answer.relays.count == 1)
    #expect(answer.relay?.ip.family != family)
    #expect(answer.addressError == [Int(family.rawValue), 508])
    #expect(bench.quota.total == 1 && bench.openRelays.count == 1)
  }

  @Test("Trap 14: when neither family is to be had, the answer is 508 and nothing is left behind")
  func neither() throws {
    let bench = Bench()
    bench.refusedPorts = { _ in true }
    #expect(try dual(bench).code == 508)
    #expect(bench.quota.total == 0 && bench.records.isEmpty && bench.openRelays.isEmpty)
  }

  @Test("Trap 14: a quota with room for one address gives one, and says 508 of the other")
  func quota() throws {
    let bench = Bench()
    bench.quota.perUser = 1
    let answer = try dual(bench)
    #expect(answer.isSuccess && answer.relays.map(\.ip) == [Bench.relayIP])
    #expect(answer.addressError == [2, 508])
    #expect(bench.quota.total == 1)
  }

  @Test func `a full table closes both relays`() throws {
    let bench = Bench { $0.limits.allocationsMax = 1 }
    let other = SocketAddress(IPAddress(198, 51, 100, 8), port: 1)
    try bench.allocate(from: other)
    #expect(try dual(bench).code == 508)
    #expect(bench.openRelays.count == 1 && bench.quota.total == 1)
  }

  // MARK: Refresh

  @Test func `Refresh zero with a family ends that family with its permissions and channels`()
    throws
  {
    let bench = Bench()
    _ = try dual(bench)
    #expect(try bench.permit(bench.peer, peerV6).isSuccess)
    #expect(try bench.bind(0x4000, peerV6).isSuccess)
    let answer = try bench.ask(.refresh) {
      $0.add(.lifetime, uint32: 0)
      $0.add(.requestedAddressFamily, uint32: v6)
    }
    #expect(answer.isSuccess && answer.lifetime == 0)
    let record = try #require(bench.records.first)
    #expect(record.relayAddresses.map(\.ip) == [Bench.relayIP])
    #expect(record.permissions == 1 && record.channels == 0)
    #expect(bench.quota.total == 1 && bench.openRelays.count == 1)
    #expect(bench.receive(bench.channelData(0x4000, [1])) == .drop(.noChannel))
    #expect(try bench.permit(peerV6).code == 443)
    // Asked again, the family is none of the allocation's.
    let again = try bench.ask(.refresh) { $0.add(.requestedAddressFamily, uint32: v6) }
    #expect(again.code == 443)
    let last = try bench.ask(.refresh) {
      $0.add(.lifetime, uint32: 0)
      $0.add(.requestedAddressFamily, uint32: v4)
    }
    #expect(last.isSuccess && bench.records.isEmpty && bench.quota.total == 0)
  }

  @Test func `Refresh with a family extends that family alone`() throws {
    let bench = Bench()
    _ = try dual(bench)
    bench.advance(by: .seconds(500))
    let answer = try bench.ask(.refresh) { $0.add(.requestedAddressFamily, uint32: v6) }
    #expect(answer.lifetime == 600)
    bench.advance(by: .seconds(101))
    #expect(bench.records.map { $0.relayAddresses.map(\.ip) } == [[Bench.relayIPv6]])
    #expect(bench.quota.total == 1)
    bench.advance(by: .seconds(500))
    #expect(bench.records.isEmpty && bench.quota.total == 0)
  }

  @Test func `Refresh without a family is about both`() throws {
    let bench = Bench()
    _ = try dual(bench)
    bench.advance(by: .seconds(500))
    #expect(try bench.ask(.refresh).lifetime == 600)
    bench.advance(by: .seconds(500))
    #expect(bench.records.map(\.relayAddresses.count) == [2])
    #expect(try bench.ask(.refresh) { $0.add(.lifetime, uint32: 0) }.isSuccess)
    #expect(bench.records.isEmpty && bench.openRelays.isEmpty && bench.quota.total == 0)
  }
}

struct CheckOrderTests {
  private func code(
    _ bench: Bench = Bench(), _ body: (inout MessageBuilder) -> Void
  ) throws -> Int? {
    let code = try bench.ask(.allocate) { body(&$0) }.code
    if code != nil { #expect(bench.quota.total == 0 && bench.openRelays.isEmpty) }
    return code
  }

  private let udp: UInt32 = 17 << 24
  private let token: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]

  @Test("Trap 12: each check of an Allocate comes before the next")
  func order() throws {
    // A request that every check would refuse, made better step by step.
    let unknown = { (reply: inout MessageBuilder) in reply.add(.changeRequest, bytes: []) }
    #expect(try code { unknown(&$0) } == 400)
    #expect(
      try code {
        $0.add(.requestedTransport, uint32: 99 << 24)
        unknown(&$0)
        $0.add(.reservationToken, bytes: token)
        $0.add(.evenPort, bytes: [0])
      } == 442)
    #expect(
      try code {
        $0.add(.requestedTransport, uint32: udp)
        unknown(&$0)
        $0.add(.reservationToken, bytes: token)
        $0.add(.evenPort, bytes: [0])
      } == 420)
    #expect(
      try code {
        $0.add(.requestedTransport, uint32: udp)
        $0.add(.reservationToken, bytes: token)
        $0.add(.evenPort, bytes: [0])
        $0.add(.requestedAddressFamily, uint32: 9 << 24)
      } == 400)
    #expect(
      try code {
        $0.add(.requestedTransport, uint32: udp)
        $0.add(.requestedAddressFamily, uint32: 9 << 24)
      } == 440)
  }

  @Test("Trap 12: attributes that exclude each other are a bad request")
  func exclusions() throws {
    let (v4, v6): (UInt32, UInt32) = (1 << 24, 2 << 24)
    let combinations: [(inout MessageBuilder) -> Void] = [
      { [token] in
        $0.add(.reservationToken, bytes: token)
        $0.add(.evenPort, bytes: [0])
      },
      { [token] in
        $0.add(.reservationToken, bytes: token)
        $0.add(.requestedAddressFamily, uint32: v4)
      },
      { [token] in
        $0.add(.reservationToken, bytes: token)
        $0.add(.additionalAddressFamily, uint32: v6)
      },
      { $0.add(.reservationToken, bytes: [1, 2, 3, 4]) },
      {
        $0.add(.requestedAddressFamily, uint32: v4)
        $0.add(.additionalAddressFamily, uint32: v6)
      },
      { $0.add(.additionalAddressFamily, uint32: v4) },
      { $0.add(.additionalAddressFamily, bytes: [2]) },
      { $0.add(.requestedAddressFamily, bytes: [1]) },
      {
        $0.add(.evenPort, bytes: [0x80])
        $0.add(.additionalAddressFamily, uint32: v6)
      },
      { $0.add(.evenPort, bytes: []) },
    ]
    for (index, combination) in combinations.enumerated() {
      let answer = try code {
        $0.add(.requestedTransport, uint32: udp)
        combination(&$0)
      }
      #expect(answer == 400, "combination \(index)")
    }
    // Without the R bit there is no pair to keep.
    let even = try Bench().allocate {
      $0.add(.evenPort, bytes: [0])
      $0.add(.additionalAddressFamily, uint32: v6)
    }
    #expect(even.relays.count == 2 && even.relays.allSatisfy { $0.port % 2 == 0 })
  }

  @Test("Trap 12: an unknown token is 508, before any quota")
  func badToken() throws {
    let bench = Bench()
    bench.quota.perUser = 0
    let answer = try bench.allocate { $0.add(.reservationToken, bytes: token) }
    #expect(answer.code == 508)
  }

  @Test(
    "Trap 13: without REQUESTED-ADDRESS-FAMILY the family is IPv4, or what the operator says",
    arguments: [(DefaultFamily.ipv4, 1, 1), (.ipv6, 2, 2), (.keep, 1, 2)])
  func defaultFamily(given: DefaultFamily, ofV4: UInt8, ofV6: UInt8) throws {
    let bench = Bench { $0.defaultFamily = given }
    #expect(try bench.allocate().relay?.ip.family.rawValue == ofV4)
    let six = SocketAddress(IPAddress(v6High: 0x2a00_0000_0000_0000, low: 7), port: 4)
    #expect(try bench.allocate(from: six).relay?.ip.family.rawValue == ofV6)
    let named = SocketAddress(IPAddress(198, 51, 100, 9), port: 9)
    let asked = try bench.allocate(from: named) {
      $0.add(.requestedAddressFamily, uint32: 1 << 24)
    }
    #expect(asked.relay?.ip.family == .v4)
  }

  @Test("Trap 31: methods without an allocation are answered with 437, never with silence")
  func noAllocation() throws {
    let bench = Bench()
    #expect(try bench.ask(.refresh).code == 437)
    #expect(try bench.ask(.refresh) { $0.add(.lifetime, uint32: 0) }.code == 437)
    #expect(try bench.permit(bench.peer).code == 437)
    #expect(try bench.bind(0x4000, bench.peer).code == 437)
  }
}

struct AlternateTests {
  private let four = AlternateServer(
    SocketAddress(IPAddress(192, 0, 2, 8), port: 3_478), domain: "two.example.org")
  private let six = AlternateServer(
    SocketAddress(IPAddress(v6High: 0x2001_0db8_0000_0000, low: 9), port: 3_479))

  private func alternate(_ answer: Answer) -> [UInt8]? {
    answer.message.value(of: .alternateServer).map { answer.bytes.span.bytes(in: $0) }
  }

  @Test func `who comes when all places are taken is sent to a server of his family`() throws {
    let bench = Bench { [four, six] in $0.alternates = [four, six] }
    bench.quota.all = 0
    let answer = try bench.allocate()
    #expect(answer.code == 300 && answer.isSigned(by: Bench.key))
    #expect(alternate(answer) == [0, 1, 0x0d, 0x96, 192, 0, 2, 8])
    #expect(
      answer.message.text(.alternateDomain, answer.bytes.span, max: 255) == "two.example.org")
    let client = SocketAddress(IPAddress(v6High: 0x2a00_0000_0000_0000, low: 7), port: 4)
    let other = try bench.allocate(from: client)
    #expect(
      alternate(other)
        == [0, 2, 0x0d, 0x97, 0x20, 0x01, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [9])
    #expect(!other.message.has(.alternateDomain))
    #expect(bench.quota.total == 0)
  }

  @Test func `without an alternate of the family the answer is 508, and a user's own limit 486`()
    throws
  {
    let bench = Bench { [six] in $0.alternates = [six] }
    bench.quota.all = 0
    #expect(try bench.allocate().code == 508)
    bench.quota.perUser = 0
    #expect(try bench.allocate().code == 486)
  }

  @Test("Trap 41: a draining server takes no new allocation and keeps those it has")
  func draining() throws {
    let bench = Bench { [four] in $0.alternates = [four] }
    let id = TransactionID(high: 5, low: 6)
    try bench.allocate(id: id)
    bench.turn.isDraining = true
    let other = SocketAddress(IPAddress(198, 51, 100, 8), port: 1)
    #expect(try bench.allocate(from: other).code == 300)
    #expect(try bench.allocate(id: id).isSuccess)
    #expect(try bench.ask(.refresh).lifetime == 600)
    #expect(try bench.permit(bench.peer).isSuccess)
    #expect(bench.records.count == 1)
    let alone = Bench()
    alone.turn.isDraining = true
    #expect(try alone.allocate().code == 508)
  }
}
