// Holds what clients were told against what they did, by the promises of Docs/protocol.md.

/// Writes down what clients say happened to them, and judges all of it at the end.
///
/// It knows nothing of the server. What it promises to find: a signal that was lost, doubled,
/// reordered or delivered to somebody else; a gap that was told though nothing can be missing; a
/// room whose members saw the same things in different orders; a roster that stayed wrong.
public struct DeliveryChecker: Sendable {
  /// What the server keeps for a session that is to be resumed.
  public struct ReplayBounds: Sendable {
    /// Messages.
    public var messages: Int64 = 256
    /// Bytes.
    public var bytes: Int64 = 262_144
    /// How long, in milliseconds.
    public var ageMs: Int64 = 60_000
    /// Bytes of the largest message of the run.
    public var messageBytesMax: Int64 = 1_024
    /// Milliseconds for which a message may have been on its way when it was received.
    public var delayMsMax: Int64 = 0

    /// Those of Docs/protocol.md.
    public init() {}
  }

  struct Sent {
    let number: Int64
    /// Nil for everybody.
    let to: String?
    let payload: Int
    let at: Int
    var isRefused = false
  }

  struct Received {
    let payload: Int
    let number: Int64
    let at: Int
  }

  struct GapTold {
    let kind: ClientEvent.Gap
    let missed: Int64
    let at: Int
  }

  /// One session, from its first `joined` on.
  struct Member {
    let peer: String
    let room: String
    let enteredAt: Int
    var endedAt: Int?
    var sent: [Sent] = []
    /// By the sender's place among the members.
    var received: [Int: [Received]] = [:]
    var gaps: [GapTold] = []
    var acknowledged: Int64 = 1
    /// What restarts may have lost of it: beyond the lower, up to the upper number.
    var uncertain: [Range<Int64>] = []
    /// What everybody in the room sees, in the order in which it saw it.
    var seen: [RoomItem] = []
  }

  /// What everybody in a room sees once.
  enum RoomItem: Hashable {
    case broadcast(Int)
    case joined(String)
    case left(String)
  }

  private let bounds: ReplayBounds
  private(set) var members: [Member] = []
  private var places: [String: Int] = [:]
  /// Which session each client has now, by the client's number.
  private var current: [Int: Int] = [:]
  /// A restart forgets who is gone, so from then on somebody can go twice.
  private var hasRestarted = false
  /// Sender's place and place among what it sent, by payload.
  private var payloads: [(sender: Int, place: Int)?] = []
  /// Events so far, in whose order everything is.
  private var clock = 0
  var faults: [String] = []
  /// Signals that arrived.
  public private(set) var delivered = 0

  /// - Parameter bounds: by which it tells a gap that cannot be.
  public init(_ bounds: ReplayBounds = ReplayBounds()) { self.bounds = bounds }

  /// A payload that nobody has sent yet.
  public mutating func newPayload() -> Int {
    payloads.append(nil)
    return payloads.count - 1
  }

  /// What is known to be wrong so far.
  public var firstFault: String? { faults.first }

  /// Notes what happened to one of the clients, which have numbers for this.
  public mutating func note(_ event: ClientEvent, of client: Int, in room: String) {
    clock += 1
    switch event {
    case .entered(let peer): return enter(client, peer, room)
    case .complained(let what):
      let name = current[client].map { members[$0].peer } ?? "client \(client)"
      return faults.append("\(name) in \(room): \(what)")
    case .ended(let peer):
      guard let place = current.removeValue(forKey: client), members[place].peer == peer else {
        return faults.append("\(peer) ended, and was not there")
      }
      members[place].endedAt = clock
    default:
      guard let place = current[client] else {
        return faults.append("client \(client) outside of a session: \(event)")
      }
      note(event, at: place)
    }
  }

  private mutating func note(_ event: ClientEvent, at place: Int) {
    switch event {
    case .resumed(let how): resume(place, how)
    case .sent(let signal, let number): send(place, signal, number)
    case .acknowledged(let number): members[place].acknowledged = number
    case .refused(let number, _):
      guard let sent = members[place].sent.lastIndex(where: { $0.number == number }) else { return }
      members[place].sent[sent].isRefused = true
    case .heard(let from, let payload): hear(place, from, payload)
    case .changed(let peer, let state):
      if hasRestarted { return }
      if state == "joined" { members[place].seen.append(.joined(peer)) }
      if state == "left" { members[place].seen.append(.left(peer)) }
    case .entered, .ended, .complained: return
    }
  }

  private mutating func enter(_ client: Int, _ peer: String, _ room: String) {
    guard places.updateValue(members.count, forKey: peer) == nil else {
      return faults.append("\(peer) is the name of two")
    }
    current[client] = members.count
    members.append(Member(peer: peer, room: room, enteredAt: clock))
  }

  private mutating func send(_ place: Int, _ signal: Signal, _ number: Int64) {
    payloads[signal.payload] = (place, members[place].sent.count)
    members[place].sent.append(
      Sent(number: number, to: signal.to, payload: signal.payload, at: clock))
  }

  private mutating func hear(_ place: Int, _ from: String, _ payload: Int) {
    delivered += 1
    let me = members[place].peer
    guard payloads.indices.contains(payload), let origin = payloads[payload] else {
      return faults.append("\(me) heard \(payload), which nobody sent")
    }
    let sender = members[origin.sender]
    let sent = sender.sent[origin.place]
    guard sender.peer == from, sender.room == members[place].room, sent.to == nil || sent.to == me,
      from != me
    else {
      return faults.append("\(me) heard \(payload) of \(from), which was not for it")
    }
    members[place].received[origin.sender, default: []].append(
      Received(payload: payload, number: sent.number, at: clock))
    if sent.to == nil { members[place].seen.append(.broadcast(payload)) }
  }

  private mutating func resume(_ place: Int, _ how: ClientEvent.Resumption) {
    if let uncertain = how.uncertain {
      hasRestarted = true
      members[place].uncertain.append(uncertain)
      members[place].acknowledged = uncertain.upperBound
    }
    guard let gap = how.gap else { return }
    members[place].gaps.append(GapTold(kind: gap, missed: how.missed, at: clock))
    guard gap == .overflow else { return }
    let asked = how.asked
    let isKept =
      asked <= bounds.messages && asked * bounds.messageBytesMax <= bounds.bytes
      && how.silentMs + bounds.delayMsMax <= bounds.ageMs
    if isKept {
      faults.append(
        "\(members[place].peer) was told a gap of \(asked) after \(how.silentMs) ms, "
          + "all of it kept")
    }
  }
}
