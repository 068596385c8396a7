// A connection while it speaks WebSocket.

internal import EventLoop
internal import NetTypes
internal import Signaling
internal import WebSocket

extension Connection {
  /// What one connection may take of a loop's time before others have theirs: messages taken in,
  /// and messages put into queues because of them.
  private static let workPerTurn = 64

  /// Takes in what has arrived, message by message, until it joins a room of another loop or has
  /// had its share of this one's time.
  func readFrames() {
    guard let home else { return }
    var entry: Lobby.Entry?
    let (end, now) = (home.work + Self.workPerTurn, home.loop.now)
    stream.withInput { input in
      var offset = 0
      var output: [UInt8] = []
      var goesOn = true
      while goesOn && entry == nil && !stream.isClosed {
        let event = webSocket.receive(
          &input, at: &offset, output: &output, codec: home.codec, now: now)
        // Pongs leave before the answers to what came after their pings.
        if !output.isEmpty {
          transmit(output)
          output.removeAll()
        }
        switch event {
        case .needMore: goesOn = false
        case .pong: break
        case .message(let message): take(message, input.span, home, entering: &entry)
        case .closed: peerClosed()
        case .failed(let fault): failed(fault)
        }
        if goesOn, home.work >= end {
          goesOn = false
          stream.receiveAgainSoon()
        }
      }
      input.removeFirst(min(offset, input.count))
    }
    if let entry { home.move(self, with: entry) }
  }

  /// - Parameter entry: the join, when it is for a room of another loop.
  private func take(
    _ message: Message, _ input: Span<UInt8>, _ home: SignalingLoop,
    entering entry: inout Lobby.Entry?
  ) {
    home.work += 1
    guard message.kind == .text else {
      home.count(.binary)
      home.departed(self, .error)
      return close(.binary)
    }
    let decoded = message.payload.withSpan(in: input) { home.decoder.decode($0) }
    switch phase {
    case .lobby: enter(decoded, home, &entry)
    case .member: home.receive(decoded, from: self)
    case .http, .moving, .closing, .lingering: break
    }
  }

  private func enter(
    _ message: ClientMessage, _ home: SignalingLoop, _ elsewhere: inout Lobby.Entry?
  ) {
    let verdict = Lobby.judge(message, sessions: shared.incarnation.sessions) {
      home.admit(self, $0, $1)
    }
    switch verdict {
    case .enter(let entry):
      if home.isHome(of: entry.room) {
        home.join(self, entry)
      } else {
        elsewhere = entry
      }
    case .refuse(let error, let code):
      home.counters.lobbyErrors[error.code.rawValue, default: 0] += 1
      var encoded = EncodedMessage(.error(error))
      send(&encoded, number: ServerMessage.firstNumber)
      close(code)
    }
  }

  /// The client's close frame: its answer is on its way, and the server closes first
  /// (RFC 6455 §7.1.1).
  private func peerClosed() {
    home?.departed(self, .lost)
    phase = .closing
    if let home { home.wake(self, at: home.loop.now + Self.linger) }
    stream.closeAfterWriting()
  }

  /// The client broke RFC 6455 and was told so, and that nothing more comes. The socket stays for a
  /// moment, because closing it while bytes are unread could take the close frame back.
  private func failed(_ fault: WebSocketFault) {
    guard let home else { return }
    home.counters.frameFaults[fault.rawValue, default: 0] += 1
    home.departed(self, .error)
    phase = .closing
    home.wake(self, at: home.loop.now + Self.linger)
    stream.endAfterWriting()
  }
}
