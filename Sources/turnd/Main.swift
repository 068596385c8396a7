// turnd: the STUN server and TURN relay, with its admin endpoint.

import AdminService
import Configuration
import EventLoop
import Logging
import NetTypes
import RelayService

@main struct Turnd {
  static func main() {
    ProcessSignals.hold()
    let configuration = ServerConfiguration.parseOrExit(program: .turnd)
    Log.configure(
      level: configuration.logLevel, showPrivate: configuration.logsPrivateValues)
    do {
      let loops = try LoopGroup(count: configuration.threads)
      var settings = RelayService.Settings(configuration, relays: true)
      settings.fit(descriptors: ProcessLimits.descriptorsForClients())
      let relay = try RelayService(on: loops, settings)
      let lifecycle = Lifecycle(on: loops, relay, Lifecycle.Patience(configuration))
      // On the control loop: a long list must not keep packets waiting.
      let admin = try configuration.admin.map { address throws(SystemError) in
        try AdminService(at: address, of: lifecycle, on: loops.control, relay: relay)
      }
      for listener in relay.listeners {
        Log.info(
          "listening",
          [
            "transport": .public(listener.transport.text),
            "address": .public(listener.address.text),
          ])
      }
      if let admin {
        Log.info("listening", ["transport": "admin", "address": .public(admin.address)])
      }
      lifecycle.stopping = { done in
        admin?.stop()
        relay.stop()
        done()
      }
      try lifecycle.run()
    } catch {
      ServerConfiguration.failToStart(program: .turnd, "\(error)")
    }
  }
}
