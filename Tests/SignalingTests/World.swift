// A signaling server under virtual time, with what it tells each connection written down.

import NetTypes
import Signaling

struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

struct FixedICE: ICEServerSource {
  func offer(for peer: PeerID, in room: RoomName) -> ICEOffer {
    let turn = ICEServer(urls: ["turn:a"], username: "\(room.text)-\(peer.text)", credential: "c")
    return ICEOffer(servers: [ICEServer(urls: ["stun:a"]), turn], ttlMs: 600_000)
  }
}

/// What one connection was told.
struct Heard: Equatable {
  var number: Int64
  var message: ServerMessage

  init(_ number: Int64, _ message: ServerMessage) {
    self.number = number
    self.message = message
  }
}

final class World {
  var server: SignalingServer
  var now = Instant(nanoseconds: 1_000_000_000)
  /// Since it was last asked for with `heard`.
  private var inbox: [ConnectionID: [Heard]] = [:]
  private(set) var closed: [ConnectionID: CloseCode] = [:]
  /// Effects of the last input, in order.
  private(set) var effects: [SignalingEffect] = []
  private var connectionCount: UInt64 = 0

  init(_ limits: SignalingLimits = SignalingLimits(), seed: UInt64 = 1) {
    server = SignalingServer(
      limits: limits, random: SplitMix64(state: seed), iceServers: FixedICE())
  }

  func pass(_ duration: Duration) {
    now = now + duration
    perform { $0.advance(to: now, into: &$1) }
  }

  func newConnection() -> ConnectionID {
    connectionCount += 1
    return ConnectionID(connectionCount)
  }

  func perform(_ input: (inout SignalingServer, inout [SignalingEffect]) -> Void) {
    effects.removeAll()
    input(&server, &effects)
    for effect in effects {
      switch effect {
      case .send(let connection, let number, let message):
        inbox[connection, default: []].append(Heard(number, message))
      case .broadcast(let recipients, let message):
        for recipient in recipients {
          inbox[recipient.connection, default: []].append(Heard(recipient.number, message))
        }
      case .close(let connection, let code):
        precondition(closed[connection] == nil, "closed twice")
        closed[connection] = code
      }
    }
  }

  /// What the connection was told since the last call.
  func heard(_ connection: ConnectionID) -> [Heard] {
    defer { inbox[connection] = nil }
    return inbox[connection] ?? []
  }

  func judge(_ room: String, name: String? = nil, resume: ResumeRequest? = nil) -> Lobby.Verdict {
    Lobby.judge(
      ClientMessage(number: 1, body: .join(JoinRequest(room: room, name: name, resume: resume))))
  }

  func enter(
    _ connection: ConnectionID, _ room: String, name: String? = nil, resume: ResumeRequest? = nil
  ) {
    guard case .enter(let entry) = judge(room, name: name, resume: resume) else {
      preconditionFailure("not let in")
    }
    perform { $0.join(entry, connection, now: now, into: &$1) }
  }

  /// Joins and gives the answer, which is taken out of what the connection heard.
  func join(
    _ room: String, name: String? = nil, resume: ResumeRequest? = nil
  ) -> (connection: ConnectionID, joined: Joined)? {
    let connection = newConnection()
    enter(connection, room, name: name, resume: resume)
    guard case .joined(let joined) = heard(connection).first?.message else { return nil }
    return (connection, joined)
  }

  func say(_ connection: ConnectionID, _ number: Int64?, _ body: ClientMessage.Body) {
    perform {
      $0.receive(
        ClientMessage(number: number, body: body), from: connection, now: now, into: &$1)
    }
  }

  func close(_ connection: ConnectionID, _ reason: LeaveReason = .lost) {
    perform { $0.connectionClosed(connection, reason, into: &$1) }
  }
}

extension RawJSON {
  init(_ text: String) { self.init(Array(text.utf8)) }
}

extension Heard {
  var error: ErrorMessage? {
    if case .error(let error) = message { error } else { nil }
  }
}
