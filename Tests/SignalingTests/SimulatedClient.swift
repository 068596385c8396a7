// A client that believes nothing but what it is told, and checks that the numbers go on.

import NetTypes
import Signaling

final class SimulatedClient {
  let connection: ConnectionID
  let room: String
  var lastSent: Int64 = 1
  private(set) var peer: PeerID?
  private(set) var secret: SessionSecret?
  private(set) var lastHeard: Int64 = 0
  /// The others, in the order of their joins, as told.
  private(set) var roster: [PeerID] = []
  /// Signals and messages heard and not yet compared, sender and payload.
  var signals: [Signal] = []
  private(set) var limited: Set<Int64> = []
  /// What it saw that no client should see.
  private(set) var complaints: [String] = []

  struct Signal: Equatable {
    var from: PeerID
    var payload: RawJSON
  }

  init(_ connection: ConnectionID, room: String) {
    self.connection = connection
    self.room = room
  }

  func hear(_ heard: Heard) {
    let isPong = heard.message.kind == .pong
    if heard.number != lastHeard + (isPong ? 0 : 1) {
      complaints.append("number \(heard.number) after \(lastHeard)")
    }
    lastHeard = heard.number
    switch heard.message {
    case .joined(let joined):
      peer = joined.peer
      secret = joined.session
      roster = joined.peers?.map(\.peer) ?? []
    case .presence(let changes):
      for change in changes { note(change) }
    case .offer(let from, let payload), .answer(let from, let payload),
      .candidate(let from, let payload), .message(let from, let payload):
      note(from, payload)
    case .endOfCandidates(let from, let payload):
      note(from, payload ?? RawJSON("null"))
    case .error(let error):
      if error.code == .rateLimited, let number = error.answers { limited.insert(number) }
    case .pong(let ack):
      if ack != lastSent { complaints.append("pong confirms \(ack) of \(lastSent)") }
    case .ice, .notice: break
    }
  }

  private func note(_ change: PresenceChange) {
    let peer = change.peer
    switch change.state {
    case .joined:
      if roster.contains(peer) { complaints.append("\(peer) joined twice") }
      roster.append(peer)
    case .left:
      guard roster.contains(peer) else { return complaints.append("\(peer) left unknown") }
      roster.removeAll { $0 == peer }
    case .suspended, .resumed: complaints.append("\(change.state) of \(peer)")
    }
  }

  private func note(_ from: PeerID, _ payload: RawJSON) {
    if !roster.contains(from) { complaints.append("\(payload) from outside the room") }
    signals.append(Signal(from: from, payload: payload))
  }
}
