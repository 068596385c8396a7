// Random clients in several rooms against the core; after every step all that they were told has to
// agree with what was done.

import Foundation
import NetTypes
import Signaling
import Testing

/// Rooms as they ought to be, kept by the rules of Docs/protocol.md and nothing else.
private final class Simulation {
  private let world: World
  private var random: SplitMix64
  private var members: [String: [SimulatedClient]] = [:]
  private var lost: [SimulatedClient] = []
  private var expected: [ConnectionID: [SimulatedClient.Signal]] = [:]
  private var payloadCount = 0
  private let roomNames = ["tea", "coffee", "milk", "mate"]
  private(set) var delivered = 0

  init(seed: UInt64) {
    var limits = SignalingLimits()
    limits.peersPerRoomMax = 6
    limits.rates.message.burst = 40
    world = World(limits, seed: seed ^ 0xABCD)
    random = SplitMix64(state: seed)
  }

  private var everybody: [SimulatedClient] { roomNames.flatMap { members[$0] ?? [] } }

  /// One random step; what went wrong, if anything.
  func step() -> String? {
    switch random.next() % 100 {
    case 0..<12: join()
    case 12..<15: resume()
    case 15..<19: someone(leave)
    case 19..<23: someone(lose)
    case 23..<28: pass()
    case 28..<40: someone(ping)
    case 40..<44: someone(repeatNumber)
    case 44..<46: someone { for _ in 0..<60 { self.signal($0) } }
    case 46..<56: someone(tellEverybody)
    default: someone(signal)
    }
    return fault()
  }

  private func someone(_ act: (SimulatedClient) -> Void) {
    if let client = everybody.randomElement(using: &random) { act(client) }
  }

  // MARK: Steps

  private func join(as claim: ResumeRequest? = nil, room given: String? = nil) {
    let room = given ?? roomNames[Int(random.next() % 4)]
    let client = SimulatedClient(world.newConnection(), room: room)
    world.enter(client.connection, room, resume: claim)
    settle(newcomer: client)
  }

  /// Comes back with the secret of somebody who is there, or who has gone.
  private func resume() {
    guard let older = (everybody + lost).randomElement(using: &random), let secret = older.secret
    else { return }
    remove(older)
    join(as: ResumeRequest(session: secret, ack: older.lastHeard), room: older.room)
  }

  private func leave(_ client: SimulatedClient) {
    client.lastSent += 1
    world.say(client.connection, client.lastSent, .leave)
    if world.closed[client.connection] == .left { remove(client) }
    settle()
  }

  private func lose(_ client: SimulatedClient) {
    remove(client)
    lost.append(client)
    world.close(client.connection)
    settle()
  }

  private func pass() {
    world.pass(.milliseconds(Int64(random.next() % 12_000)))
    for client in everybody where world.closed[client.connection] == .silent { remove(client) }
    settle()
  }

  private func ping(_ client: SimulatedClient) {
    world.say(client.connection, client.lastSent, .ping(ack: client.lastHeard))
    settle()
  }

  private func repeatNumber(_ client: SimulatedClient) {
    world.say(client.connection, client.lastSent, .message(to: nil, data: RawJSON("\"again\"")))
    settle()
  }

  private func tellEverybody(_ client: SimulatedClient) {
    let payload = newPayload()
    client.lastSent += 1
    world.say(client.connection, client.lastSent, .message(to: nil, data: payload))
    expect(payload, from: client, at: (members[client.room] ?? []).filter { $0 !== client })
  }

  private func signal(_ client: SimulatedClient) {
    let payload = newPayload()
    let target = client.roster.randomElement(using: &random) ?? PeerID("nobody")
    client.lastSent += 1
    let bodies: [ClientMessage.Body] = [
      .offer(to: target, sdp: payload), .answer(to: target, sdp: payload),
      .candidate(to: target, candidate: payload), .message(to: target, data: payload),
      .endOfCandidates(to: target, usernameFragment: payload),
    ]
    world.say(client.connection, client.lastSent, bodies[Int(random.next() % 5)])
    expect(payload, from: client, at: (members[client.room] ?? []).filter { $0.peer == target })
  }

  // MARK: Bookkeeping

  private func newPayload() -> RawJSON {
    payloadCount += 1
    return RawJSON("\(payloadCount)")
  }

  private func expect(
    _ payload: RawJSON, from client: SimulatedClient, at targets: [SimulatedClient]
  ) {
    settle()
    guard let peer = client.peer, !client.limited.contains(client.lastSent) else { return }
    for target in targets {
      expected[target.connection, default: []].append(.init(from: peer, payload: payload))
    }
  }

  private func remove(_ client: SimulatedClient) {
    members[client.room]?.removeAll { $0 === client }
  }

  private func settle(newcomer: SimulatedClient? = nil) {
    if let newcomer {
      for heard in world.heard(newcomer.connection) { newcomer.hear(heard) }
      if newcomer.peer != nil { members[newcomer.room, default: []].append(newcomer) }
    }
    for client in everybody {
      for heard in world.heard(client.connection) { client.hear(heard) }
    }
  }

  // MARK: Judging

  private func fault() -> String? {
    for room in roomNames {
      let inside = members[room] ?? []
      let name = RoomName(room)
      let real =
        name.flatMap { world.server.snapshot(of: RoomKey(name: $0))?.members.map(\.connection) }
        ?? []
      if real != inside.map(\.connection) { return "\(room): the server has other members" }
      for client in inside {
        if let complaint = client.complaints.first { return complaint }
        let others = inside.filter { $0 !== client }.compactMap(\.peer)
        if client.roster != others { return "\(room): told \(client.roster), real \(others)" }
        let wanted = expected.removeValue(forKey: client.connection) ?? []
        if client.signals != wanted { return "heard \(client.signals), sent \(wanted)" }
        delivered += wanted.count
        client.signals = []
      }
    }
    return nil
  }
}

@Suite struct SimulationTests {
  @Test func whatClientsAreToldIsWhatHappened() {
    let given = ProcessInfo.processInfo.environment["PARLEY_SEED"].flatMap { UInt64($0) }
    let seeds = given.map { [$0] } ?? (0..<40).map { _ in UInt64.random(in: 0...UInt64.max) }
    for seed in seeds {
      let simulation = Simulation(seed: seed)
      for step in 0..<1_500 {
        guard let fault = simulation.step() else { continue }
        Issue.record(
          "step \(step): \(fault); again: PARLEY_SEED=\(seed) swift test --filter Simulation")
        break
      }
      #expect(simulation.delivered > 500, "again: PARLEY_SEED=\(seed)")
    }
  }
}
