// parleyd: signaling, STUN and TURN, the browser library and the demo in one process.

import AdminService
import Configuration
import Crypto
import EventLoop
import Logging
import NetTypes
import RelayService
import SignalingService

@main struct Parleyd {
  static func main() {
    ProcessSignals.hold()
    let configuration = ServerConfiguration.parseOrExit(program: .parleyd)
    Log.configure(
      level: configuration.logLevel, showPrivate: configuration.logsPrivateValues)
    do {
      try run(configuration)
    } catch {
      ServerConfiguration.failToStart(program: .parleyd, "\(error)")
    }
  }

  private static func run(_ configuration: ServerConfiguration) throws(SystemError) {
    var random = SecureRandom()
    // Known to this process alone, and gone with it.
    let ownSecret = configuration.needsOwnSecret ? Base64.encode(random.bytes(32)) : nil
    let secret = ownSecret ?? configuration.secrets.first?.text
    let loops = try LoopGroup(count: configuration.threads)
    // Half of them each: neither is to starve the other.
    let descriptors = ProcessLimits.descriptorsForClients() / 2
    var relaying = RelayService.Settings(
      configuration, relays: configuration.relayPolicy != .never, ownSecret: ownSecret)
    relaying.fit(descriptors: descriptors)
    var meeting = SignalingSettings(configuration, secret: secret)
    meeting.fit(descriptors: descriptors)
    let relay = try RelayService(on: loops, relaying)
    let signaling = try SignalingService(on: loops, meeting)
    let lifecycle = Lifecycle(on: loops, relay, Lifecycle.Patience(configuration))
    // On the control loop: a long list must not keep packets waiting.
    let admin = try configuration.admin.map { address throws(SystemError) in
      try AdminService(
        at: address, of: lifecycle, on: loops.control, relay: relay, signaling: signaling)
    }
    announce(relay, signaling, admin, configuration)
    lifecycle.stopping = { done in
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
    for listener in relay.listeners {
      Log.info(
        "listening",
        [
          "transport": .public(listener.transport.text),
          "address": .public(listener.address.text),
        ])
    }
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
