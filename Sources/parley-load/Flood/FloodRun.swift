// A flood run: calm peers on one thread, and who disturbs them on another.

internal import EventLoop
internal import NetTypes
internal import Traffic

struct FloodRun {
  let options: FloodOptions
  let url: SignalURL

  func run() throws -> Report {
    let name = SignalLoad.newRunName()
    let loop = try EventLoop(index: 1)
    let scene = FloodScene(
      url: url, loop: loop, source: options.source.map { SocketAddress($0, port: 0) },
      room: SignalLoad.roomName(0, of: name))
    let offender = Self.offender(options.kind, scene)
    let load = try SignalLoad(options.calm, url, name: name, disturbedBy: offender)
    let thread = try LoopThread(loop, name: "flood")
    ThreadTurns.first.take()
    let results = try load.runToEnd()
    thread.stopAndJoin()
    return results.report(options, offender.allFindings)
  }

  private static func offender(_ kind: FloodKind, _ scene: FloodScene) -> Offender {
    switch kind {
    case .messages: MessageFlood(scene)
    case .neverReads: DeafPeer(scene)
    case .byteASecond: Dribble(scene)
    case .halfOpen: HalfOpenFlood(scene)
    case .bomb: BombThrower(scene)
    case .hotRoom: HotRoom(scene)
    }
  }
}
