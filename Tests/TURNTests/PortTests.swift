// Relay ports: random, rested, and found as long as there is one.

import NetTypes
import STUN
import Testing

@testable import TURN

private func range(_ first: UInt16, _ last: UInt16) throws -> PortRange {
  try #require(PortRange(first, last))
}

struct PortTableTests {
  var random = SplitMix64(seed: 3)
  let now = Instant(nanoseconds: 1_000_000_000)

  @Test mutating func `every port of the range is taken once, and then there is none`() throws {
    var table = PortTable(try range(1_001, 1_100), rest: .seconds(30))
    var taken: Set<UInt16> = []
    while let port = table.take(.any, now: now, using: &random) {
      #expect(taken.insert(port).inserted)
    }
    #expect(taken == Set(1_001...1_100))
  }

  @Test mutating func `even ports and pairs are found down to the last`() throws {
    var table = PortTable(try range(1_001, 1_100), rest: .seconds(30))
    var even = 0
    for _ in 0..<25 {
      let port = try #require(table.take(.pair, now: now, using: &random))
      #expect(port % 2 == 0)
    }
    while let port = table.take(.even, now: now, using: &random) {
      #expect(port % 2 == 0)
      even += 1
    }
    // 1002...1098 are 49 with a sibling; 1100 has none.
    #expect(even == 25)
    #expect(table.take(.pair, now: now, using: &random) == nil)
    #expect(table.freeCount == 25)
  }

  @Test("Trap 17: each free port is as likely as any other, whatever was taken before")
  mutating func isUniform() throws {
    var counts: [UInt16: Int] = [:]
    for _ in 0..<8_000 {
      var table = PortTable(try range(2_000, 2_009), rest: .zero)
      for _ in 0..<2 { _ = table.take(.any, now: now, using: &random) }
      counts[try #require(table.take(.any, now: now, using: &random)), default: 0] += 1
    }
    #expect(counts.count == 10)
    for (port, count) in counts { #expect((650...950).contains(count), "\(port): \(count)") }
  }

  @Test("Trap 17: a freed port rests before it is given away again")
  mutating func rests() throws {
    var table = PortTable(try range(2_000, 2_003), rest: .seconds(30))
    let first = try #require(table.take(.any, now: now, using: &random))
    table.free(first, now: now)
    for _ in 0..<3 { #expect(table.take(.any, now: now, using: &random) != first) }
    #expect(table.freeCount == 0)
    var later = table
    #expect(later.take(.any, now: now + .seconds(30), using: &random) == first)
    // Nothing else is left: better a port that has not rested than none.
    #expect(table.take(.any, now: now, using: &random) == first)
    #expect(table.take(.any, now: now, using: &random) == nil)
  }

  @Test mutating func `of resting ports the one that rested longest comes first`() throws {
    var table = PortTable(try range(2_000, 2_003), rest: .seconds(30))
    for _ in 0..<4 { _ = table.take(.any, now: now, using: &random) }
    for port in [2_002, 2_001, 2_003, 2_000] as [UInt16] { table.free(port, now: now) }
    #expect(table.take(.even, now: now, using: &random) == 2_002)
    #expect(table.take(.any, now: now, using: &random) == 2_001)
    #expect(table.take(.pair, now: now, using: &random) == nil)
    table.free(2_002, now: now)
    #expect(table.take(.pair, now: now, using: &random) == 2_002)
    #expect(table.take(.any, now: now, using: &random) == 2_000)
  }

  @Test mutating func `a port that the system refused is left alone for a minute`() throws {
    var table = PortTable(try range(2_000, 2_000), rest: .zero)
    #expect(table.take(.any, now: now, using: &random) == 2_000)
    table.setAside(2_000, now: now)
    #expect(table.take(.any, now: now + .seconds(59), using: &random) == nil)
    #expect(table.take(.any, now: now + .seconds(60), using: &random) == 2_000)
  }

  @Test mutating func `what was not taken cannot be given back`() throws {
    var table = PortTable(try range(2_000, 2_001), rest: .zero)
    for port in [2_000, 1_999, 2_002, 0, .max] as [UInt16] {
      table.free(port, now: now)
      table.setAside(port, now: now)
    }
    #expect(table.freeCount == 2)
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func `a hundred thousand steps at random agree with a plain list`(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var table = PortTable(try range(3_001, 3_040), rest: .seconds(30))
    var taken: Set<UInt16> = []
    var aside: [UInt16: Instant] = [:]
    var now = self.now
    for _ in 0..<100_000 {
      now = now + .milliseconds(Int64.random(in: 0...900, using: &random))
      aside = aside.filter { $0.value > now }
      switch Int.random(in: 0..<5, using: &random) {
      case 0...2:
        let kind = [PortKind.any, .even, .pair][Int.random(in: 0..<3, using: &random)]
        func isLeft(_ port: UInt16) -> Bool {
          (3_001...3_040).contains(port) && !taken.contains(port) && aside[port] == nil
        }
        let exists = (3_001...3_040).contains { port in
          isLeft(port) && (kind == .any || port % 2 == 0) && (kind != .pair || isLeft(port + 1))
        }
        let port = table.take(kind, now: now, using: &random)
        try #require((port != nil) == exists, "seed \(seed)")
        guard let port else { continue }
        try #require(isLeft(port), "seed \(seed)")
        taken.insert(port)
        if kind == .pair { taken.insert(port + 1) }
      case 3:
        guard let port = taken.randomElement(using: &random) else { continue }
        taken.remove(port)
        table.free(port, now: now)
      default:
        guard taken.count > 20, let port = taken.randomElement(using: &random) else { continue }
        taken.remove(port)
        aside[port] = now + PortTable.asideLifetime
        table.setAside(port, now: now)
      }
    }
  }
}

struct RelayPortTests {
  private func client(_ number: Int) -> SocketAddress {
    SocketAddress(IPAddress(198, 51, 100, 9), port: UInt16(1_000 + number))
  }

  @Test("CVE-2025-69217: relay ports come from the injected generator and follow no order")
  func areRandom() throws {
    let bench = Bench()
    let ports = try (0..<64).map { try #require(try bench.allocate(from: client($0)).relay).port }
    let steps = zip(ports, ports.dropFirst()).map { Int($1) - Int($0) }
    #expect(steps.count { abs($0) <= 2 } < 3)
    #expect(steps.contains { $0 < 0 } && steps.contains { $0 > 0 })
    #expect(Set(ports).count == 64)
  }

  @Test func `in a small range the last free port is found`() throws {
    let ports = try range(50_000, 50_399)
    let bench = Bench { $0.relayPorts = ports }
    for number in 0..<400 { #expect(try bench.allocate(from: client(number)).isSuccess) }
    #expect(try bench.allocate(from: client(400)).code == 508)
  }

  @Test("coturn 4adbd82e: EVEN-PORT without R takes one port for each allocation, for ever")
  func evenPortLeaksNothing() throws {
    let ports = try range(50_000, 50_009)
    let bench = Bench { $0.relayPorts = ports }
    for round in 0..<50 {
      for number in 0..<5 {
        let answer = try bench.allocate(from: client(number)) { $0.add(.evenPort, bytes: [0]) }
        #expect(answer.isSuccess, "round \(round)")
      }
      for number in 0..<5 {
        try #require(
          try bench.ask(.refresh, from: client(number)) { $0.add(.lifetime, uint32: 0) }
            .isSuccess)
      }
    }
    bench.advance(by: .seconds(31))
    for number in 0..<10 { #expect(try bench.allocate(from: client(number)).isSuccess) }
  }

  @Test("Trap 15: EVEN-PORT without R reserves no sibling")
  func evenPortKeepsNoSibling() throws {
    let ports = try range(50_000, 50_001)
    let bench = Bench { $0.relayPorts = ports }
    let even = try bench.allocate(from: client(0)) { $0.add(.evenPort, bytes: [0]) }
    #expect(even.relay?.port == 50_000 && even.token == nil)
    #expect(try bench.allocate(from: client(1)).relay?.port == 50_001)
  }

  @Test func `ports that the system refuses are passed over until it does no longer`() throws {
    let ports = try range(50_000, 50_003)
    let bench = Bench { $0.relayPorts = ports }
    bench.refusedPorts = { $0 != 50_002 }
    #expect(try bench.allocate(from: client(0)).relay?.port == 50_002)
    #expect(try bench.allocate(from: client(1)).code == 508)
    bench.refusedPorts = { _ in false }
    #expect(try bench.allocate(from: client(1)).code == 508)
    bench.advance(by: .seconds(61))
    #expect(try bench.allocate(from: client(1)).isSuccess)
  }

  @Test func `one user who reserves, takes up and ends again fills no table`() throws {
    let bench = Bench { $0.limits.allocationsMax = 4 }
    for round in 0..<20 {
      let token = try #require(
        try bench.allocate(from: client(0)) { $0.add(.evenPort, bytes: [0x80]) }.token,
        "round \(round)")
      try #require(
        try bench.allocate(from: client(1)) { $0.add(.reservationToken, bytes: token) }.isSuccess)
      for number in 0...1 {
        _ = try bench.ask(.refresh, from: client(number)) { $0.add(.lifetime, uint32: 0) }
      }
    }
    #expect(bench.quota.total == 0)
    bench.advance(by: .seconds(31))
    #expect(try bench.allocate(from: client(0)).isSuccess && bench.quota.total == 1)
  }

  @Test func `when no port would do, one attempt is enough and no port is blamed`() throws {
    let ports = try range(50_000, 50_001)
    let bench = Bench { $0.relayPorts = ports }
    bench.refusedPorts = { _ in true }
    bench.refusal = .failed
    #expect(try bench.allocate(from: client(0)) { $0.add(.evenPort, bytes: [0x80]) }.code == 508)
    #expect(bench.done.count == 1 && bench.quota.total == 0)
    bench.refusedPorts = { _ in false }
    #expect(
      try bench.allocate(from: client(0)) { $0.add(.evenPort, bytes: [0x80]) }.isSuccess)
  }
}
