// Where the admin endpoint has what: paths for servers that answer and programs that ask.

/// What can be asked for, each under a path of its own.
public enum AdminPath: Hashable, Sendable {
  /// Whether the process answers: ``HealthDocument``.
  case health
  /// Whether it wants new work: ``HealthDocument``, with 503 when it does not.
  case ready
  /// ``AllocationsDocument``.
  case allocations
  /// ``RoomsDocument``.
  case rooms
  /// ``RoomDocument``, or an ``ErrorDocument`` with 404 when nobody is in the room.
  case room(String)
  /// ``StatsDocument``.
  case stats
  /// To take nothing new and end when nothing is left, or after so many seconds, which the server
  /// has an opinion about itself: ``DrainDocument``.
  case drain(deadlineSeconds: Int?)

  private static let roomPrefix = "/rooms/"
  /// The query parameter of ``drain(deadlineSeconds:)``.
  public static let deadlineParameter = "deadline"

  /// The method of a request for it.
  public var method: String {
    if case .drain = self { return "POST" }
    return "GET"
  }

  /// - Parameter path: begins with a slash; already percent-decoded, without a query.
  public init?(decoded path: String) {
    switch path {
    case "/healthz": self = .health
    case "/readyz": self = .ready
    case "/drain": self = .drain(deadlineSeconds: nil)
    case "/allocations": self = .allocations
    case "/rooms": self = .rooms
    case "/stats": self = .stats
    default:
      let name = path.dropFirst(Self.roomPrefix.count)
      guard path.hasPrefix(Self.roomPrefix), !name.isEmpty, !name.contains("/") else { return nil }
      self = .room(String(name))
    }
  }

  /// The path as it stands in a request, percent-encoded (RFC 3986 §2.1).
  public var encoded: String {
    switch self {
    case .health: "/healthz"
    case .ready: "/readyz"
    case .drain(nil): "/drain"
    case .drain(let seconds?): "/drain?\(Self.deadlineParameter)=\(seconds)"
    case .allocations: "/allocations"
    case .rooms: "/rooms"
    case .stats: "/stats"
    case .room(let name): Self.roomPrefix + Self.percentEncoded(name)
    }
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
