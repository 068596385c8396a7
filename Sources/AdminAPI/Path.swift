// Where the admin endpoint has what: paths for servers that answer and programs that ask.

/// A room, as an operator names it.
public struct RoomTarget: Hashable, Sendable {
  /// The room's name.
  public var room: String
  /// Whose room it is; `nil` where only one tenant has a room of this name.
  public var tenant: String?

  public init(_ room: String, tenant: String? = nil) {
    self.room = room
    self.tenant = tenant
  }
}

/// What an operator can do to a room.
public enum RoomChange: Hashable, Sendable {
  /// Sends one peer away.
  case kick(peer: String, reason: String?)
  /// Sends everybody away.
  case close(reason: String?)
  /// Tells everybody something.
  case say(text: String)

  fileprivate var word: String {
    switch self {
    case .kick: "kick"
    case .close: "close"
    case .say: "say"
    }
  }

  fileprivate var parameters: [(name: String, value: String?)] {
    switch self {
    case .kick(let peer, let reason): [("peer", peer), ("reason", reason)]
    case .close(let reason): [("reason", reason)]
    case .say(let text): [("text", text)]
    }
  }

  fileprivate init?(_ word: Substring, _ query: (String) -> String?) {
    switch word {
    case "kick": self = .kick(peer: query("peer") ?? "", reason: query("reason"))
    case "close": self = .close(reason: query("reason"))
    case "say": self = .say(text: query("text") ?? "")
    default: return nil
    }
  }
}

/// What can be asked for, each under a path of its own.
public enum AdminPath: Hashable, Sendable {
  /// Whether the process answers: ``HealthDocument``.
  case health
  /// Whether it wants new work: ``HealthDocument``, with 503 when it does not.
  case ready
  /// ``AllocationsDocument``.
  case allocations
  /// ``RoomsDocument``, of one tenant or of all.
  case rooms(tenant: String?)
  /// ``RoomDocument``, or an ``ErrorDocument`` with 404 when nobody is in the room.
  case room(RoomTarget)
  /// To do something to a room: ``ChangeDocument``.
  case change(RoomTarget, RoomChange)
  /// ``StatsDocument``.
  case stats
  /// To take nothing new and end when nothing is left, or after so many seconds, which the server
  /// has an opinion about itself: ``DrainDocument``.
  case drain(deadlineSeconds: Int?)

  private static let roomPrefix = "/rooms/"
  private static let tenantParameter = "tenant"
  /// The query parameter of ``drain(deadlineSeconds:)``.
  public static let deadlineParameter = "deadline"

  /// The method of a request for it: what changes something is never done by a link that somebody
  /// follows.
  public var method: String {
    switch self {
    case .drain, .change: "POST"
    default: "GET"
    }
  }

  /// - Parameters:
  ///   - path: begins with a slash; already percent-decoded, without a query.
  ///   - query: the decoded value of a query parameter. That of ``deadlineParameter`` is left to
  ///     the caller.
  public init?(decoded path: String, query: (String) -> String? = { _ in nil }) {
    let tenant = query(Self.tenantParameter)
    switch path {
    case "/healthz": self = .health
    case "/readyz": self = .ready
    case "/drain": self = .drain(deadlineSeconds: nil)
    case "/allocations": self = .allocations
    case "/rooms": self = .rooms(tenant: tenant)
    case "/stats": self = .stats
    default:
      guard path.hasPrefix(Self.roomPrefix) else { return nil }
      let words = path.dropFirst(Self.roomPrefix.count)
        .split(separator: "/", omittingEmptySubsequences: false)
      guard let name = words.first, !name.isEmpty, words.count <= 2 else { return nil }
      let target = RoomTarget(String(name), tenant: tenant)
      guard words.count == 2 else {
        self = .room(target)
        return
      }
      guard let change = RoomChange(words[1], query) else { return nil }
      self = .change(target, change)
    }
  }

  /// Path and query as they stand in a request, percent-encoded (RFC 3986 §2.1).
  public var encoded: String {
    switch self {
    case .health: "/healthz"
    case .ready: "/readyz"
    case .drain(let seconds):
      "/drain" + Self.query([(Self.deadlineParameter, seconds.map { String($0) })])
    case .allocations: "/allocations"
    case .rooms(let tenant): "/rooms" + Self.query([(Self.tenantParameter, tenant)])
    case .stats: "/stats"
    case .room(let target):
      Self.path(target) + Self.query([(Self.tenantParameter, target.tenant)])
    case .change(let target, let change):
      Self.path(target) + "/" + change.word
        + Self.query(change.parameters + [(Self.tenantParameter, target.tenant)])
    }
  }

  private static func path(_ target: RoomTarget) -> String {
    roomPrefix + percentEncoded(target.room)
  }

  private static func query(_ parameters: [(name: String, value: String?)]) -> String {
    let pairs = parameters.compactMap { parameter in
      parameter.value.map { "\(parameter.name)=\(percentEncoded($0))" }
    }
    return pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
  }

  private static func percentEncoded(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
      let scalar = Unicode.Scalar(byte)
      switch scalar {
      case "A"..."Z", "a"..."z", "0"..."9", "-", ".", "_", "~": result.unicodeScalars.append(scalar)
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        result += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
      }
    }
    return result
  }
}
