// The one form that the messages of a signaling run have, so that none is built and none is parsed.

internal import NetTypes
internal import WebSocket

/// To whom a message goes.
enum MessageLane: CaseIterable, Sendable {
  case peer
  /// Everybody else in the room.
  case room
}

/// What a message says of itself.
struct MessageMark: Equatable, Sendable {
  /// The sender's place in its room.
  var sender: Int
  /// Counts a sender's messages, from 0.
  var number: Int
  /// When it was due, on the clock of this process, which sends and receives.
  var timeNs: Int64
}

/// A message that came in the form.
struct MessageReading: Equatable, Sendable {
  var seq: Int
  /// Where the id of the sender is in the text; of the receiver, where it is an echo.
  var peer: Range<Int>
  var mark: MessageMark
}

/// A candidate for one peer, or a message for all:
///
/// ```
/// {"type":"candidate","seq":N,"to":"ID","candidate":{"s":"…","n":"…","t":"…","candidate":"…"}}
/// {"type":"message","seq":N,"data":{"s":"…","n":"…","t":"…","candidate":"…"}}
/// ```
///
/// Sender, number and time are hexadecimal and of fixed width, and the last member is the same in
/// all, so that it fills the message up and shows every change. What is longer than a candidate may
/// be is a `message` to one peer too.
struct MessageForm: Sendable {
  static let senderDigits = 8
  static let numberDigits = 8
  static let timeDigits = 16
  /// The shortest text.
  static let sizeMin = 140
  /// The longest text of the protocol.
  static let sizeMax = 65_536
  /// Bytes that a candidate may have.
  private static let candidateMax = 2_048
  /// Bytes of a peer's id, as the server makes them.
  private static let idBytes = 10

  /// The type, and the member with the payload.
  let type: String
  let member: String
  private let head: [UInt8]
  /// In front of the id of whoever it came from.
  private let from: [UInt8]
  private let body: [UInt8]
  private let number = Array(#"","n":""#.utf8)
  private let time = Array(#"","t":""#.utf8)
  private let tail: [UInt8]

  /// - Parameters:
  ///   - size: bytes of a text with a number of six digits, ``sizeMin`` to ``sizeMax``.
  ///   - isEcho: what comes is what was sent.
  init(_ lane: MessageLane, size: Int, isEcho: Bool) {
    let isCandidate = lane == .peer && size <= Self.candidateMax
    let empty = MessageForm(isCandidate: isCandidate, filler: [], isEcho: isEcho)
    let target: [UInt8]? = lane == .peer ? Array(repeating: 0, count: Self.idBytes) : nil
    let mark = MessageMark(sender: 0, number: 0, timeNs: 0)
    let overhead = empty.text(seq: 100_000, to: target, mark).count
    self.init(
      isCandidate: isCandidate, filler: Self.filler(size - overhead), isEcho: isEcho)
  }

  private init(isCandidate: Bool, filler: [UInt8], isEcho: Bool) {
    type = isCandidate ? "candidate" : "message"
    member = isCandidate ? "candidate" : "data"
    head = Array(#"{"type":"\#(type)","seq":"#.utf8)
    from = Array((isEcho ? #","to":""# : #","from":""#).utf8)
    body = Array(#"","\#(member)":{"s":""#.utf8)
    tail = Array(#"","\#(Self.fillerMember)":""#.utf8) + filler + Array(#""}}"#.utf8)
  }

  /// As in a candidate, where it has to be.
  private static let fillerMember = "candidate"

  /// Text in which no stretch is like the one before.
  private static func filler(_ bytes: Int) -> [UInt8] {
    let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
    return (0..<max(0, bytes)).map { letters[($0 + $0 / letters.count) % letters.count] }
  }

  /// The text of a message, for whoever has no template.
  func text(seq: Int, to: [UInt8]?, _ mark: MessageMark) -> [UInt8] {
    let start = head + Array(String(seq).utf8)
    let target = to.map { Array(#","to":""#.utf8) + $0 } ?? []
    let payload = to == nil ? Array(",".utf8) + body.dropFirst(2) : body
    return start + target + payload + Self.hex(mark.sender, Self.senderDigits) + number
      + Self.hex(mark.number, Self.numberDigits) + time
      + Self.hex(Int(mark.timeNs), Self.timeDigits) + tail
  }

  private static func hex(_ value: Int, _ digits: Int) -> [UInt8] {
    (0..<digits).reversed().map { digit(of: value, $0) }
  }

  /// The digit of `value` at `place`, counted from the last.
  @inline(__always)
  static func digit(of value: Int, _ place: Int) -> UInt8 {
    let nibble = UInt8(truncatingIfNeeded: value >> (4 * place)) & 15
    return nibble < 10 ? 0x30 + nibble : 0x57 + nibble
  }

  // MARK: Reading

  /// What a text says, if it has the form; nil leaves it to a parser.
  func read(_ text: Span<UInt8>) -> MessageReading? {
    guard text.has(head, at: 0) else { return nil }
    var at = head.count
    let seq = text.decimal(at: &at)
    guard text.has(from, at: at) else { return nil }
    let peer = at + from.count
    var end = peer
    while end < text.count, text[end] != UInt8(ascii: "\"") { end += 1 }
    let sender = end + body.count
    let number = sender + Self.senderDigits + self.number.count
    let time = number + Self.numberDigits + self.time.count
    let rest = time + Self.timeDigits
    guard text.count == rest + tail.count, text.has(body, at: end),
      text.has(self.number, at: sender + Self.senderDigits),
      text.has(self.time, at: number + Self.numberDigits), text.has(tail, at: rest)
    else { return nil }
    return MessageReading(
      seq: seq, peer: peer..<end,
      mark: MessageMark(
        sender: text.hex(at: sender, Self.senderDigits),
        number: text.hex(at: number, Self.numberDigits),
        timeNs: Int64(text.hex(at: time, Self.timeDigits))))
  }
}

/// The frame of a message as a client sends it, masked, into which the next one's own words are
/// written in place.
struct MessageTemplate: Sendable {
  private(set) var frame: [UInt8] = []
  private let form: MessageForm
  /// The key of all frames: right for peers that we run ourselves (RFC 6455 §10.3).
  private let maskKey: UInt32
  private var seqDigits = 0
  private var targetBytes = 0
  /// Places in the frame.
  private var payload = 0
  private var seq = 0
  private var target = 0
  private var mark = 0

  init(_ form: MessageForm, maskKey: UInt32) {
    self.form = form
    self.maskKey = maskKey
  }

  /// Makes it the frame of a message.
  mutating func stamp(seq number: Int, to: [UInt8]?, _ mark: MessageMark) {
    let digits = Self.decimalDigits(number)
    let isSame = digits == seqDigits && to?.count ?? 0 == targetBytes
    guard isSame else { return build(seq: number, to: to, mark) }
    var rest = number
    for place in (0..<digits).reversed() {
      put(UInt8(truncatingIfNeeded: rest % 10) + 0x30, at: seq + place)
      rest /= 10
    }
    if let to { for place in to.indices { put(to[place], at: target + place) } }
    let at = self.mark
    put(hex: mark.sender, MessageForm.senderDigits, at: at)
    let numberAt = at + MessageForm.senderDigits + 7
    put(hex: mark.number, MessageForm.numberDigits, at: numberAt)
    put(
      hex: Int(mark.timeNs), MessageForm.timeDigits, at: numberAt + MessageForm.numberDigits + 7)
  }

  private mutating func build(seq number: Int, to: [UInt8]?, _ mark: MessageMark) {
    let text = form.text(seq: number, to: to, mark)
    seqDigits = Self.decimalDigits(number)
    targetBytes = to?.count ?? 0
    frame = []
    FrameEncoder.append(to: &frame, opcode: .text, payload: text.span, maskKey: maskKey)
    payload = frame.count - text.count
    seq = payload + #"{"type":"","seq":"#.utf8.count + form.type.utf8.count
    target = seq + seqDigits + #","to":""#.utf8.count
    let body = #"","":{"s":""#.utf8.count + form.member.utf8.count
    self.mark = to == nil ? seq + seqDigits + body - 1 : target + targetBytes + body
  }

  @inline(__always)
  private mutating func put(_ byte: UInt8, at place: Int) {
    let shift = UInt32(24 - 8 * ((place - payload) & 3))
    frame[place] = byte ^ UInt8(truncatingIfNeeded: maskKey >> shift)
  }

  @inline(__always)
  private mutating func put(hex value: Int, _ digits: Int, at place: Int) {
    for digit in 0..<digits {
      put(MessageForm.digit(of: value, digits - 1 - digit), at: place + digit)
    }
  }

  private static func decimalDigits(_ number: Int) -> Int {
    var (digits, rest) = (1, number / 10)
    while rest > 0 {
      digits += 1
      rest /= 10
    }
    return digits
  }
}

extension Span<UInt8> {
  /// Whether `bytes` stand at `offset`, eight compared at a time.
  fileprivate func has(_ bytes: [UInt8], at offset: Int) -> Bool {
    guard offset + bytes.count <= count else { return false }
    let wanted = bytes.span
    var place = 0
    while place + 8 <= wanted.count {
      if uint64(at: offset + place) != wanted.uint64(at: place) { return false }
      place += 8
    }
    while place < wanted.count {
      if self[offset + place] != wanted[place] { return false }
      place += 1
    }
    return true
  }

  /// The number at `offset`, which moves behind it; what is longer than 18 digits is cut there.
  fileprivate func decimal(at offset: inout Int) -> Int {
    var number = 0
    let end = Swift.min(count, offset + 18)
    while offset < end, case let digit = self[offset] &- 0x30, digit < 10 {
      number = number * 10 + Int(digit)
      offset += 1
    }
    return number
  }

  /// A number of so many hexadecimal digits; wrong ones make it wrong, and never negative.
  fileprivate func hex(at offset: Int, _ digits: Int) -> Int {
    var number = 0
    for place in offset..<offset + digits {
      let byte = self[place]
      let digit = byte < 0x3A ? byte &- 0x30 : byte &- 0x57
      number = number << 4 | Int(digit & 15)
    }
    return number & .max
  }
}
