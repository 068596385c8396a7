// What a Redis server answers, and why there may be no answer.

/// One answer (RESP 2).
public enum RedisReply: Equatable, Sendable {
  case nothing
  case text([UInt8])
  case number(Int64)
  case list([RedisReply])
  /// The server refused the command.
  case refusal(String)
}

/// Why a question has no answer.
public enum RedisError: Error, Equatable, Sendable, CustomStringConvertible {
  /// No connection, none any more, or no answer in time.
  case unreachable(String)
  /// The server refused a command.
  case refused(String)
  /// An answer of another shape than the command has, or more than is taken.
  case unexpected(String)

  public var description: String {
    switch self {
    case .unreachable(let reason): "not reachable: \(reason)"
    case .refused(let reason): "refused: \(reason)"
    case .unexpected(let reason): "unexpected: \(reason)"
    }
  }
}

/// Who answers commands: a server, or what stands in for one in a test.
public protocol RedisAnswering {
  /// - Parameter words: the command and its arguments, each as it is: none of them is a format.
  func ask(_ words: [String]) throws(RedisError) -> RedisReply
}

/// Where a Redis server is, and as whom it is asked.
public struct RedisAddress: Sendable, Equatable {
  /// An IP address or a name.
  public var host: String
  public var port: UInt16
  public var database: Int
  public var user: String?
  public var password: String?
  /// For connecting, and for each answer.
  public var timeout: Duration

  public init(
    host: String, port: UInt16, database: Int, user: String?, password: String?, timeout: Duration
  ) {
    self.host = host
    self.port = port
    self.database = database
    self.user = user
    self.password = password
    self.timeout = timeout
  }
}
