// What clients of a simulation do of their own will, and what befalls them.

internal import NetTypes
internal import Signaling
internal import SignalingTesting

extension Simulation {
  /// One random client does one random thing.
  func act() {
    let actor = network.random.below(actors.count)
    if actors[actor].client.phase == .over {
      if network.random.chance(60) { revive(actor) }
      return
    }
    switch network.random.below(100) {
    case 0..<44: for _ in 0...network.random.below(6) { signal(actor) }
    case 44..<60: for _ in 0...network.random.below(3) { broadcast(actor) }
    case 60..<66: storm(actor)
    case 66..<69: say(actor, "ice")
    case 69..<72: leave(actor)
    case 72..<74: vanish(actor)
    case 74..<76: kick(actor)
    case 76: closeRoom(actor)
    case 77..<85: if let link = actors[actor].link { network.cut(link, isHalf: false) }
    case 85..<88: if let link = actors[actor].link { network.cut(link, isHalf: true) }
    case 88..<91: giveUp(actor, politely: true)
    case 91..<94: giveUp(actor)
    case 94..<97: stayAway(actor)
    default: stall(actor)
    }
  }

  // MARK: Talking

  private func signal(_ actor: Int, padding: Int? = nil) {
    var target = actors[actor].client.roster.names.randomElement(using: &network.random)
    if network.random.chance(2) { target = "nobody" }
    guard let target else { return }
    let kind = Signal.Kind.allCases[network.random.below(5)]
    let longest = kind == .candidate ? min(plan.paddingMax, 1_500) : plan.paddingMax
    send(actor, kind, target, padding.map { min($0, longest) } ?? network.random.below(longest))
  }

  private func broadcast(_ actor: Int) {
    send(actor, .message, nil, network.random.below(plan.paddingMax))
  }

  private func send(_ actor: Int, _ kind: Signal.Kind, _ to: String?, _ padding: Int) {
    let payload = checker.newPayload()
    actors[actor].client.send(Signal(kind, to: to, payload: payload, padding: padding))
    settle(actor)
  }

  /// Many at once, as when two begin to negotiate.
  private func storm(_ actor: Int) {
    guard actors.count < 20 || network.random.chance(20) else { return }
    for _ in 0..<(5 + network.random.below(30)) { signal(actor, padding: plan.paddingMax / 2) }
  }

  private func say(_ actor: Int, _ type: String, _ members: String = "") {
    actors[actor].client.say(type, members)
    settle(actor)
  }

  // MARK: Moderating

  private func kick(_ actor: Int) {
    let moderator = actor % plan.rooms
    guard let peer = actors[moderator].client.roster.names.randomElement(using: &network.random),
      actors[moderator].client.phase == .inside
    else { return }
    network.coverage.count("member was kicked")
    say(moderator, "kick", "\"peer\":\"\(peer)\",\"reason\":\"enough\"")
  }

  private func closeRoom(_ actor: Int) {
    let moderator = actor % plan.rooms
    guard actors[moderator].client.phase == .inside, network.random.chance(30) else { return }
    network.coverage.count("room closed")
    say(moderator, "close-room")
  }

  // MARK: Going

  private func leave(_ actor: Int) {
    guard actors[actor].client.phase == .inside else { return }
    network.coverage.count("member left")
    actors[actor].client.leave()
    settle(actor)
  }

  /// Is gone without a word, and nobody tells the server.
  private func vanish(_ actor: Int) {
    network.coverage.count("member vanished")
    if let link = actors[actor].link {
      link.up.deadFrom = min(link.up.deadFrom, link.up.written)
      network.abandon(link)
      actors[actor].link = nil
    }
    actors[actor].client.leave()
    _ = actors[actor].client.takeTexts()
    settle(actor)
  }

  /// Loses its network for longer than sessions wait.
  private func stayAway(_ actor: Int) {
    if let link = actors[actor].link {
      network.cut(link, isHalf: false)
      lost(link, nil)
    }
    actors[actor].isAway = true
    let back = plan.limits.resumeWindowMs
    network.schedule(.comesBack(actor), at: network.after(back / 2...back * 2))
  }

  /// Reads nothing for a while.
  private func stall(_ actor: Int) {
    guard let link = actors[actor].link else { return }
    network.coverage.count("reading stopped")
    network.stall(link, isUp: false, .milliseconds(network.random.within(500...8_000)))
    for other in actors.indices.prefix(12) where other != actor && network.random.chance(50) {
      for _ in 0..<8 {
        guard let peer = actors[actor].client.peer, actors[other].client.phase == .inside,
          actors[other].client.roster.peers[peer] != nil
        else { break }
        send(other, .message, peer, plan.paddingMax)
      }
    }
  }
}
