// The checker of the simulation against the real service, over sockets that break all the time.

import EventLoop
import Foundation
import NetTypes
import Signaling
import SignalingService
import SignalingTesting
import Testing

/// Clients in several rooms behind a proxy that cuts.
private final class Crowd {
  static let rooms = 4
  static let clients = 16

  let proxy: CuttingProxy
  private var random: SeededRandom
  private var clients: [ProxiedClient]
  private var checker = DeliveryChecker()
  private(set) var resumed = 0
  var delivered: Int { checker.delivered }

  init(port: UInt16, seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let proxy = try CuttingProxy(to: port, seed: random.next())
    clients = (0..<Self.clients).map {
      ProxiedClient(
        $0, room: "room-\($0 % Self.rooms)", port: proxy.port, seed: random.next())
    }
    self.proxy = proxy
    self.random = random
  }

  /// Clients talk, leave and come back while connections break.
  func act(for duration: Duration) {
    var next = Clock.now()
    run(for: duration) { now in
      guard next <= now else { return }
      next = now + .milliseconds(3)
      let actor = clients[random.below(clients.count)]
      switch random.below(200) {
      case 0: actor.client.leave()
      case 1..<6: actor.lose(nil, now)
      case 6..<60: send(actor, to: nil)
      default:
        guard let peer = actor.client.roster.names.randomElement(using: &random) else { return }
        send(actor, to: peer)
      }
    }
  }

  private func send(_ actor: ProxiedClient, to peer: String?) {
    if actor.client.phase == .over { return }
    let kind = peer == nil ? .message : Signal.Kind.allCases[random.below(5)]
    let padding = random.below(random.chance(10) ? 1_500 : 100)
    actor.client.send(
      Signal(kind, to: peer, payload: checker.newPayload(), padding: padding))
  }

  /// After a restart of the server, `resumed` may name anybody.
  func expectStrangers() { for actor in clients { actor.client.roster.expectsStrangers = true } }

  /// Nothing breaks any more; what is wrong when all has come to rest.
  func verdict(after rest: Duration) -> [String] {
    proxy.isCutting = false
    // Connections that were given a fault before still have it.
    let now = Clock.now()
    for actor in clients where actor.client.phase != .over { actor.lose(nil, now) }
    run(for: rest) { _ in }
    return clients.flatMap(\.faults)
      + checker.verdict(clients.compactMap { DeliveryChecker.Final($0.client) })
  }

  private func run(for duration: Duration, _ each: (Instant) -> Void) {
    let end = Clock.now() + duration
    while true {
      let now = Clock.now()
      if now >= end { return }
      each(now)
      proxy.step(now: now)
      for actor in clients {
        actor.step(now: now)
        note(actor)
      }
      LoopbackSocket.wait(for: proxy.sockets + clients.compactMap(\.socket), atMost: 2)
    }
  }

  private func note(_ actor: ProxiedClient) {
    for event in actor.client.takeEvents() {
      if case .resumed = event { resumed += 1 }
      checker.note(event, of: actor.index, in: actor.client.room)
    }
  }
}

@Suite struct CutDeliveryTests {
  private let seed =
    ProcessInfo.processInfo.environment["PARLEY_SEED"].flatMap { UInt64($0) }
    ?? UInt64.random(in: 0...UInt64.max)

  private var again: Comment {
    "again: PARLEY_SEED=\(seed) swift test --filter CutDeliveryTests"
  }

  /// Everything is faster than in earnest, and nobody is held back for talking much.
  private func hurry(_ settings: inout SignalingSettings) {
    settings.limits.heartbeatMs = 400
    settings.limits.resumeWindowMs = 1_200
    settings.limits.settlingMs = 800
    settings.limits.rates.candidate.burst = 100_000
    settings.limits.rates.description.burst = 100_000
    settings.limits.rates.message.burst = 100_000
    settings.limits.rates.other.burst = 100_000
    settings.stopGrace = .milliseconds(100)
    settings.sessionSecrets = [Array("north".utf8)]
  }

  @Test func throughAProxyThatCutsEachSignalArrivesOnceAndInOrder() throws {
    try withService(loops: 2, hurry) { running in
      let crowd = try Crowd(port: running.port, seed: seed)
      crowd.act(for: .milliseconds(3_000))
      #expect(crowd.verdict(after: .milliseconds(3_200)) == [], again)
      #expect(crowd.delivered > 500, again)
      #expect(crowd.resumed > 10, again)
      for fault in CuttingProxy.Fault.allCases {
        #expect(crowd.proxy.faults[fault, default: 0] > 0, again)
      }
    }
  }

  @Test func sessionsSurviveARestartOfTheService() throws {
    let first = try RunningService(loops: 2, hurry)
    let crowd = try Crowd(port: first.port, seed: seed)
    crowd.act(for: .milliseconds(1_200))
    crowd.proxy.target = nil
    first.stop()
    crowd.expectStrangers()
    let second = try RunningService(loops: 2, hurry)
    defer { second.stop() }
    crowd.proxy.target = second.port
    crowd.act(for: .milliseconds(1_200))
    #expect(crowd.verdict(after: .milliseconds(3_200)) == [], again)
    #expect(crowd.delivered > 200, again)
  }
}
