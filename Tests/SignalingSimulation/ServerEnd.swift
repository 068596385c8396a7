// The server's end of all connections: the real core and codec, driven as the service drives them.

internal import Crypto
internal import NetTypes
internal import Signaling
internal import SignalingService
internal import SignalingTesting
internal import WebSocket

/// No STUN, no TURN: nobody here has media.
private struct NoICE: ICEServerSource {
  func offer(for peer: PeerID, in room: RoomKey, withRelay: Bool) -> ICEOffer {
    ICEOffer(servers: [], ttlMs: 0)
  }
}

/// One run of the server after the other.
final class ServerEnd {
  private static let secrets = [Array("north".utf8)]

  let network: Network
  let plan: Plan
  private(set) var server: SignalingServer
  private(set) var incarnation: Incarnation
  /// Which run this is; connections of an earlier one are dead.
  private(set) var run = 0
  private(set) var isDown = false
  private var droppedBefore = 0
  private var decoder: MessageDecoder
  private var effects: [SignalingEffect] = []
  private var departures: [(Link, ConnectionEnd)] = []
  private var isPerforming = false
  var fates: Fates

  init(_ network: Network, _ plan: Plan) {
    self.network = network
    self.plan = plan
    decoder = MessageDecoder(limits: plan.limits)
    incarnation = Self.incarnation(network, Self.secrets)
    fates = Fates(plan.limits, epoch: incarnation.epoch)
    server = Self.server(network, plan, incarnation)
  }

  private static func incarnation(_ network: Network, _ secrets: [[UInt8]]?) -> Incarnation {
    var random = SeededRandom(seed: network.random.next())
    let key = secrets.map { SessionKey(secrets: $0) } ?? SessionKey(from: &random)
    return Incarnation(
      sessions: key, start: network.now,
      startUnixMs: 1_764_000_000_000 + network.now.nanoseconds / 1_000_000, random: &random)
  }

  private static func server(
    _ network: Network, _ plan: Plan, _ incarnation: Incarnation
  ) -> SignalingServer {
    SignalingServer(
      limits: plan.limits, random: SeededRandom(seed: network.random.next()),
      iceServers: NoICE(), incarnation: incarnation)
  }

  /// What it dropped because it had it already.
  var dropped: Int { droppedBefore + server.counters.drops[.seenBefore, default: 0] }

  // MARK: Its life

  /// When it has something to do by itself.
  var nextDeadline: Instant? { isDown ? nil : server.nextDeadline }

  func advance() { input { $0.advance(to: network.now, into: &$1) } }

  /// Ends with a word to everybody, or without.
  func end(gracefully: Bool) {
    network.note("the server ends")
    network.coverage.count(gracefully ? "restart: stopped" : "restart: crashed")
    if gracefully { input { $0.stop(now: network.now, into: &$1) } }
    for link in network.links where link.run == run && link.serverPhase != .gone {
      if gracefully { link.serverPhase = .gone } else { network.crash(link) }
    }
    isDown = true
  }

  /// Begins anew, with the key of before or with another.
  func begin(remembers: Bool) {
    if !remembers { network.coverage.count("restart: key forgotten") }
    network.note("the server begins anew")
    droppedBefore = dropped
    run += 1
    isDown = false
    incarnation = Self.incarnation(network, remembers ? Self.secrets : nil)
    server = Self.server(network, plan, incarnation)
    fates.restart(at: network.now, epoch: incarnation.epoch, remembers: remembers)
  }

  // MARK: Connections

  func received(_ bytes: [UInt8], on link: Link) {
    guard isServing(link), !bytes.isEmpty else { return }
    var input = bytes
    var offset = 0
    var output: [UInt8] = []
    while true {
      let event = link.serverSide.receive(&input, at: &offset, output: &output)
      if !output.isEmpty {
        transmit(output, .other, on: link)
        output.removeAll()
      }
      switch event {
      case .needMore: return
      case .message(let message): take(message, input, link)
      case .pong: continue
      case .closed:
        depart(link, .lost)
        link.serverPhase = .gone
        return
      case .failed(let fault):
        fates.faults.append("the server found \(fault) in frames of a client")
        return
      }
    }
  }

  /// The connection broke.
  func heard(endOf link: Link) {
    guard isServing(link) else { return }
    depart(link, .lost)
    link.serverPhase = .gone
  }

  private func isServing(_ link: Link) -> Bool {
    !isDown && link.run == run && link.serverPhase != .gone
  }

  private func take(_ message: Message, _ input: [UInt8], _ link: Link) {
    network.note(link, "server reads \(message.payload.count) bytes")
    let decoded = message.payload.withSpan(in: input.span) { decoder.decode($0) }
    switch link.serverPhase {
    case .lobby: enter(decoded, link)
    case .member:
      fates.note(decoded.body, from: link.connection)
      self.input { $0.receive(decoded, from: link.connection, now: network.now, into: &$1) }
    case .closing, .gone: return
    }
  }

  private func enter(_ message: ClientMessage, _ link: Link) {
    // The first of each room may moderate it.
    let isModerator = link.actor < plan.rooms
    let permissions: Permissions = isModerator ? [.usual, .moderate] : .usual
    let verdict = Lobby.judge(message, sessions: incarnation.sessions) { _, _ in
      .granted(Grant(permissions: permissions))
    }
    switch verdict {
    case .enter(let entry):
      link.serverPhase = .member
      link.claimed = entry.claim?.statement
      input { $0.join(entry, link.connection, now: network.now, into: &$1) }
    case .refuse(let error, let code):
      fates.faults.append("refused: \(error.code) \(error.text)")
      close(link, code)
    }
  }

  private func depart(_ link: Link, _ end: ConnectionEnd) {
    guard link.serverPhase == .member else { return }
    link.serverPhase = .lobby
    network.lastBreak = network.now
    fates.detached(link.connection, at: network.now)
    network.note(link, "is lost to the server: \(end)")
    departures.append((link, end))
    if !isPerforming { input { _, _ in } }
  }

  private func input(_ body: (inout SignalingServer, inout [SignalingEffect]) -> Void) {
    isPerforming = true
    body(&server, &effects)
    perform()
    while !departures.isEmpty {
      let gone = departures
      departures.removeAll()
      for (link, end) in gone {
        server.connectionClosed(link.connection, end, now: network.now, into: &effects)
        perform()
      }
    }
    isPerforming = false
  }

  private func perform() {
    var resumed: ConnectionID?
    for effect in effects {
      switch effect {
      case .send(let id, let number, let message):
        let link = network.links[Int(id.rawValue)]
        if resumed == id { network.coverage.count("resume: with replay") }
        resumed = nil
        if case .joined(let joined) = message {
          fates.note(joined, on: link, at: network.now)
          if joined.resumed { resumed = id }
        }
        send(EncodedMessage(message).text(number: number), FrameKind(message), on: link)
      case .broadcast(let recipients, let message):
        let encoded = EncodedMessage(message)
        let kind = FrameKind(message)
        for recipient in recipients {
          let link = network.links[Int(recipient.connection.rawValue)]
          send(encoded.text(number: recipient.number), kind, on: link)
        }
      case .close(let id, let code):
        let link = network.links[Int(id.rawValue)]
        if code == .replaced { fates.turnedAway(link, at: network.now) }
        fates.detached(link.connection, at: network.now)
        close(link, code)
      }
    }
    effects.removeAll(keepingCapacity: true)
  }

  // MARK: Frames

  private func send(_ text: [UInt8], _ kind: FrameKind, on link: Link) {
    var frame: [UInt8] = []
    if link.serverSide.send(.text, text.span, output: &frame) { transmit(frame, kind, on: link) }
  }

  private func transmit(_ bytes: [UInt8], _ kind: FrameKind, on link: Link) {
    guard link.serverPhase != .gone else { return }
    let queued = link.down.written - link.down.arrived
    if queued + bytes.count <= plan.queuedBytesMax || link.serverPhase == .closing {
      return network.transmit(bytes, kind, on: link, isUp: false)
    }
    depart(link, .slow)
    close(link, .slow)
  }

  private func close(_ link: Link, _ code: Signaling.CloseCode) {
    guard link.serverPhase != .closing, link.serverPhase != .gone else { return }
    var frame: [UInt8] = []
    link.serverSide.close(.init(code.rawValue), now: network.now, output: &frame)
    link.serverPhase = .closing
    network.lastBreak = network.now
    network.note(link, "is closed by the server with \(code.rawValue)")
    network.transmit(frame, .close, on: link, isUp: false)
  }
}

extension FrameKind {
  init(_ message: ServerMessage) {
    switch message {
    case .joined(let joined): self = joined.resumed ? .resumed : .joined
    case .presence: self = .presence
    case .offer, .answer, .candidate, .endOfCandidates, .message: self = .signal
    case .error: self = .error
    case .pong: self = .pong
    case .notice, .ice: self = .other
    }
  }
}
