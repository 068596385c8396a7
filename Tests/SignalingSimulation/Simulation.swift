// One seed: clients, a network that fails, a server that is restarted, and then quiet.

internal import NetTypes
internal import Signaling
internal import SignalingTesting

/// What came of one seed.
public struct Outcome: Sendable {
  /// What was wrong; nothing, if all is well.
  public let faults: [String]
  /// What the seed has exercised.
  public let coverage: Coverage
}

/// One run in virtual time, which its seed determines.
public final class Simulation {
  let plan: Plan
  let network: Network
  let server: ServerEnd
  var actors: [Actor]
  var checker: DeliveryChecker
  private var hasRestarted = false
  /// When quiet is waited for, and for how long at most.
  private let end: Instant
  private static let quiet = Duration.milliseconds(1_500)
  private static let quietWait = Duration.seconds(90)

  /// Runs `seed` to its end.
  ///
  /// - Parameter trace: is told each thing that happens.
  public static func run(seed: UInt64, trace: ((String) -> Void)? = nil) -> Outcome {
    let simulation = Simulation(seed: seed, trace)
    simulation.run()
    return simulation.outcome()
  }

  private init(seed: UInt64, _ trace: ((String) -> Void)?) {
    var random = SeededRandom(seed: seed)
    let plan = Plan(&random)
    self.plan = plan
    network = Network(plan, random, trace: trace)
    server = ServerEnd(network, plan)
    actors = (0..<plan.clients).map {
      Actor($0, room: "room-\($0 % plan.rooms)", habits: plan.habits)
    }
    var bounds = DeliveryChecker.ReplayBounds()
    bounds.messages = Int64(plan.limits.replay.messagesMax)
    bounds.bytes = Int64(plan.limits.replay.bytesMax)
    bounds.ageMs = plan.limits.replay.ageMaxMs
    // A signal with its envelope, or the changes of everybody in the room.
    bounds.messageBytesMax = Int64(max(plan.paddingMax + 200, plan.clients * 2 * 120))
    // Reading stops for seconds, and what is forgotten is from before that.
    bounds.delayMsMax = 15_000
    checker = DeliveryChecker(bounds)
    end = network.now + plan.unrest + plan.rest
    begin()
  }

  private func begin() {
    let start = network.now
    for actor in actors.indices {
      actors[actor].isComing = true
      network.schedule(.comesBack(actor), at: network.after(0...1_500))
    }
    let unrest = plan.unrest.wholeNanoseconds
    for _ in 0..<plan.actions {
      network.schedule(.acts, at: start + .nanoseconds(network.random.within(0...unrest)))
    }
    for _ in 0..<plan.restarts {
      let at = network.random.within(unrest / 8...unrest)
      network.schedule(.restarts, at: start + .nanoseconds(at))
    }
    network.schedule(.heals, at: start + plan.unrest)
  }

  private func run() {
    while true {
      let event = network.queue.next ?? .distantFuture
      let deadline = server.nextDeadline ?? .distantFuture
      let next = max(network.now, min(event, deadline))
      guard !isOver(at: next), checker.firstFault == nil, server.fates.faults.isEmpty else {
        return
      }
      network.now = next
      if deadline <= event {
        server.advance()
      } else if let event = network.queue.pop() {
        happen(event)
      }
    }
  }

  /// Connections that grow too old break in the quiet too, so a moment without that is waited for.
  private func isOver(at next: Instant) -> Bool {
    next > end && (next > network.lastBreak + Self.quiet || next > end + Self.quietWait)
  }

  private func happen(_ event: Event) {
    switch event {
    case .arrives(let link, true, let bytes):
      server.received(network.out(bytes, of: link, isUp: true), on: link)
    case .arrives(let link, false, let bytes):
      received(network.out(bytes, of: link, isUp: false), on: link)
    case .opened(let link): opened(link)
    case .serverHears(let link): server.heard(endOf: link)
    case .clientHears(let link): lost(link, nil)
    case .due(let actor): due(actor)
    case .comesBack(let actor): comeBack(actor)
    case .acts: act()
    case .restarts: restart()
    case .starts: start()
    case .heals: heal()
    }
  }

  private func outcome() -> Outcome {
    var faults = server.fates.faults
    if faults.isEmpty { faults = checker.firstFault.map { [$0] } ?? [] }
    if faults.isEmpty {
      faults = checker.verdict(actors.compactMap { DeliveryChecker.Final($0.client) })
    }
    var coverage = network.coverage
    coverage.add(server.fates.coverage)
    coverage.count("dropped by the server as seen before", server.dropped)
    coverage.count("signals delivered", checker.delivered)
    for actor in actors {
      coverage.count("dropped by a client as seen before", actor.client.duplicates)
      coverage.count("sent again", actor.client.resent)
    }
    return Outcome(faults: faults, coverage: coverage)
  }

  // MARK: The server's life

  private func restart() {
    if server.isDown { return }
    hasRestarted = true
    for actor in actors.indices { actors[actor].client.roster.expectsStrangers = true }
    server.end(gracefully: network.random.chance(50))
    network.schedule(.starts, at: network.after(0...2_500))
  }

  private func start() { server.begin(remembers: network.random.chance(90)) }

  private func heal() {
    network.isHealed = true
    network.note("all heals")
    for actor in actors.indices where actors[actor].isAway {
      actors[actor].isAway = false
      settle(actor)
    }
  }

  /// Makes somebody new of a client that is gone for good.
  func revive(_ actor: Int) {
    actors[actor].beReborn(habits: plan.habits, expectsStrangers: hasRestarted)
    settle(actor)
  }
}
