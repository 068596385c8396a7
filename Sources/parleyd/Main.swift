// parleyd: signaling, STUN and TURN, the browser library and the demo in one process.

import AdminService
import Configuration
import Crypto
import EventLoop
import Gate
import Logging
import NetTypes
import RelayService
import SignalingService
import UserDatabase

@main struct Parleyd {
  static func main() {
    ProcessSignals.hold()
    let running = RunningConfiguration.parseOrExit(program: .parleyd)
    do {
      try run(running)
    } catch {
      ServerConfiguration.failToStart(program: .parleyd, "\(error)")
    }
  }

  private static func run(_ started: RunningConfiguration) throws {
    var running = started
    var plan = Plan(running.settings, nil)
    let loops = try LoopGroup(running.settings)
    plan.relay.gate = try GateSettings(running.settings, hasHTTP: true)
    plan.signaling.gate = plan.relay.gate
    let relay = try RelayService(on: loops, plan.relay)
    // One port is enough for everything: the first bytes tell who is meant.
    let signaling = try SignalingService(on: loops, plan.signaling, relay: relay)
    let lifecycle = Lifecycle(on: loops, relay, Lifecycle.Patience(running.settings))
    // On the control loop: a long list must not keep packets waiting.
    let admin = try running.settings.admin.map { address throws(SystemError) in
      try AdminService(
        at: address, of: lifecycle, on: loops.control, relay: relay, signaling: signaling)
    }
    let database = try UserDatabase(of: running.settings, for: relay, on: loops.control)
    announce(relay, signaling, admin, running.settings)
    lifecycle.reload = {
      guard running.reload() else { return }
      plan = Plan(running.settings, plan.ownSecret)
      // The relay first: nobody is to be told a secret that it does not know.
      relay.reload(plan.relay)
      signaling.reload(plan.signaling)
      lifecycle.patience = Lifecycle.Patience(running.settings)
    }
    lifecycle.stopping = { done in
      database?.stop()
      admin?.stop()
      // Media goes on until everybody has been told.
      signaling.stop {
        relay.stop()
        done()
      }
    }
    try lifecycle.run()
  }

  private static func announce(
    _ relay: RelayService, _ signaling: SignalingService, _ admin: AdminService?,
    _ configuration: ServerConfiguration
  ) {
    relay.announce()
    for address in signaling.addresses {
      Log.info("listening", ["transport": "tcp", "address": .public(address.text)])
    }
    if let admin {
      Log.info("listening", ["transport": "admin", "address": .public(admin.address)])
    }
    guard configuration.isDevelopment, let address = signaling.addresses.first else { return }
    Console.say("Parley is running. Open http://\(address.text)/#tea in two browser windows.")
  }
}

/// What the services are told.
private struct Plan {
  var relay: RelayService.Settings
  var signaling: SignalingSettings
  /// Known to this process alone, and gone with it; kept when the operator gives a secret later,
  /// for those who got credentials before.
  let ownSecret: String?

  init(_ configuration: ServerConfiguration, _ earlier: String?) {
    var random = SecureRandom()
    ownSecret = earlier ?? (configuration.needsOwnSecret ? Base64.encode(random.bytes(32)) : nil)
    relay = RelayService.Settings(
      configuration, relays: configuration.relayPolicy != .never, ownSecret: ownSecret)
    signaling = SignalingSettings(
      configuration, secret: configuration.secrets.first?.text ?? ownSecret)
    // Half of them each, unless told otherwise, and always some: neither is to starve the other.
    let descriptors = ProcessLimits.descriptorsForClients()
    let share = configuration.maxConnections == nil ? descriptors / 2 : descriptors * 15 / 16
    signaling.fit(descriptors: max(1, share))
    relay.fit(descriptors: max(1, descriptors - signaling.socketsMax), hasGate: true)
  }
}
