// stund: the STUN server alone.

import Configuration
import EventLoop
import Gate
import Gate
import Logging
import NetTypes
import RelayService

@main struct Stund {
  static func main() {
    ProcessSignals.hold()
    var running = RunningConfiguration.parseOrExit(program: .stund)
    let configuration = running.settings
    do {
      let loops = try LoopGroup(configuration)
      var settings = RelayService.Settings(configuration, relays: false)
      settings.gate = try GateSettings(configuration)
      let relay = try RelayService(on: loops, settings)
      let lifecycle = Lifecycle(on: loops, relay, Lifecycle.Patience(configuration))
      relay.announce()
      lifecycle.reload = {
        guard running.reload() else { return }
        relay.reload(RelayService.Settings(running.settings, relays: false))
      }
      lifecycle.stopping = { done in
        relay.stop()
        done()
      }
      try lifecycle.run()
    } catch {
      ServerConfiguration.failToStart(program: .stund, "\(error)")
    }
  }
}
