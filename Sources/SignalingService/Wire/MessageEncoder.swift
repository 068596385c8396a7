// Server messages as JSON texts: the body once, the number for each recipient.

internal import JSON
public import Signaling

/// A server message as JSON, but for its number.
public struct EncodedMessage: Sendable {
  private let head: [UInt8]
  private let tail: [UInt8]

  /// Encodes `message`.
  public init(_ message: ServerMessage) {
    head = Array(#"{"type":"\#(message.kind.rawValue)","seq":"#.utf8)
    var writer = JSONWriter(capacity: 512)
    writer.beginObject()
    writer.members(of: message)
    writer.endObject()
    tail = writer.bytes
  }

  /// The text with the number `number` in it.
  public func text(number: Int64) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(head.count + tail.count + 20)
    text.append(contentsOf: head)
    text.append(contentsOf: String(number).utf8)
    // Every message has members of its own, so the brace of the tail becomes a comma.
    text.append(UInt8(ascii: ","))
    text.append(contentsOf: tail.dropFirst())
    return text
  }
}

extension JSONWriter {
  fileprivate mutating func members(of message: ServerMessage) {
    switch message {
    case .joined(let joined): members(of: joined)
    case .presence(let changes): members(of: changes)
    case .offer(let from, let sdp), .answer(let from, let sdp): payload(from, "sdp", sdp)
    case .candidate(let from, let candidate): payload(from, "candidate", candidate)
    case .endOfCandidates(let from, let fragment): payload(from, "usernameFragment", fragment)
    case .message(let from, let data): payload(from, "data", data)
    case .notice(let text): member("text", text)
    case .ice(let offer): members(of: offer)
    case .error(let error): members(of: error)
    case .pong(let ack): member("ack", ack)
    }
  }

  mutating func members(of offer: ICEOffer) {
    key("iceServers")
    beginArray()
    for server in offer.servers {
      beginObject()
      key("urls")
      beginArray()
      for url in server.urls { string(url) }
      endArray()
      if let username = server.username { member("username", username) }
      if let credential = server.credential { member("credential", credential) }
      endObject()
    }
    endArray()
    member("iceTtl", offer.ttlMs)
  }

  private mutating func members(of error: ErrorMessage) {
    member("code", error.code.rawValue)
    member("message", error.text)
    key("temporary")
    boolean(error.code.isTemporary)
    if let retryAfter = error.retryAfterMs { member("retryAfter", retryAfter) }
    if let answers = error.answers { member("re", answers) }
  }

  private mutating func members(of changes: [PresenceChange]) {
    key("changes")
    beginArray()
    for change in changes {
      beginObject()
      member("peer", change.peer.text)
      member("state", change.state.word)
      switch change.state {
      case .joined(let profile), .resumed(let profile): members(of: profile)
      case .left(let reason): member("reason", reason.rawValue)
      case .suspended: break
      }
      endObject()
    }
    endArray()
  }

  private mutating func payload(_ from: PeerID, _ name: String, _ value: RawJSON?) {
    member("from", from.text)
    guard let value else { return }
    key(name)
    raw(value.bytes)
  }

  mutating func member(_ name: String, _ text: String) {
    key(name)
    string(text)
  }

  mutating func member(_ name: String, _ value: Int64) {
    key(name)
    integer(value)
  }
}
