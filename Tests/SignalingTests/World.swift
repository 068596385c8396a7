// A signaling server under virtual time, with what it tells each connection written down.

import NetTypes
import Signaling

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

/// A connection that came back, and what it heard at once.
struct Return {
  var connection: ConnectionID
  var heard: [Heard]

  var joined: Joined? {
    if case .joined(let joined) = heard.first?.message { joined } else { nil }
  }
  /// The number of `joined`.
  var number: Int64? { heard.first?.number }
  /// What followed it.
  var rest: [Heard] { Array(heard.dropFirst()) }
}

final class World {
  /// What the calendar says when a world begins.
  static let startUnixMs: Int64 = 1_764_077_770_000

  var server: SignalingServer
  let incarnation: Incarnation
  var now: Instant
  /// Since it was last asked for with `heard`.
  private var inbox: [ConnectionID: [Heard]] = [:]
  private(set) var closed: [ConnectionID: CloseCode] = [:]
  /// Effects of the last input, in order.
  private(set) var effects: [SignalingEffect] = []
  private var connectionCount: UInt64 = 0

  /// - Parameter secrets: what sessions' secrets are made with, and checked with.
  init(
    _ limits: SignalingLimits = SignalingLimits(), seed: UInt64 = 1,
    secrets: [String] = ["north"], now: Instant = Instant(nanoseconds: 1_000_000_000)
  ) {
    var random = SplitMix64(seed: seed)
    self.now = now
    incarnation = Incarnation(
      sessions: SessionKey(secrets: secrets.map { Array($0.utf8) }), start: now,
      startUnixMs: Self.startUnixMs + (now.nanoseconds - 1_000_000_000) / 1_000_000,
      random: &random)
    server = SignalingServer(
      limits: limits, random: random, iceServers: FixedICE(), incarnation: incarnation)
  }

  /// The same server after a restart, with new connections.
  func restarted(secrets: [String] = ["north"]) -> World {
    let world = World(server.limits, seed: incarnation.epoch, secrets: secrets, now: now)
    world.connectionCount = connectionCount
    return world
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

  func judge(
    _ room: String, name: String? = nil, number: Int64 = 1, resume: ResumeRequest? = nil,
    admittance: Admittance = .granted(Grant())
  ) -> Lobby.Verdict {
    let request = JoinRequest(room: room, name: name, resume: resume)
    return Lobby.judge(
      ClientMessage(number: number, body: .join(request)), sessions: incarnation.sessions
    ) { _, _ in admittance }
  }

  func enter(
    _ connection: ConnectionID, _ room: String, name: String? = nil, number: Int64 = 1,
    resume: ResumeRequest? = nil, admittance: Admittance = .granted(Grant()),
    address: IPAddress? = nil
  ) {
    let verdict = judge(
      room, name: name, number: number, resume: resume, admittance: admittance)
    guard case .enter(let entry) = verdict else { preconditionFailure("not let in") }
    perform { $0.join(entry, connection, from: address, now: now, into: &$1) }
  }

  /// Joins and gives the answer, which is taken out of what the connection heard.
  func join(
    _ room: String, name: String? = nil, grant: Grant = Grant(), address: IPAddress? = nil
  ) -> (connection: ConnectionID, joined: Joined)? {
    let connection = newConnection()
    enter(connection, room, name: name, admittance: .granted(grant), address: address)
    guard case .joined(let joined) = heard(connection).first?.message else { return nil }
    return (connection, joined)
  }

  /// Comes back to the session of `secret`, where the last number used is `number`; what the new
  /// connection heard, `joined` first.
  func comeBack(
    _ secret: SessionSecret, room: String = "tea", ack: Int64, number: Int64 = 1,
    admittance: Admittance = .granted(Grant()), address: IPAddress? = nil
  ) -> Return {
    let connection = newConnection()
    enter(
      connection, room, number: number, resume: ResumeRequest(session: secret, ack: ack),
      admittance: admittance, address: address)
    return Return(connection: connection, heard: heard(connection))
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
