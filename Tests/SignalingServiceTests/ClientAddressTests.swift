// Whose address counts behind proxies, and that nobody can claim another.

import HTTP1
import NetTypes
import Testing

@testable import SignalingService

@Suite struct ClientAddressTests {
  private static let proxies = ["10.0.0.0/8", "fd00::/8"].compactMap { CIDR($0) }

  /// The client of a request with these fields, from `peer`.
  private func client(
    _ fields: [(String, String)], from peer: String = "10.0.0.1",
    _ field: ForwardingPolicy.Field = .xForwardedFor, trusted: [CIDR] = proxies
  ) throws -> String {
    let lines = fields.map { "\($0): \($1)\r\n" }.joined()
    let text = Array("GET / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n".utf8)
    var parser = RequestParser()
    guard case .request(let head, _) = parser.parse(text.span) else { throw NoRequest() }
    let policy = ForwardingPolicy(trusted: trusted, field: field)
    return policy.client(of: head, from: try #require(IPAddress(peer))).text
  }

  private struct NoRequest: Error {}

  static let lists: [(list: String, client: String)] = [
    ("192.0.2.7", "192.0.2.7"),
    ("192.0.2.7:4711", "192.0.2.7"),
    ("2001:db8::7", "2001:db8::7"),
    ("[2001:db8::7]", "2001:db8::7"),
    ("[2001:db8::7]:443", "2001:db8::7"),
    ("::ffff:192.0.2.7", "192.0.2.7"),
    // What a client wrote itself stands in front of what the proxy appended.
    ("203.0.113.1, 192.0.2.7", "192.0.2.7"),
    ("127.0.0.1,10.0.0.9,192.0.2.7", "192.0.2.7"),
    ("garbage, 192.0.2.7", "192.0.2.7"),
    // Several proxies, all of them ours.
    ("203.0.113.1, 192.0.2.7, 10.0.0.2", "192.0.2.7"),
    ("192.0.2.7, fd00::1, 10.0.0.2", "192.0.2.7"),
    ("192.0.2.7, ::ffff:10.0.0.2", "192.0.2.7"),
    // Nobody but proxies: the farthest of them.
    ("10.0.0.9, 10.0.0.8", "10.0.0.9"),
    // Whoever is hidden counts as the proxy that hides him.
    ("192.0.2.7, unknown", "10.0.0.1"),
    ("192.0.2.7, unknown, 10.0.0.2", "10.0.0.2"),
    ("192.0.2.7.1", "10.0.0.1"),
    ("192.0.2.7:x", "10.0.0.1"),
    ("192.0.2.7:123456", "10.0.0.1"),
    ("[192.0.2.7]", "10.0.0.1"),
    ("[2001:db8::7", "10.0.0.1"),
    ("[2001:db8::7]x99", "10.0.0.1"),
    ("", "10.0.0.1"),
  ]

  @Test(arguments: lists)
  func `The last address that is no proxy's is the client's`(list: String, client: String) throws {
    #expect(try self.client([("X-Forwarded-For", list)]) == client)
  }

  @Test func `Several lines are one list`() throws {
    let lines = [("X-Forwarded-For", "192.0.2.7"), ("x-forwarded-for", "192.0.2.8, 10.0.0.2")]
    #expect(try client(lines) == "192.0.2.8")
  }

  @Test func `The word of anybody else counts for nothing`() throws {
    let claims = [("X-Forwarded-For", "192.0.2.7"), ("Forwarded", "for=192.0.2.7")]
    for field in [ForwardingPolicy.Field.xForwardedFor, .forwarded] {
      #expect(try client(claims, from: "203.0.113.5", field) == "203.0.113.5")
      #expect(try client(claims, from: "::ffff:203.0.113.5", field) == "203.0.113.5")
      #expect(try client(claims, from: "10.0.0.1", field, trusted: []) == "10.0.0.1")
      #expect(try client(claims, from: "::ffff:10.0.0.1", field) == "192.0.2.7")
    }
  }

  @Test func `The field that proxies do not write is the client's own, and counts for nothing`()
    throws
  {
    let forged = [("Forwarded", "for=203.0.113.1"), ("X-Forwarded-For", "192.0.2.7")]
    #expect(try client(forged) == "192.0.2.7")
    #expect(try client(forged, .forwarded) == "203.0.113.1")
    #expect(try client([("Forwarded", "for=203.0.113.1")]) == "10.0.0.1")
  }

  @Test(arguments: [
    ("for=192.0.2.7", "192.0.2.7"),
    ("For=\"192.0.2.7:99\" ; proto=https;by=10.0.0.1", "192.0.2.7"),
    ("proto=https; FOR=\"[2001:db8::7]:4711\"", "2001:db8::7"),
    ("for=203.0.113.1, for=192.0.2.7;by=x, for=10.0.0.2", "192.0.2.7"),
    ("for=unknown", "10.0.0.1"),
    ("for=_hidden", "10.0.0.1"),
    ("for=192.0.2.7, for=_hidden, for=10.0.0.2", "10.0.0.2"),
    ("for=192.0.2.7;for=203.0.113.1", "10.0.0.1"),
    ("by=192.0.2.7", "10.0.0.1"),
    ("for=\"a,for=192.0.2.7\"", "10.0.0.1"),
    ("192.0.2.7", "10.0.0.1"),
    ("for=2001:db8::7", "2001:db8::7"),
  ])
  func `Forwarded is read as RFC 7239 has it`(list: String, client: String) throws {
    #expect(try self.client([("Forwarded", list)], .forwarded) == client)
  }
}
