// coturn's schema in Redis: what is read of it, and what a hostile or broken database does.

import NetTypes
import Redis
import RelayService
import Testing

@testable import UserDatabase

/// A Redis that holds strings and sets, and remembers what it was asked.
final class FakeRedis: RedisAnswering {
  var strings: [(String, String)] = []
  var sets: [String: [String]] = [:]
  /// Keys of one answer to SCAN.
  var perRound = 2
  var asked: [[String]] = []
  var refusal: String?

  func ask(_ words: [String]) throws(RedisError) -> RedisReply {
    asked.append(words)
    if let refusal { return .refusal(refusal) }
    switch words[0] {
    case "SCAN":
      let start = Int(words[1]) ?? 0
      let end = min(strings.count, start + perRound)
      let prefix = words[3].replacing("\\", with: "").replacing("*/key", with: "")
      let names = strings[start..<end].map(\.0).filter {
        $0.hasPrefix(prefix) && $0.hasSuffix("/key")
      }
      let next = end == strings.count ? "0" : String(end)
      return .list([Self.text(next), .list(names.map(Self.text))])
    case "MGET":
      return .list(
        words.dropFirst().map { name in
          strings.first { $0.0 == name }.map { Self.text($0.1) } ?? .nothing
        })
    case "SCARD": return .number(Int64(sets[words[1]]?.count ?? 0))
    case "SMEMBERS": return .list((sets[words[1]] ?? []).map(Self.text))
    default: return .refusal("ERR unknown command")
    }
  }

  private static func text(_ text: String) -> RedisReply { .text(Array(text.utf8)) }
}

struct UserDatabaseReaderTests {
  private static let hex = "7da2270ccfa49786e0115366d3a3d14d"
  private let redis = FakeRedis()

  private func read(realm: String = "north.gov") throws -> StoredUsers {
    var reader = UserDatabaseReader(redis, realm: realm)
    return try reader.read()
  }

  @Test func `Users, secrets and peer rules of the realm are read`() throws {
    redis.strings = [
      ("turn/realm/north.gov/user/gorst/key", Self.hex),
      ("turn/realm/south.gov/user/other/key", Self.hex),
      ("turn/realm/north.gov/user/a/b/key", Self.hex),
      ("unrelated", "x"), ("turn/realm/north.gov/user/ann/key", Self.hex.uppercased()),
    ]
    redis.sets = [
      "turn/realm/north.gov/secret": ["hero2", "hero1"],
      "turn/realm/north.gov/allowed-peer-ip": ["10.0.0.5"],
      "turn/realm/north.gov/denied-peer-ip": ["10.0.0.0-10.0.0.255", "192.0.2.1"],
    ]
    let stored = try read()
    #expect(stored.keys.keys.sorted() == ["a/b", "ann", "gorst"])
    #expect(stored.keys["gorst"]?.first == 0x7d && stored.keys["ann"]?.count == 16)
    #expect(stored.secrets == ["hero1", "hero2"])
    #expect(stored.allowed.map(\.first.text) == ["10.0.0.5"])
    #expect(stored.denied.count == 2)
    #expect(!redis.asked.contains { $0[0] == "KEYS" })
  }

  @Test("CVE-2018-4056: a name with quotes and semicolons is a name, and no command")
  func namesAreArguments() throws {
    let name = "x'; DROP TABLE turnusers_lt; --\" OR 1=1"
    redis.strings = [("turn/realm/r/user/\(name)/key", Self.hex)]
    #expect(try read(realm: "r").keys.keys.sorted() == [name])
    #expect(redis.asked.contains(["MGET", "turn/realm/r/user/\(name)/key"]))
  }

  @Test("GHSA-4g7c-p5wg-j4hp: a % in a realm or a name is no format")
  func percentIsNoFormat() throws {
    redis.strings = [("turn/realm/%s%n/user/%x%n%s/key", Self.hex)]
    #expect(try read(realm: "%s%n").keys.keys.sorted() == ["%x%n%s"])
  }

  @Test("GHSA-v8hj-2xx7-xmp5: a realm is no pattern, so nobody reads the users of another")
  func realmIsNoPattern() throws {
    redis.strings = [("turn/realm/north.gov/user/gorst/key", Self.hex)]
    #expect(try read(realm: "*").keys.isEmpty)
    #expect(
      redis.asked.first == ["SCAN", "0", "MATCH", "turn/realm/\\*/user/*/key", "COUNT", "500"])
  }

  @Test func `What is malformed is left out and counted, and the rest is read`() throws {
    redis.strings = [
      ("turn/realm/r/user/short/key", "7da2"), ("turn/realm/r/user/none/key", "not hexadecimal"),
      ("turn/realm/r/user//key", Self.hex), ("turn/realm/r/user/new\nline/key", Self.hex),
      ("turn/realm/r/user/\(String(repeating: "n", count: 509))/key", Self.hex),
      ("turn/realm/r/user/good/key", Self.hex),
    ]
    var reader = UserDatabaseReader(redis, realm: "r")
    #expect(try reader.read().keys.keys.sorted() == ["good"])
    #expect(reader.malformed == 5)
  }

  @Test func `A peer rule that nobody can read refuses the reading as a whole`() {
    redis.sets = ["turn/realm/r/denied-peer-ip": ["10.0.0.0/8", "ten"]]
    #expect(throws: RedisError.unexpected("denied-peer-ip holds what is no address or range")) {
      try read(realm: "r")
    }
  }

  @Test func `More than the limits allow is refused as a whole`() {
    redis.sets = ["turn/realm/r/secret": (0...8).map { "s\($0)" }]
    #expect(throws: RedisError.unexpected("secret has 9 entries, more than 8")) {
      try read(realm: "r")
    }
  }

  @Test func `A command that the server refuses is named without its arguments`() {
    redis.refusal = "NOAUTH Authentication required."
    #expect(throws: RedisError.refused("SCAN: NOAUTH Authentication required.")) { try read() }
  }

  @Test func `A server that is not there is told so, in time`() {
    let address = RedisAddress(
      host: "127.0.0.1", port: 1, database: 0, user: nil, password: nil, timeout: .seconds(1))
    #expect(throws: RedisError.unreachable("Connection refused")) {
      _ = try RedisConnection(address)
    }
  }
}
