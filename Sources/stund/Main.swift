// stund: the STUN server alone.

import Configuration
import EventLoop
import Logging
import NetTypes
import RelayService

@main struct Stund {
  static func main() {
    ProcessSignals.hold()
    var running = RunningConfiguration.parseOrExit(program: .stund)
    let configuration = running.settings
    do {
      let loops = try LoopGroup(count: configuration.threads)
      let relay = try RelayService(
        on: loops, RelayService.Settings(configuration, relays: false))
      let lifecycle = Lifecycle(on: loops, relay, Lifecycle.Patience(configuration))
      for listener in relay.listeners {
        Log.info(
          "listening",
          [
            "transport": .public(listener.transport.text),
            "address": .public(listener.address.text),
          ])
      }
      lifecycle.reload = { _ = running.reload() }
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
