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
  func offer(for peer: PeerID, in room: RoomKey, withRelay: Bool) -> ICEOffer {
    var servers = [ICEServer(urls: ["stun:a"])]
    if withRelay {
      let username = "\(room.name.text)-\(peer.text)"
      servers.append(ICEServer(urls: ["turn:a"], username: username, credential: "c"))
    }
    return ICEOffer(servers: servers, ttlMs: 600_000)
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
  /// What the calendar says when a world begins.
  static let startUnixMs: Int64 = 1_764_077_770_000

  var server: SignalingServer
  let incarnation: Incarnation
  var now = Instant(nanoseconds: 1_000_000_000)
  /// Since it was last asked for with `heard`.
  private var inbox: [ConnectionID: [Heard]] = [:]
  private(set) var closed: [ConnectionID: CloseCode] = [:]
  /// Effects of the last input, in order.
  private(set) var effects: [SignalingEffect] = []
  private var connectionCount: UInt64 = 0

  init(_ limits: SignalingLimits = SignalingLimits(), seed: UInt64 = 1) {
    var random = SplitMix64(state: seed)
    incarnation = Incarnation(
      sessions: SessionKey(secrets: [Array("north".utf8)]), start: now,
      startUnixMs: Self.startUnixMs, random: &random)
    server = SignalingServer(
      limits: limits, random: random, iceServers: FixedICE(), incarnation: incarnation)
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
    let request = JoinRequest(room: room, name: name, resume: resume)
    return Lobby.judge(
      ClientMessage(number: 1, body: .join(request)), sessions: incarnation.sessions
    ) { _, _ in .granted(Grant()) }
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

  func close(_ connection: ConnectionID, _ end: ConnectionEnd = .lost) {
    perform { $0.connectionClosed(connection, end, now: now, into: &$1) }
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

extension ServerMessage {
  /// One member's change alone.
  static func change(_ peer: PeerID, _ state: PresenceChange.State) -> ServerMessage {
    .presence([PresenceChange(peer, state)])
  }
}

extension Joined {
  /// How the others are told of it.
  var arrival: ServerMessage { .change(peer, .joined(profile)) }
}
