// Two TURN clients and a server on a network that loses, delays, doubles and reorders, by seed.

import Foundation
import NetTypes
import STUN
import TURNClient
import Testing

@testable import TURN

/// A network in virtual time: every choice comes from the seed.
private final class Network {
  enum Destination: Hashable {
    case server(from: Int)
    case client(Int)
    case relay(SlabHandle, from: SocketAddress)
  }

  struct Flight {
    let at: Instant
    let order: Int
    let to: Destination
    let bytes: [UInt8]
  }

  var random: SplitMix64
  let lossPercent: Int
  private var flights: [Flight] = []
  private var order = 0
  private(set) var lost = 0

  init(seed: UInt64, lossPercent: Int) {
    random = SplitMix64(seed: seed)
    self.lossPercent = lossPercent
  }

  func send(_ bytes: [UInt8], to destination: Destination, now: Instant) {
    guard Int.random(in: 0..<100, using: &random) >= lossPercent else {
      lost += 1
      return
    }
    let copies = Int.random(in: 0..<100, using: &random) < 5 ? 2 : 1
    for _ in 0..<copies {
      order += 1
      let delay = Duration.milliseconds(Int64.random(in: 1...80, using: &random))
      flights.append(Flight(at: now + delay, order: order, to: destination, bytes: bytes))
    }
  }

  var nextArrival: Instant? { flights.map(\.at).min() }

  func arrivals(until now: Instant) -> [Flight] {
    let arrived = flights.filter { $0.at <= now }.sorted { ($0.at, $0.order) < ($1.at, $1.order) }
    flights.removeAll { $0.at <= now }
    return arrived
  }
}

/// One simulated client: its core, and what its application sent and got.
private final class Caller {
  let address: SocketAddress
  var core: TURNClient
  var relay: SocketAddress?
  var events: [TURNClient.Event] = []
  /// Payload number to times received.
  var received: [UInt32: Int] = [:]
  var corrupted = 0
  var strangers = 0

  init(_ index: Int, seed: UInt64) {
    address = SocketAddress(IPAddress(198, 51, 100, UInt8(10 + index)), port: 5_000)
    core = TURNClient(
      username: "ann", password: "pw", random: SplitMix64(seed: seed &+ UInt64(index) &* 977))
  }
}

private final class Simulation {
  let bench = Bench { $0.peers = PeerFilter(relayAddresses: [Bench.relayIP]) }
  let network: Network
  let callers: [Caller]
  private var datagramsToClients = 0

  init(seed: UInt64, lossPercent: Int) {
    network = Network(seed: seed, lossPercent: lossPercent)
    callers = [Caller(0, seed: seed), Caller(1, seed: seed)]
  }

  /// A payload that names its number and can be checked whole.
  static func payload(_ number: UInt32) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: number)
    return bytes + (0..<number % 97).map { UInt8(truncatingIfNeeded: number &* 31 &+ $0) }
  }

  func flush(_ index: Int) {
    for bytes in callers[index].core.output {
      network.send(bytes, to: .server(from: index), now: bench.now)
    }
    callers[index].core.output.removeAll()
  }

  /// Runs until `condition` holds; `false` when virtual time ran out.
  func run(for limit: Duration, until condition: () -> Bool = { false }) -> Bool {
    let end = bench.now + limit
    while !condition() {
      for index in callers.indices { flush(index) }
      let next = [network.nextArrival, callers[0].core.nextDeadline, callers[1].core.nextDeadline]
        .compactMap(\.self).min()
      guard let next, next <= end else {
        bench.advance(by: max(.zero, end - bench.now))
        return condition()
      }
      bench.advance(by: max(.zero, next - bench.now))
      for caller in callers { caller.events += caller.core.advance(to: bench.now) }
      for flight in network.arrivals(until: bench.now) { deliver(flight) }
    }
    return true
  }

  private func deliver(_ flight: Network.Flight) {
    switch flight.to {
    case .server(let index):
      let verdict = bench.receive(flight.bytes, from: callers[index].address)
      switch verdict {
      case .reply:
        network.send(bench.turn.reply.bytes, to: .client(index), now: bench.now)
      case .toPeer(let relay, let peer, let range, _, _):
        relayed(relay, peer, Array(flight.bytes[range.lowerBound - 64..<range.upperBound - 64]))
      default: break
      }
    case .client(let index): hear(callers[index], flight.bytes)
    case .relay(let relay, let peer):
      let (verdict, bytes) = bench.receive(flight.bytes, fromPeer: peer, at: relay)
      guard case .toClient(_, let tuple, _, _) = verdict,
        let index = callers.firstIndex(where: { $0.address == tuple.client })
      else { return }
      network.send(bytes, to: .client(index), now: bench.now)
    }
  }

  /// From one relay to the other, over the network between peers.
  private func relayed(_ relay: SlabHandle, _ peer: SocketAddress, _ payload: [UInt8]) {
    guard let from = bench.openRelays[relay],
      let target = bench.openRelays.first(where: { $0.value == peer })?.key
    else { return }
    network.send(payload, to: .relay(target, from: from), now: bench.now)
  }

  private func hear(_ caller: Caller, _ bytes: [UInt8]) {
    guard let event = caller.core.received(bytes.span, now: bench.now) else { return }
    switch event {
    case .allocated(let relay, _): caller.relay = relay
    case .data(let from, let range):
      if !callers.contains(where: { $0 !== caller && $0.relay == from }) { caller.strangers += 1 }
      let payload = Array(bytes[range])
      let number = payload.span.count >= 4 ? payload.span.uint32(at: 0) : 0
      if payload == Self.payload(number) {
        caller.received[number, default: 0] += 1
      } else {
        caller.corrupted += 1
      }
    default: break
    }
    caller.events.append(event)
  }
}

struct LossyNetworkTests {
  /// Another seed: `PARLEY_SEED=N swift test --filter LossyNetworkTests`.
  static let seeds: [UInt64] =
    ProcessInfo.processInfo.environment["PARLEY_SEED"].flatMap(UInt64.init).map { [$0] }
    ?? Array(1...60)

  private func hint(_ seed: UInt64) -> Comment {
    "again: PARLEY_SEED=\(seed) swift test --filter LossyNetworkTests"
  }

  /// Allocation, permission and channel on both sides.
  private func connect(_ simulation: Simulation, _ seed: UInt64) throws {
    for caller in simulation.callers { caller.core.allocate(now: simulation.bench.now) }
    try #require(
      simulation.run(for: .seconds(60)) { simulation.callers.allSatisfy { $0.relay != nil } },
      hint(seed))
    for (caller, other) in zip(simulation.callers, simulation.callers.reversed()) {
      let peer = try #require(other.relay)
      caller.core.permit([peer], now: simulation.bench.now)
      caller.core.bind(0x4001, to: peer, now: simulation.bench.now)
    }
    try #require(
      simulation.run(for: .seconds(60)) {
        simulation.callers.allSatisfy {
          $0.events.contains(.channelBound(0x4001)) && $0.events.contains(.permitted)
        }
      }, hint(seed))
  }

  @Test(arguments: seeds)
  func `requests get through a network that loses a tenth, and payloads arrive whole`(seed: UInt64)
    throws
  {
    let simulation = Simulation(seed: seed, lossPercent: 10)
    try connect(simulation, seed)
    #expect(simulation.bench.records.count == 2, hint(seed))
    let count: UInt32 = 200
    for number in 0..<count {
      let caller = simulation.callers[Int(number % 2)]
      let peer = try #require(simulation.callers[Int((number + 1) % 2)].relay)
      if number % 4 < 2 {
        caller.core.send(Simulation.payload(number), on: 0x4001)
      } else {
        caller.core.send(Simulation.payload(number), to: peer)
      }
      _ = simulation.run(for: .milliseconds(3))
    }
    _ = simulation.run(for: .seconds(2))
    for (index, caller) in simulation.callers.enumerated() {
      #expect(caller.corrupted == 0 && caller.strangers == 0, hint(seed))
      // Three hops that each lose a tenth deliver 73 of 100 sent.
      #expect(caller.received.count > 40, hint(seed))
      #expect(caller.received.keys.allSatisfy { Int($0 % 2) != index }, hint(seed))
    }
    try checkCounters(simulation, seed)
  }

  /// What one relay sent to the other arrives there or is lost: never more, unless doubled.
  private func checkCounters(_ simulation: Simulation, _ seed: UInt64) throws {
    for record in simulation.bench.records {
      let counters = record.counters
      #expect(counters.toPeers.packets <= counters.fromClient.packets, hint(seed))
      #expect(counters.toClient.packets + counters.drops >= counters.fromPeers.packets, hint(seed))
      #expect(counters.drops == 0, hint(seed))
      #expect(counters.toClient.bytes > counters.fromPeers.bytes, hint(seed))
    }
  }

  @Test(arguments: seeds.prefix(10))
  func `on a perfect network nothing is lost and the counters agree to the byte`(seed: UInt64)
    throws
  {
    let simulation = Simulation(seed: seed, lossPercent: 0)
    try connect(simulation, seed)
    let before = simulation.bench.records.map(\.counters.fromPeers.bytes)
    #expect(before == [0, 0], hint(seed))
    for number in 0..<UInt32(100) {
      simulation.callers[0].core.send(Simulation.payload(number), on: 0x4001)
    }
    _ = simulation.run(for: .seconds(2))
    #expect(simulation.callers[1].received.count == 100, hint(seed))
    let copies = simulation.callers[1].received.values.reduce(0, +)
    let records = simulation.bench.records
    let sender = try #require(
      records.first { $0.fiveTuple.client == simulation.callers[0].address })
    let receiver = try #require(
      records.first { $0.fiveTuple.client == simulation.callers[1].address })
    #expect(
      sender.counters.fromClient.bytes == sender.counters.toPeers.bytes
        + 4 * sender.counters.toPeers.packets, hint(seed))
    #expect(sender.counters.toPeers.packets >= 100, hint(seed))
    #expect(receiver.counters.fromPeers.packets >= sender.counters.toPeers.packets, hint(seed))
    #expect(copies >= Int(receiver.counters.toClient.packets), hint(seed))
    #expect(
      receiver.counters.toClient.bytes == receiver.counters.fromPeers.bytes
        + 4 * receiver.counters.fromPeers.packets, hint(seed))
  }

  @Test func `a server that never answers is given up after seven transmissions`() {
    let simulation = Simulation(seed: 1, lossPercent: 100)
    simulation.callers[0].core.allocate(now: simulation.bench.now)
    _ = simulation.run(for: .seconds(120)) { !simulation.callers[0].events.isEmpty }
    #expect(simulation.callers[0].events == [.timedOut(.allocate)])
    #expect(simulation.network.lost == 7)
  }

  @Test func `an allocation that its client forgot ends by itself`() throws {
    let simulation = Simulation(seed: 3, lossPercent: 0)
    try connect(simulation, 3)
    _ = simulation.run(for: .seconds(601))
    #expect(simulation.bench.records.isEmpty && simulation.bench.openRelays.isEmpty)
    #expect(simulation.bench.quota.total == 0)
  }
}
