// What backends are given: tokens that open the door, and credentials' orders.

import Configuration
import Crypto
import Foundation
import NetTypes
import Signaling
import Testing
import TokenTesting

@testable import Admission

struct BackendDeskTests {
  private static let apiKey = "0123456789abcdef"
  private let keys =
    "keys: [{ kid: 'k', secret: '\(Office.secret)' }], apiKeys: ['\(apiKey)']"

  private struct Desk {
    let office: Office
    let desk: BackendDesk
    var now: Instant { office.instant }

    init(_ tenant: String, file: String? = nil) throws {
      office = try file.map { try Office(file: $0) } ?? Office(tenant: tenant)
      var random = SystemRandomNumberGenerator()
      desk = BackendDesk(office.admission, throttle: FailureThrottle(HashKey(using: &random)))
    }

    func caller(_ key: String? = apiKey) throws -> BackendDesk.Caller {
      try desk.caller(apiKey: key, from: Office.here, now: now)
    }

    func token(_ order: String) throws -> BackendDesk.IssuedToken {
      try desk.issueToken(Array(order.utf8), for: caller(), unixSeconds: Office.now)
    }

    func refusal(_ order: String) -> BackendDesk.Refusal? {
      do {
        _ = try token(order)
        return nil
      } catch {
        return error as? BackendDesk.Refusal
      }
    }
  }

  @Test func `an ordered token opens the door, with what was ordered`() throws {
    let desk = try Desk(keys + ", issuer: 'me', audience: 'parley'")
    let token = try desk.token(
      """
      {"room": "tea", "peer": "ann-1", "name": "Änn", "role": "guide",
       "can": ["signal", "moderate"], "relay": "always", "ttl": 90000}
      """)
    #expect(token.expiresMs == (Office.now + 90) * 1_000)
    let grant = try desk.office.grant(token.text)
    #expect(grant.tenant.text == "shop" && grant.peer?.text == "ann-1")
    #expect(grant.name?.text == "Änn" && grant.role?.text == "guide")
    #expect(grant.permissions == [.signal, .moderate] && grant.relay == .always)
    #expect(token.credentials.room?.text == "tea" && token.credentials.peer?.text == "ann-1")
    #expect(token.credentials.withRelay)
    let late = desk.office.join(token.text, at: Office.now + 90 + TokenReader.clockSkew)
    #expect(late.code == .tokenExpired)
  }

  @Test func `a token is good for an hour where the order does not say`() throws {
    let token = try Desk(keys).token("{\"room\": [\"a*\", \"b\"], \"more\": 1}")
    #expect(token.expiresMs == (Office.now + 3_600) * 1_000)
    #expect(token.credentials.room == nil)
  }

  @Test func `no two tokens are alike, and each says by which key it is signed`() throws {
    let desk = try Desk(keys)
    let tokens = try (0..<2).map { _ in try CompactJWS(desk.token("{\"room\": \"tea\"}").text) }
    #expect(tokens[0].payload != tokens[1].payload)
    let header = String(decoding: tokens[0].header, as: UTF8.self)
    #expect(header == #"{"alg":"HS256","typ":"JWT","kid":"k"}"#)
  }

  @Test(arguments: [
    ("", "body"), ("[]", "body"), ("{\"room\":\"a\",\"room\":\"b\"}", "body"), ("{}", "room"),
    ("{\"room\":\"a b\"}", "room"), ("{\"room\":\"a\",\"can\":[\"fly\"]}", "can"),
    ("{\"room\":\"a\",\"peer\":\"\"}", "peer"), ("{\"room\":\"a\",\"ttl\":999}", "ttl"),
    ("{\"room\":\"a\",\"ttl\":86400001}", "ttl"), ("{\"room\":\"a\",\"ttl\":\"1\"}", "ttl"),
    ("{\"room\":\"a\",\"relay\":\"x\"}", "relay"),
  ])
  func `an order that makes no sense is refused with what is wrong`(order: String, word: String)
    throws
  {
    guard case .badOrder(let text)? = try Desk(keys).refusal(order) else {
      Issue.record("taken")
      return
    }
    #expect(text.contains(word))
  }

  @Test func `a token that nobody would take because of its size is not issued`() throws {
    let rooms = (0..<60).map { "\"\(String(repeating: "r", count: 50))-\($0)\"" }
    let refusal = try Desk(keys).refusal("{\"room\": [\(rooms.joined(separator: ", "))]}")
    #expect(refusal == .badOrder("the join token would have more than 4096 bytes"))
  }

  @Test func `a tenant that only verifies signs nothing`() throws {
    let desk = try Desk(
      "keys: [{ kid: 'ES256', jwk: \(Signer.es256.jwkText) }], apiKeys: ['\(Self.apiKey)']")
    #expect(desk.refusal("{\"room\": \"tea\"}") == .noSigner)
  }

  @Test func `without a key, or with another's, nobody is served; and soon has to wait`() throws {
    let desk = try Desk(keys)
    for key in [nil, "", "0123456789abcdeF", Self.apiKey + " "] {
      #expect(throws: BackendDesk.Refusal.unknownCaller) { try desk.caller(key) }
    }
    for _ in 0..<6 { #expect(throws: BackendDesk.Refusal.unknownCaller) { try desk.caller("x") } }
    #expect(throws: BackendDesk.Refusal.tooManyAttempts(retryAfterMs: 100)) { try desk.caller() }
    desk.office.instant = desk.office.instant + .milliseconds(100)
    #expect(throws: Never.self) { try desk.caller() }
  }

  @Test func `a key belongs to its tenant`() throws {
    let second = "keys: [{ kid: 'l', secret: '\(Office.secret)' }], apiKeys: ['fedcba9876543210']"
    let desk = try Desk("", file: "{ tenants: { a: { \(keys) }, b: { \(second) } } }")
    #expect(try desk.caller().tenant.id.text == "a")
    #expect(try desk.caller("fedcba9876543210").tenant.id.text == "b")
    #expect(try desk.office.grant(desk.token("{\"room\": \"tea\"}").text).tenant.text == "a")
  }

  @Test func `credentials name room and peer, and come without the relay where it is never`() throws
  {
    let desk = try Desk(keys)
    let order = try desk.desk.credentials(
      Array("{\"room\": \"tea\", \"peer\": \"ann\", \"ttl\": 5000}".utf8), for: desk.caller())
    #expect(order.room?.text == "tea" && order.peer?.text == "ann" && order.ttlMs == 5_000)
    #expect(order.withRelay && order.tenant.text == "shop")
    let bare = try desk.desk.credentials(Array("{}".utf8), for: desk.caller())
    #expect(bare.room == nil && bare.peer == nil && bare.ttlMs == BackendDesk.ttlMs)
    let never = try Desk(keys + ", relay: 'never'")
    #expect(try !never.desk.credentials(Array("{}".utf8), for: never.caller()).withRelay)
    #expect(throws: BackendDesk.Refusal.self) {
      try desk.desk.credentials(Array("{\"peer\": \"a:b\"}".utf8), for: desk.caller())
    }
  }
}
