// What a client makes of each message of the server.

public import NetTypes

extension ProtocolClient {
  /// A text arrived over the socket that is open.
  public mutating func receive(_ text: [UInt8], now: Instant) {
    guard let message = JSONValue(text), let type = message["type"]?.text,
      let number = message["seq"]?.integer
    else { return complain("not a message: \(String(decoding: text, as: UTF8.self))") }
    switch phase {
    case .joining: receiveFirst(message, type, number, now: now)
    case .inside: receive(message, type, number, now: now)
    case .disconnected: complain("\(type) without a socket")
    // Behind its own `leave` a client does not listen any more.
    case .over: return
    }
    lastHeard = now
  }

  private mutating func receive(
    _ message: JSONValue, _ type: String, _ number: Int64, now: Instant
  ) {
    if type == "pong" {
      guard number == lastReceived else {
        return complain("pong \(number) after \(lastReceived)")
      }
      answerDue = .distantFuture
      return acknowledge(message)
    }
    if number <= lastReceived {
      duplicates += 1
      return
    }
    guard number == lastReceived + 1 else {
      return complain("number \(number) after \(lastReceived), and no gap was told")
    }
    lastReceived = number
    countReceived(now: now)
    switch type {
    case "presence": change(message)
    case "error": fail(message)
    case "ice", "notice": return
    default: hear(message, type)
    }
  }

  // MARK: Entering

  private mutating func receiveFirst(
    _ message: JSONValue, _ type: String, _ number: Int64, now: Instant
  ) {
    // What goes before the join ends the socket; the close code says what then.
    if type == "error" { return }
    guard type == "joined", let peer = message["peer"]?.text,
      let secret = message["session"]?.text, let resumed = message["resumed"]?.boolean,
      let heartbeat = message["heartbeat"]?.integer, let ack = message["ack"]?.integer
    else { return complain("\(type) in the place of joined") }
    if resumed {
      guard peer == self.peer, secret != session else {
        return complain("resumed as another, or under the same secret")
      }
      session = secret
      resume(message, number, ack, now: now)
    } else {
      enter(message, peer, secret, number, ack)
    }
    phase = .inside
    answerDue = .distantFuture
    sendAgain()
    beat(every: heartbeat, now: now)
  }

  private mutating func enter(
    _ message: JSONValue, _ peer: String, _ secret: String, _ number: Int64, _ ack: Int64
  ) {
    if self.peer != nil { end(for: .joining) }
    if number != 1 || ack != 1 { complain("joined \(number) for \(ack)") }
    forgetWaiting()
    self.peer = peer
    session = secret
    (lastSent, acknowledged, lastReceived, confirmed) = (1, 1, 1, 1)
    if let fault = roster.replace(message["peers"], awaitsOthers: false) { complain(fault) }
    events.append(.entered(peer: peer))
  }

  private mutating func resume(
    _ message: JSONValue, _ number: Int64, _ ack: Int64, now: Instant
  ) {
    guard let text = message["gap"]?.text else { return goOn(message, number, ack) }
    guard let gap = ClientEvent.Gap(rawValue: text) else { return complain("gap \(text)") }
    var resumption = ClientEvent.Resumption(gap: gap)
    resumption.missed = max(0, number - lastReceived)
    resumption.asked = number - claimed
    resumption.silentMs = (now - lastHeard).wholeNanoseconds / 1_000_000
    let least = gap == .restart ? claimed : lastReceived
    if number < least { complain("a gap back to \(number) from \(lastReceived)") }
    (lastReceived, confirmed) = (number, number)
    if let fault = roster.replace(message["peers"], awaitsOthers: gap == .restart) {
      complain(fault)
    }
    guard gap == .restart else {
      events.append(.resumed(resumption))
      return acknowledge(message)
    }
    if ack != lastSent { complain("a restart acknowledges \(ack) of \(lastSent)") }
    guard let settling = message["settling"]?.integer else {
      return complain("a restart without settling")
    }
    settlesAt = now + .milliseconds(settling)
    resumption.uncertain = acknowledged..<lastSent
    acknowledged = lastSent
    unacknowledged.removeAll()
    recent.removeAll()
    events.append(.resumed(resumption))
  }

  private mutating func goOn(_ message: JSONValue, _ number: Int64, _ ack: Int64) {
    if number != claimed { complain("resumed at \(number) after \(claimed)") }
    if message["peers"] != nil { complain("peers without a gap") }
    events.append(.resumed(ClientEvent.Resumption()))
    acknowledge(message)
  }

  // MARK: Inside

  private mutating func acknowledge(_ message: JSONValue) {
    guard let ack = message["ack"]?.integer, ack >= acknowledged, ack <= lastSent else {
      return complain("ack \(message["ack"]?.integer ?? -1) of \(acknowledged) to \(lastSent)")
    }
    if ack == acknowledged { return }
    acknowledged = ack
    let arrived = unacknowledged.prefix { $0.number <= ack }
    recent = Array((recent + arrived).suffix(habits.resentTooMany))
    unacknowledged.removeFirst(arrived.count)
    events.append(.acknowledged(ack))
  }

  private mutating func change(_ message: JSONValue) {
    guard let changes = message["changes"]?.elements, !changes.isEmpty else {
      return complain("presence without changes")
    }
    for change in changes {
      if let fault = roster.apply(change, me: peer) { complain(fault) }
      guard let peer = change["peer"]?.text, let state = change["state"]?.text else { continue }
      events.append(.changed(peer: peer, state: state))
    }
  }

  private mutating func fail(_ message: JSONValue) {
    guard let code = message["code"]?.text, message["temporary"]?.boolean != nil else {
      return complain("an error without a code")
    }
    switch code {
    case "no_such_peer", "not_permitted", "rate_limited":
      guard let number = message["re"]?.integer, number <= lastSent else {
        return complain("\(code) answers nothing")
      }
      events.append(.refused(number: number, code: code))
    case "kicked", "room_closed", "going_away": return
    default: complain("error \(code)")
    }
  }

  private mutating func hear(_ message: JSONValue, _ type: String) {
    guard let kind = Signal.Kind(rawValue: type), let from = message["from"]?.text,
      let payload = Signal.payload(of: message, kind)
    else { return complain("\(type) is not as it was sent") }
    if roster.peers[from] == nil { complain("\(type) from outside the room") }
    events.append(.heard(from: from, payload: payload))
  }
}
