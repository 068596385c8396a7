// Client messages from their JSON texts.

internal import JSON
public import Signaling

/// Reads the texts of `parley.v1` clients. It belongs to one thread.
public struct MessageDecoder: ~Copyable {
  /// The largest whole number that every JSON implementation keeps (RFC 7493 §2.2).
  private static let numberMax: Int64 = 9_007_199_254_740_991

  private var parser: JSONObjectParser
  private let limits: SignalingLimits

  /// - Parameter limits: bounds of texts, descriptions and candidates.
  public init(limits: SignalingLimits) {
    parser = JSONObjectParser(sizeMax: limits.messageBytesMax)
    self.limits = limits
  }

  /// The message in `text`. One that breaks the protocol comes as `.invalid`, with the error that
  /// answers it and with its number if that can be read.
  public mutating func decode(_ text: Span<UInt8>) -> ClientMessage {
    do {
      try parser.parse(text)
    } catch {
      return ClientMessage(number: nil, body: .invalid(.badMessage, detail: Self.detail(error)))
    }
    guard let number = count("seq") else {
      return ClientMessage(
        number: nil, body: .invalid(.badMessage, detail: "seq has to be a whole number"))
    }
    do {
      return ClientMessage(number: number, body: try body())
    } catch {
      return ClientMessage(number: number, body: .invalid(error.code, detail: error.detail))
    }
  }

  // MARK: Messages

  private struct Fault: Error {
    var code = ErrorCode.badMessage
    let detail: String
  }

  private func body() throws(Fault) -> ClientMessage.Body {
    guard let kind = parser.withText("type", { ClientMessage.Kind(type: $0) }) else {
      throw Fault(detail: "type has to be a string")
    }
    switch kind {
    case .join: return .join(try join())
    case .offer: return .offer(to: try peer(), sdp: try description())
    case .answer: return .answer(to: try peer(), sdp: try description())
    case .candidate: return .candidate(to: try peer(), candidate: try candidate())
    case .endOfCandidates:
      return .endOfCandidates(to: try peer(), usernameFragment: try usernameFragment())
    case .message:
      let to = parser.kind(of: "to") == nil ? nil : try peer()
      guard let data = parser.raw("data") else { throw Fault(detail: "data is missing") }
      return .message(to: to, data: RawJSON(data))
    case .ice: return .ice(relay: try relay())
    case .report: return .report(peer: try peer("peer"), pair: try pair())
    case .kick: return .kick(try peer("peer"), try reason())
    case .closeRoom: return .closeRoom(try reason())
    case .leave: return .leave
    case .ping: return try ping()
    case .invalid: throw Fault(code: .unknownType, detail: "unknown type")
    }
  }

  private func join() throws(Fault) -> JoinRequest {
    guard let room = parser.string("room") else { throw Fault(detail: "room has to be a string") }
    let name = parser.string("name")
    guard name != nil || parser.kind(of: "name") == nil else {
      throw Fault(detail: "name has to be a string")
    }
    let token = parser.string("token")
    guard token != nil || parser.kind(of: "token") == nil else {
      throw Fault(detail: "token has to be a string")
    }
    guard parser.kind(of: "resume") != nil else {
      return JoinRequest(room: room, name: name, token: token)
    }
    guard let session = parser.string("session", in: "resume"), let ack = count("ack", in: "resume")
    else { throw Fault(detail: "resume has to have a session and an ack") }
    let resume = ResumeRequest(session: SessionSecret(session), ack: ack)
    return JoinRequest(room: room, name: name, token: token, resume: resume)
  }

  // MARK: Members

  private func peer(_ key: StaticString = "to") throws(Fault) -> PeerID {
    guard let text = parser.string(key) else { throw Fault(detail: "\(key) has to be a string") }
    return PeerID(text)
  }

  private func reason() throws(Fault) -> Reason {
    guard parser.kind(of: "reason") != nil else { return .none }
    guard let reason = parser.string("reason").flatMap({ Reason($0) }) else {
      throw Fault(detail: "reason has to be a string of at most 128 bytes, no control characters")
    }
    return reason
  }

  private func relay() throws(Fault) -> Bool {
    guard parser.kind(of: "relay") != nil else { return false }
    guard let relay = parser.boolean("relay") else {
      throw Fault(detail: "relay has to be true or false")
    }
    return relay
  }

  private func ping() throws(Fault) -> ClientMessage.Body {
    guard let ack = count("ack") else { throw Fault(detail: "ack has to be a whole number") }
    guard parser.kind(of: "rtt") != nil else { return .ping(ack: ack) }
    guard let rtt = count("rtt") else { throw Fault(detail: "rtt has to be a whole number") }
    return .ping(ack: ack, rttMs: rtt)
  }

  private func pair() throws(Fault) -> SelectedPair {
    func type(_ key: StaticString) -> SelectedPair.CandidateType? {
      parser.string(key, in: "pair").flatMap { SelectedPair.CandidateType(rawValue: $0) }
    }
    let transport = parser.string("protocol", in: "pair")
    guard let local = type("local"), let remote = type("remote"),
      let transport = transport.flatMap({ SelectedPair.TransportProtocol(rawValue: $0) })
    else { throw Fault(detail: "pair has to have a local and remote type, and a protocol") }
    return SelectedPair(local: local, remote: remote, transport: transport)
  }

  private func description() throws(Fault) -> RawJSON {
    guard let size = parser.stringByteCount("sdp") else {
      throw Fault(detail: "sdp has to be a string")
    }
    guard size <= limits.sdpBytesMax, let sdp = parser.raw("sdp") else {
      throw Fault(detail: "sdp has more than \(limits.sdpBytesMax) bytes")
    }
    return RawJSON(sdp)
  }

  private func candidate() throws(Fault) -> RawJSON {
    guard let size = parser.stringByteCount("candidate", in: "candidate") else {
      throw Fault(detail: "candidate has to be an object with a candidate string")
    }
    guard size <= limits.candidateBytesMax, let candidate = parser.raw("candidate") else {
      throw Fault(detail: "candidate has more than \(limits.candidateBytesMax) bytes")
    }
    return RawJSON(candidate)
  }

  private func usernameFragment() throws(Fault) -> RawJSON? {
    guard let kind = parser.kind(of: "usernameFragment"),
      let fragment = parser.raw("usernameFragment")
    else { return nil }
    // Browsers have it as null where a candidate carries none.
    guard kind == .string || kind == .null else {
      throw Fault(detail: "usernameFragment has to be a string")
    }
    return RawJSON(fragment)
  }

  private func count(_ key: StaticString, in outer: StaticString? = nil) -> Int64? {
    guard let value = parser.integer(key, in: outer), (0...Self.numberMax).contains(value) else {
      return nil
    }
    return value
  }

  private static func detail(_ error: JSONError) -> String {
    switch error {
    case .tooLarge: "the message is too big"
    case .tooDeep: "the message is nested too deeply"
    case .notUTF8: "the message is not UTF-8"
    case .malformed: "the message is not JSON"
    case .notAnObject: "the message is not an object"
    case .duplicateMember: "a member appears twice"
    case .tooManyMembers: "the message has too many members"
    case .noMemory: "the server is short of memory"
    }
  }
}

extension ClientMessage.Kind {
  /// The kind that the word stands for, `invalid` when there is none. The few that it can be are
  /// told apart by its length and its first letter, so that no text has to be made of it.
  fileprivate init(type word: Span<UInt8>) {
    let (kind, text): (Self, StaticString)
    switch (word.count, word.isEmpty ? 0 : word[0]) {
    case (3, UInt8(ascii: "i")): (kind, text) = (.ice, "ice")
    case (4, UInt8(ascii: "j")): (kind, text) = (.join, "join")
    case (4, UInt8(ascii: "k")): (kind, text) = (.kick, "kick")
    case (4, UInt8(ascii: "p")): (kind, text) = (.ping, "ping")
    case (5, UInt8(ascii: "l")): (kind, text) = (.leave, "leave")
    case (5, UInt8(ascii: "o")): (kind, text) = (.offer, "offer")
    case (6, UInt8(ascii: "a")): (kind, text) = (.answer, "answer")
    case (6, UInt8(ascii: "r")): (kind, text) = (.report, "report")
    case (7, UInt8(ascii: "m")): (kind, text) = (.message, "message")
    case (9, UInt8(ascii: "c")): (kind, text) = (.candidate, "candidate")
    case (10, UInt8(ascii: "c")): (kind, text) = (.closeRoom, "close-room")
    case (17, UInt8(ascii: "e")): (kind, text) = (.endOfCandidates, "end-of-candidates")
    default: (kind, text) = (.invalid, "")
    }
    self = word.spells(text) ? kind : .invalid
  }
}
