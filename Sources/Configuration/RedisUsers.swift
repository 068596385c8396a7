// Where users are kept besides the configuration: coturn's connection string for Redis.

import NetTypes

extension ServerConfiguration {
  /// A Redis server with users, secrets and peer rules in coturn's schema.
  public struct RedisUsers: Sendable, Equatable {
    public var host = "127.0.0.1"
    public var port: UInt16 = 6_379
    public var database = 0
    public var user: String?
    public var password: Secret?
    /// For connecting, and for each answer.
    public var timeout = Duration.seconds(5)
    /// From one reading to the next.
    public internal(set) var refresh = Duration.seconds(30)
  }
}

extension OptionValues {
  /// `ip=… dbname=… user=… password=… port=… connect_timeout=…`, each at most once.
  static func redisUsers(_ text: String) throws(MalformedValue) -> ServerConfiguration.RedisUsers {
    var result = ServerConfiguration.RedisUsers()
    var seen: Set<Substring> = []
    for word in text.split(separator: " ") {
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, seen.insert(parts[0]).inserted else {
        throw .isNot("KEY=VALUE with spaces between, each key once: ip=127.0.0.1 dbname=0")
      }
      let value = String(parts[1])
      switch parts[0] {
      case "ip", "host": result.host = try host(value)
      case "port": result.port = UInt16(try number(value, in: 1...65_535))
      case "dbname", "db": result.database = try number(value, in: 0...65_535)
      case "user": result.user = try self.text(value, bytesMax: 1_024)
      case "password": result.password = Secret(try self.text(value, bytesMax: 1_024))
      case "connect_timeout", "timeout":
        result.timeout = .seconds(try number(value, in: 1...60))
      default:
        throw MalformedValue(
          "has the key \(Quoted.text(String(parts[0]))); known are ip, port, dbname, user, password"
            + " and connect_timeout")
      }
    }
    return result
  }

  /// An address or a name; nothing else that stands in a connection string is of these characters.
  private static func host(_ value: String) throws(MalformedValue) -> String {
    let isHost = value.utf8.allSatisfy { byte in
      UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
        || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || ".:-_".utf8.contains(byte)
    }
    guard isHost else { throw .isNot("the address or name of a host in ip") }
    return try text(value, bytesMax: 255)
  }
}
