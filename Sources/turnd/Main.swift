// turnd: the STUN server and TURN relay, with its admin endpoint.

import AdminService
import Configuration
import EventLoop
import Gate
import Gate
import Logging
import NetTypes
import RelayService
import UserDatabase

@main struct Turnd {
  static func main() {
    ProcessSignals.hold()
    var running = RunningConfiguration.parseOrExit(program: .turnd)
    let configuration = running.settings
    do {
      let loops = try LoopGroup(configuration)
      var settings = Self.settings(configuration)
      settings.gate = try GateSettings(configuration)
      let relay = try RelayService(on: loops, settings)
      let lifecycle = Lifecycle(on: loops, relay, Lifecycle.Patience(configuration))
      // On the control loop: a long list must not keep packets waiting.
      let admin = try configuration.admin.map { address throws(SystemError) in
        try AdminService(at: address, of: lifecycle, on: loops.control, relay: relay)
      }
      let database = try UserDatabase(of: configuration, for: relay, on: loops.control)
      relay.announce()
      if let admin {
        Log.info("listening", ["transport": "admin", "address": .public(admin.address)])
      }
      lifecycle.reload = {
        guard running.reload() else { return }
        relay.reload(Self.settings(running.settings))
        lifecycle.patience = Lifecycle.Patience(running.settings)
      }
      lifecycle.stopping = { done in
        database?.stop()
        admin?.stop()
        relay.stop()
        done()
      }
      try lifecycle.run()
    } catch {
      ServerConfiguration.failToStart(program: .turnd, "\(error)")
    }
  }

  private static func settings(_ configuration: ServerConfiguration) -> RelayService.Settings {
    var settings = RelayService.Settings(configuration, relays: true)
    settings.fit(descriptors: ProcessLimits.descriptorsForClients())
    return settings
  }
}
