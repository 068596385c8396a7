// What a run of the simulation has exercised, counted.

/// How often each thing happened. A simulation proves something only of what happened in it.
public struct Coverage: Sendable {
  /// By name; names read `group: what`.
  public private(set) var counts: [String: Int] = [:]

  /// Nothing yet.
  public init() {}

  /// What has to happen in every long run.
  public static let expected: [String] =
    Position.allCases.flatMap { position in
      FrameKind.trapped.map { "cut \(position.rawValue) \($0.rawValue)" }
    } + [
      "cut at any byte", "half dead up", "half dead down", "noticed by nobody",
      "socket given up", "socket closed by the client", "twin sockets", "join behind its time",
      "resume: all kept", "resume: with replay", "resume: gap overflow", "resume: gap restart",
      "resume: session is no more", "resume: turned away as too old",
      "replaced by an older socket of its own",
      "close 1001", "close 4001", "close 4002", "close 4007", "close 4100", "close 4101",
      "close 4104", "close 4105", "restart: stopped", "restart: crashed", "restart: key forgotten",
      "restart: too late to come back", "member left", "member vanished", "member was kicked",
      "room closed", "sent again", "dropped by the server as seen before",
      "dropped by a client as seen before", "refused: no_such_peer",
    ]

  /// Those of `expected` that never happened.
  public var missing: [String] { Self.expected.filter { counts[$0] == nil } }

  mutating func count(_ name: String, _ times: Int = 1) {
    if times > 0 { counts[name, default: 0] += times }
  }

  /// Adds what happened in another run.
  public mutating func add(_ other: Coverage) {
    counts.merge(other.counts, uniquingKeysWith: +)
  }
}

/// What is in a frame, as far as the simulation aims at it.
enum FrameKind: String, CaseIterable {
  case join, resume, ping, leave
  case joined, resumed, pong, presence
  case signal, error, close, other

  /// Those at which connections are cut on purpose.
  static let trapped: [FrameKind] = [
    .join, .resume, .ping, .joined, .resumed, .pong, .presence, .signal,
  ]
}

/// Where in a frame a connection is cut.
enum Position: String, CaseIterable {
  case before, inside, after
}
