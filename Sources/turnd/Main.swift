// turnd: the STUN server and TURN relay, with its admin endpoint.

import AdminService
import Configuration
import EventLoop
import Logging
import NetTypes
import RelayService

@main struct Turnd {
  static func main() {
    let configuration = ServerConfiguration.parseOrExit(program: .turnd)
    Log.configure(
      level: configuration.logLevel, showPrivate: configuration.logsPrivateValues)
    ProcessLimits.raiseDescriptorLimit()
    do {
      let loops = try LoopGroup(count: configuration.threads)
      let relay = try RelayService(on: loops, RelayService.Settings(configuration, relays: true))
      for address in relay.addresses {
        Log.info("listening", ["transport": "udp", "address": .public(address.text)])
      }
      try loops.run { _ in relay.stop() }
    } catch {
      ServerConfiguration.failToStart(program: .turnd, "\(error)")
    }
  }
}
