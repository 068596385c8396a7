// Server messages as JSON texts: the body once, the number for each recipient.

internal import JSON
public import Signaling
internal import WebSocket

/// A server message as JSON, but for its number; made once, used for one message after the other.
public struct EncodedMessage: Sendable {
  /// Bytes of a text from which on it is compressed for those who agreed on that: below, the gain
  /// is not worth the time.
  static let deflatedBytesMin = 512

  /// What is before the number, and what is behind it.
  private var writer = JSONWriter(capacity: 512)
  private var headCount = 0
  /// The tail for each size of window that a recipient had; nil where it does not get smaller.
  private var deflatedTails: [Int: [UInt8]?] = [:]

  /// No message yet.
  public init() {}

  /// Encodes `message`.
  public init(_ message: ServerMessage) { encode(message) }

  /// Encodes `message` in the place of what was encoded before.
  public mutating func encode(_ message: ServerMessage) {
    if !deflatedTails.isEmpty { deflatedTails = [:] }
    writer.removeAll()
    writer.beginObject()
    writer.member("type", message.kind.rawValue)
    writer.key("seq")
    headCount = writer.bytes.count
    // The number goes here: every message has members of its own, so a comma follows it.
    writer.skipValue()
    writer.members(of: message)
    writer.endObject()
  }

  private var tailCount: Int { writer.bytes.count - headCount }

  /// The text with the number `number` in it.
  public func text(number: Int64) -> [UInt8] {
    var text: [UInt8] = []
    append(DecimalText(number), to: &text)
    return text
  }

  private func append(_ digits: DecimalText, to text: inout [UInt8]) {
    text.append(contentsOf: writer.bytes[..<headCount])
    text.append(digits)
    text.append(contentsOf: writer.bytes[headCount...])
  }

  /// Appends the whole frame for one recipient. However many there are, the tail is compressed
  /// once: the head with the number goes as a stored block in front of it.
  mutating func appendFrame(
    number: Int64, deflate: DeflateAgreement?, codec: any MessageCodec, to frame: inout [UInt8]
  ) {
    let digits = DecimalText(number)
    let start = headCount + digits.count
    if let deflate, start + tailCount >= Self.deflatedBytesMin,
      let deflated = deflatedTail(deflate.serverWindowBits, codec)
    {
      let count = DeflateBlocks.storedHeaderBytes + start + deflated.count
      FrameEncoder.appendHeader(
        to: &frame, opcode: .text, payloadCount: count, isCompressed: true)
      DeflateBlocks.appendStoredHeader(count: start, to: &frame)
      frame.append(contentsOf: writer.bytes[..<headCount])
      frame.append(digits)
      frame.append(contentsOf: deflated)
    } else {
      FrameEncoder.appendHeader(to: &frame, opcode: .text, payloadCount: start + tailCount)
      append(digits, to: &frame)
    }
  }

  private mutating func deflatedTail(_ windowBits: Int, _ codec: any MessageCodec) -> [UInt8]? {
    if let known = deflatedTails[windowBits] { return known }
    var deflated: [UInt8] = []
    let bytes = writer.bytes
    let isDone = codec.deflate(
      bytes.span.extracting(headCount..<bytes.count), windowBits: windowBits, into: &deflated)
    let isSmaller = DeflateBlocks.storedHeaderBytes + deflated.count < tailCount
    let result = isDone && isSmaller ? deflated : nil
    deflatedTails.updateValue(result, forKey: windowBits)
    return result
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
