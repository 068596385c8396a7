// Reads coturn's user database out of a Redis server: the schema of its turndb folder.

internal import NetTypes
internal import Redis
internal import RelayService

/// Reads one realm whole. Nothing in it is taken on trust: what is malformed is left out and
/// counted, and what is too much is refused as a whole.
struct UserDatabaseReader<Server: RedisAnswering> {
  static var usersMax: Int { 100_000 }
  static var rangesMax: Int { 1_000 }
  static var secretsMax: Int { 8 }
  /// Keys of the whole database that are looked through, in rounds of `roundKeys`.
  static var roundsMax: Int { 20_000 }
  static var roundKeys: Int { 500 }

  let server: Server
  let realm: String
  /// Entries that were left out.
  private(set) var malformed = 0

  init(_ server: Server, realm: String) {
    self.server = server
    self.realm = realm
  }

  private var prefix: String { "turn/realm/\(realm)/" }

  mutating func read() throws(RedisError) -> StoredUsers {
    var stored = StoredUsers()
    stored.keys = try readKeys()
    stored.secrets = try members("secret", max: Self.secretsMax).sorted()
    stored.allowed = try ranges("allowed-peer-ip")
    stored.denied = try ranges("denied-peer-ip")
    return stored
  }

  // MARK: Users

  /// By SCAN, which holds nobody up, never by KEYS.
  private mutating func readKeys() throws(RedisError) -> [String: [UInt8]] {
    let start = prefix + "user/"
    let pattern = CoturnSchema.literal(start) + "*/key"
    var keys: [String: [UInt8]] = [:]
    var cursor = "0"
    for _ in 0..<Self.roundsMax {
      let reply = try ask(["SCAN", cursor, "MATCH", pattern, "COUNT", String(Self.roundKeys)])
      guard case .list(let parts) = reply, parts.count == 2, let next = parts[0].string,
        case .list(let found) = parts[1]
      else { throw .unexpected("no cursor in the answer to SCAN") }
      let names = found.compactMap(\.string)
      malformed += found.count - names.count
      for (name, key) in try readValues(names) { keys[name] = key }
      guard keys.count <= Self.usersMax else {
        throw .unexpected("more than \(Self.usersMax) users")
      }
      if next == "0" { return keys }
      cursor = next
    }
    throw .unexpected("more keys than are looked through")
  }

  /// The keys of users, by their names: what stands between `user/` and `/key`.
  private mutating func readValues(_ names: [String]) throws(RedisError) -> [(String, [UInt8])] {
    guard !names.isEmpty else { return [] }
    guard case .list(let values) = try ask(["MGET"] + names), values.count == names.count else {
      throw .unexpected("other values than asked for")
    }
    var result: [(String, [UInt8])] = []
    for (name, value) in zip(names, values) {
      // Gone since the scan.
      if value == .nothing { continue }
      // By bytes: a name may begin with what joins the slash to one character.
      let user = String(
        decoding: name.utf8.dropFirst(prefix.utf8.count + 5).dropLast(4), as: UTF8.self)
      guard let key = value.string.flatMap(CoturnSchema.key), isName(user) else {
        malformed += 1
        continue
      }
      result.append((user, key))
    }
    return result
  }

  /// RFC 8489 §14.3: a USERNAME has fewer than 509 bytes; and this one goes into logs.
  private func isName(_ name: String) -> Bool {
    (1...508).contains(name.utf8.count)
      && name.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
  }

  // MARK: Sets

  private mutating func ranges(_ name: String) throws(RedisError) -> [AddressRange] {
    let texts = try members(name, max: Self.rangesMax).sorted()
    let ranges = texts.compactMap { AddressRange($0) }
    // A rule that nobody can read may be the one that matters: coturn does not start with it.
    guard ranges.count == texts.count else {
      throw .unexpected("\(name) holds what is no address or range")
    }
    return ranges
  }

  private mutating func members(_ name: String, max: Int) throws(RedisError) -> [String] {
    guard case .number(let count) = try ask(["SCARD", prefix + name]) else {
      throw .unexpected("no number in the answer to SCARD")
    }
    guard count <= max else { throw .unexpected("\(name) has \(count) entries, more than \(max)") }
    guard count > 0 else { return [] }
    guard case .list(let found) = try ask(["SMEMBERS", prefix + name]) else {
      throw .unexpected("no list in the answer to SMEMBERS")
    }
    let texts = found.compactMap(\.string).filter { !$0.isEmpty }
    malformed += found.count - texts.count
    return Array(texts.prefix(max))
  }

  // MARK: Asking

  private func ask(_ words: [String]) throws(RedisError) -> RedisReply {
    let reply = try server.ask(words)
    if case .refusal(let reason) = reply { throw .refused("\(words[0]): \(reason)") }
    return reply
  }
}

extension RedisReply {
  /// The text, if it is one.
  fileprivate var string: String? {
    guard case .text(let bytes) = self else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }
}

/// How coturn writes keys, and Redis patterns.
enum CoturnSchema {
  /// 32 hexadecimal digits.
  static func key(_ text: String) -> [UInt8]? {
    let digits = text.compactMap(\.hexDigitValue).map { UInt8($0) }
    guard text.utf8.count == 32, digits.count == 32 else { return nil }
    return stride(from: 0, to: 32, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  /// A text that stands for itself in a pattern.
  static func literal(_ text: String) -> String {
    text.unicodeScalars.map { scalar in
      "*?[]^\\-".unicodeScalars.contains(scalar) ? "\\\(scalar)" : String(scalar)
    }.joined()
  }
}
