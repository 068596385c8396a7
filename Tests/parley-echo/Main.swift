// An echo over WebSocket for protocol tests like Autobahn's: the product's parser, handshake,
// frames and codec on its event loop, and nothing of signaling.

import EventLoop
import Foundation
import NetTypes

@main struct ParleyEcho {
  static func main() throws {
    ProcessSignals.hold()
    guard let word = CommandLine.arguments.dropFirst().first, let port = UInt16(word) else {
      print("usage: parley-echo PORT")
      exit(64)
    }
    let group = try LoopGroup(count: 1)
    let echo = Echo(on: group.loops[0])
    let listener = try Listener(
      .tcp(SocketAddress(.loopbackV4, port: port)), on: group.loops[0]
    ) { descriptor, peer in echo.accept(descriptor, peer) }
    print("echo on 127.0.0.1:\(listener.address?.port ?? port)")
    fflush(nil)
    try group.run { _ in group.control.stop() }
  }
}
