// stund: the STUN server alone.

import Configuration
import EventLoop
import Logging
import NetTypes
import RelayService

@main struct Stund {
  static func main() {
    let configuration = ServerConfiguration.parseOrExit(program: .stund)
    Log.configure(level: configuration.logLevel)
    do {
      let loops = try LoopGroup(count: configuration.threads)
      let relay = try RelayService(
        on: loops, RelayService.Settings(configuration, relays: false))
      for listener in relay.listeners {
        Log.info(
          "listening",
          [
            "transport": .public(listener.transport.text),
            "address": .public(listener.address.text),
          ])
      }
      try loops.run { done in
        relay.stop()
        done()
      }
    } catch {
      ServerConfiguration.failToStart(program: .stund, "\(error)")
    }
  }
}
