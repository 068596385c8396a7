// How the clients of a simulation use their sockets.

internal import NetTypes
internal import SignalingTesting
internal import WebSocket

extension Simulation {
  // MARK: Coming back

  /// Opens a socket, or two with the same secret, as a client does that lost patience too early.
  func comeBack(_ actor: Int) {
    actors[actor].isComing = false
    actors[actor].isAway = false
    guard actors[actor].client.phase == .disconnected, actors[actor].link == nil else { return }
    actors[actor].link = network.connect(actor, run: server.run)
    if actors[actor].client.session != nil && !network.isHealed && network.random.chance(8) {
      network.coverage.count("twin sockets")
      twin(actor)
    }
  }

  /// Another socket of the same client, which forgets about it once its `join` is sent. The server
  /// may see either of the two first.
  private func twin(_ actor: Int) {
    let link = network.connect(actor, run: server.run)
    link.isHeld = false
    var twin = actors[actor].client
    twin.opened(now: network.now)
    if network.random.chance(50) {
      network.stall(link, isUp: true, .milliseconds(network.random.within(0...6_000)))
    }
    for text in twin.takeTexts() { transmit(text, on: link, isResuming: true) }
    actors[actor].client.forsakeJoin()
    if network.random.chance(50) { network.abandon(link) }
  }

  func opened(_ link: Link) {
    guard actors[link.actor].link === link else { return }
    if server.isDown || link.run != server.run { return lost(link, nil) }
    actors[link.actor].client.opened(now: network.now)
    settle(link.actor)
  }

  // MARK: Bytes

  func received(_ bytes: [UInt8], on link: Link) {
    guard link.isHeld, !bytes.isEmpty else { return }
    var input = bytes
    var offset = 0
    var output: [UInt8] = []
    while true {
      switch link.clientSide.receive(&input, at: &offset, output: &output) {
      case .needMore:
        settle(link.actor)
        return
      case .message(let message):
        guard actors[link.actor].link === link else { continue }
        network.note(link, "<- \(message.payload.text(in: input.span))")
        actors[link.actor].client.receive(message.payload.bytes(in: input.span), now: network.now)
      case .pong: continue
      case .closed(let code, _):
        network.transmit(output, .close, on: link, isUp: true)
        network.coverage.count("close \(code?.rawValue ?? 1_005)")
        return lost(link, code?.rawValue)
      case .failed(let fault):
        server.fates.faults.append("a client found \(fault) in frames of the server")
        return
      }
    }
  }

  private func transmit(_ text: [UInt8], on link: Link, isResuming: Bool) {
    var frame: [UInt8] = []
    network.note(link, "-> \(String(decoding: text, as: UTF8.self))")
    guard link.clientSide.send(.text, text.span, output: &frame) else { return }
    network.transmit(frame, FrameKind(text, isResuming: isResuming), on: link, isUp: true)
  }

  // MARK: Ends

  /// The client learns that its socket is no more.
  func lost(_ link: Link, _ code: UInt16?) {
    guard link.isHeld else { return }
    link.isHeld = false
    network.note(link, "is lost to the client, \(code.map { "\($0)" } ?? "no code")")
    guard actors[link.actor].link === link else { return }
    network.lastBreak = network.now
    let wasInside = actors[link.actor].client.phase == .inside
    actors[link.actor].link = nil
    actors[link.actor].client.disconnected(code)
    if code == 4_101 && actors[link.actor].client.phase == .disconnected {
      network.coverage.count("replaced by an older socket of its own")
    }
    actors[link.actor].failures = wasInside ? 0 : actors[link.actor].failures + 1
    settle(link.actor)
  }

  /// The client gives its socket up, without a word or with a close frame.
  func giveUp(_ actor: Int, politely: Bool = false) {
    guard let link = actors[actor].link else { return }
    if politely {
      var frame: [UInt8] = []
      link.clientSide.close(.normal, now: network.now, output: &frame)
      network.transmit(frame, .close, on: link, isUp: true)
      network.coverage.count("socket closed by the client")
    } else {
      network.coverage.count("socket given up")
      if actors[actor].client.phase == .joining && network.random.chance(30) && !network.isHealed {
        network.coverage.count("join behind its time")
        network.stall(link, isUp: true, .milliseconds(network.random.within(500...9_000)))
      }
    }
    network.abandon(link)
    network.lastBreak = network.now
    actors[actor].link = nil
    actors[actor].client.disconnected(nil)
    actors[actor].failures += 1
    settle(actor)
  }

  func due(_ actor: Int) {
    actors[actor].dueAt = .distantFuture
    if actors[actor].client.hasLostPatience(at: network.now) { return giveUp(actor) }
    actors[actor].client.advance(to: network.now)
    settle(actor)
  }

  // MARK: After each step

  /// Notes what happened to a client, sends what it has to say, and sees when it is due again.
  func settle(_ actor: Int) {
    let isResuming = actors[actor].client.session != nil
    for event in actors[actor].client.takeEvents() {
      count(event)
      network.note("client \(actor): \(event)")
      checker.note(event, of: actor, in: actors[actor].room)
    }
    if let link = actors[actor].link {
      for text in actors[actor].client.takeTexts() {
        transmit(text, on: link, isResuming: isResuming)
      }
    }
    let deadline = actors[actor].client.nextDeadline
    if deadline < actors[actor].dueAt {
      actors[actor].dueAt = deadline
      network.schedule(.due(actor), at: max(deadline, network.now))
    }
    wait(actor)
  }

  private func wait(_ actor: Int) {
    guard actors[actor].client.phase == .disconnected, actors[actor].link == nil,
      !actors[actor].isComing, !actors[actor].isAway
    else { return }
    actors[actor].isComing = true
    let most = Int64(min(2_000, 200 << min(actors[actor].failures, 4)))
    network.schedule(.comesBack(actor), at: network.after(0...most))
  }

  private func count(_ event: ClientEvent) {
    switch event {
    case .resumed(let how):
      switch how.gap {
      case nil: network.coverage.count("resume: all kept")
      case .overflow: network.coverage.count("resume: gap overflow")
      case .restart: network.coverage.count("resume: gap restart")
      }
    case .ended: network.coverage.count("session ended")
    case .refused(_, let code): network.coverage.count("refused: \(code)")
    default: return
    }
  }
}

extension Payload {
  fileprivate func text(in input: Span<UInt8>) -> String {
    String(decoding: bytes(in: input), as: UTF8.self)
  }
}

extension FrameKind {
  init(_ text: [UInt8], isResuming: Bool) {
    let type = text.dropFirst(9).prefix { $0 != UInt8(ascii: "\"") }
    switch String(decoding: type, as: UTF8.self) {
    case "join": self = isResuming ? .resume : .join
    case "ping": self = .ping
    case "leave": self = .leave
    case "ice", "report", "kick", "close-room": self = .other
    default: self = .signal
    }
  }
}
