// How a process ends: by signals, when its allocations are gone, or when time is up.

import Dispatch
import EventLoop
import Foundation
import Glibc
import NetTypes
import STUN
import Synchronization
import TURN
import TURNClient
import Testing

@testable import RelayService

/// A relay whose control loop has a thread that is sent signals.
private final class Life: @unchecked Sendable {
  let relay: RelayService
  let lifecycle: Lifecycle
  let reloads = Atomic<Int>(0)
  let stops = Atomic<Int>(0)
  private let group: LoopGroup
  private let ended = DispatchSemaphore(value: 0)

  /// - Parameter hangs: what is to be stopped never is.
  init(drain: Duration, grace: Duration, hangs: Bool = false) throws {
    group = try LoopGroup(count: 2)
    let configuration = TURNConfiguration(
      realm: "test", credentials: CredentialStore(realm: "test", users: ["u": "p"], secrets: []),
      nonces: NonceMint(key: Array(repeating: 3, count: 32), lifetime: .seconds(600)),
      peers: PeerFilter(), relayAddresses: [.loopbackV4])
    relay = try RelayService(
      on: group,
      .init(
        listeners: [RelayListener(.udp, SocketAddress(.loopbackV4, port: 0))],
        turn: configuration))
    lifecycle = Lifecycle(
      on: group, relay, .init(drainDeadline: drain, stopGrace: grace),
      manager: ServiceManager(socketPath: nil))
    lifecycle.reload = { [unowned self] in reloads.add(1, ordering: .relaxed) }
    lifecycle.stopping = { [unowned self] done in
      stops.add(1, ordering: .relaxed)
      relay.stop()
      if !hangs { done() }
    }
    Thread { [self] in
      try? lifecycle.run()
      ended.signal()
    }.start()
  }

  /// To the thread of the control loop alone.
  func send(_ signal: Int32) { group.control.submit { raise(signal) } }

  func ends(within seconds: Double) -> Bool { ended.wait(timeout: .now() + seconds) == .success }

  func client() throws -> Client { try Client(relay.addresses[0]) }

  func waitUntil(_ holds: () -> Bool) -> Bool {
    let end = Clock.now() + .seconds(10)
    while Clock.now() < end { if holds() { return true } }
    return false
  }
}

@Suite(.timeLimit(.minutes(1))) struct LifecycleTests {
  @Test func `SIGTERM without allocations ends at once, whatever the grace`() throws {
    let life = try Life(drain: .seconds(3_600), grace: .seconds(3_600))
    life.send(SIGTERM)
    #expect(life.ends(within: 10))
    #expect(life.stops.load(ordering: .relaxed) == 1)
  }

  @Test func `SIGTERM waits for allocations until the grace is over`() throws {
    let life = try Life(drain: .seconds(3_600), grace: .milliseconds(700))
    let client = try life.client()
    _ = try client.allocate()
    let start = Clock.now()
    life.send(SIGTERM)
    #expect(life.ends(within: 10))
    #expect(Clock.now() - start >= .milliseconds(700))
    withExtendedLifetime(client) {}
  }

  @Test func `a second SIGTERM ends at once, although there are allocations`() throws {
    let life = try Life(drain: .seconds(3_600), grace: .seconds(3_600))
    let client = try life.client()
    _ = try client.allocate()
    life.send(SIGTERM)
    #expect(!life.ends(within: 0.5))
    life.send(SIGINT)
    #expect(life.ends(within: 10))
    withExtendedLifetime(client) {}
  }

  @Test func `a second SIGTERM ends what hangs in its end`() throws {
    let life = try Life(drain: .zero, grace: .zero, hangs: true)
    life.send(SIGTERM)
    #expect(life.waitUntil { life.stops.load(ordering: .relaxed) == 1 })
    #expect(!life.ends(within: 0.3))
    life.send(SIGTERM)
    #expect(life.ends(within: 10))
  }

  @Test func `Trap 41: SIGUSR1 drains; the process ends when the last allocation does`() throws {
    let life = try Life(drain: .seconds(3_600), grace: .zero)
    let client = try life.client()
    _ = try client.allocate()
    life.send(SIGUSR1)
    #expect(life.waitUntil { life.lifecycle.isDraining })
    #expect(try life.client().refused() == 508)
    #expect(!life.ends(within: 0.5))
    #expect(life.relay.allocations == 1)
    client.core.refresh(seconds: 0, now: Clock.now())
    client.flush()
    #expect(life.ends(within: 10))
  }

  @Test func `SIGTERM shortens a drain that goes on`() throws {
    let life = try Life(drain: .seconds(3_600), grace: .milliseconds(100))
    let client = try life.client()
    _ = try client.allocate()
    life.send(SIGUSR1)
    #expect(!life.ends(within: 0.3))
    life.send(SIGTERM)
    #expect(life.ends(within: 10))
    withExtendedLifetime(client) {}
  }

  @Test func `a drain ends at its deadline, although there are allocations`() throws {
    let life = try Life(drain: .milliseconds(300), grace: .zero)
    let client = try life.client()
    _ = try client.allocate()
    life.send(SIGUSR1)
    #expect(life.ends(within: 10))
    withExtendedLifetime(client) {}
  }

  @Test func `SIGHUP reloads, as often as it comes, and ends nothing`() throws {
    let life = try Life(drain: .zero, grace: .zero)
    for count in 1...3 {
      life.send(SIGHUP)
      #expect(life.waitUntil { life.reloads.load(ordering: .relaxed) == count })
    }
    #expect(!life.ends(within: 0.1))
    life.send(SIGTERM)
    #expect(life.ends(within: 10))
  }
}
