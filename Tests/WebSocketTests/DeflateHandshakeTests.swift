// What is agreed on for permessage-deflate (RFC 7692 §5, §7.1), from both sides.

import HTTP1
import Testing
import WebSocket

@Suite("Handshake for permessage-deflate")
struct DeflateHandshakeTests {
  /// The answer to these Sec-WebSocket-Extensions; nil when the handshake is refused.
  func answer(_ lines: [String], deflates: Bool = true) throws -> (DeflateAgreement?, String?)? {
    let valid = HandshakeTests.valid + lines.map { ("Sec-WebSocket-Extensions", $0) }
    let head = try HandshakeTests().request("GET /signal HTTP/1.1", valid)
    switch ServerHandshake(head, subprotocols: ["parley.v1"], deflates: deflates) {
    case .accepted(_, let deflate, let response):
      return (deflate, response.fields["sec-websocket-extensions"])
    case .refused(let fault):
      #expect(fault == .badExtensions && fault.status == .badRequest)
      return nil
    }
  }

  static let plain =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

  static let accepted: [(offer: String, windowBits: Int)] = [
    ("permessage-deflate", 15),
    ("permessage-deflate; server_no_context_takeover", 15),
    ("permessage-deflate; client_no_context_takeover", 15),
    ("permessage-deflate; client_max_window_bits", 15),
    ("permessage-deflate; client_max_window_bits=8", 15),
    ("permessage-deflate; client_max_window_bits=15", 15),
    ("permessage-deflate; client_max_window_bits=\"10\"", 15),
    ("permessage-deflate; server_max_window_bits=15", 15),
    ("permessage-deflate; server_max_window_bits=9", 9),
    ("permessage-deflate; server_max_window_bits=\"10\"", 10),
    ("permessage-deflate; server_max_window_bits=\"1\\0\"", 10),
    (" permessage-deflate ;\tserver_max_window_bits = 12 ", 12),
    (",, permessage-deflate ,", 15),
    // The first offer that can be accepted counts.
    ("x-webkit-deflate-frame, permessage-deflate", 15),
    ("permessage-deflate; server_max_window_bits=8, permessage-deflate", 15),
    ("permessage-deflate; unknown, permessage-deflate; server_max_window_bits=11", 11),
    ("permessage-deflate; server_max_window_bits=10, permessage-deflate", 10),
    ("permessage-deflate, permessage-deflate; server_max_window_bits=10", 15),
    ("other; a=\"b\"; c, permessage-deflate; client_max_window_bits", 15),
  ]

  @Test("an offer is accepted, without context takeover in either direction", arguments: accepted)
  func accepts(offer: String, windowBits: Int) throws {
    let (deflate, answer) = try #require(try answer([offer]))
    #expect(deflate == DeflateAgreement(serverWindowBits: windowBits))
    let bits = windowBits == 15 ? "" : "; server_max_window_bits=\(windowBits)"
    #expect(answer == Self.plain + bits)
  }

  @Test(
    "an offer that has what cannot be is declined, and the connection goes on without",
    arguments: [
      "permessage-deflate; unknown",
      "permessage-deflate; unknown=1",
      "permessage-deflate; Server_no_context_takeover",
      "permessage-deflate; server_no_context_takeover=1",
      "permessage-deflate; server_no_context_takeover=true",
      "permessage-deflate; client_no_context_takeover=\"1\"",
      "permessage-deflate; server_max_window_bits",
      "permessage-deflate; server_max_window_bits=7",
      "permessage-deflate; server_max_window_bits=8",
      "permessage-deflate; server_max_window_bits=16",
      "permessage-deflate; server_max_window_bits=0",
      "permessage-deflate; server_max_window_bits=010",
      "permessage-deflate; server_max_window_bits=+10",
      "permessage-deflate; server_max_window_bits=-10",
      "permessage-deflate; server_max_window_bits=10x",
      "permessage-deflate; server_max_window_bits=99999999999999999999",
      "permessage-deflate; client_max_window_bits=7",
      "permessage-deflate; client_max_window_bits=16",
      "permessage-deflate; client_max_window_bits=x",
      "permessage-deflate; client_max_window_bits=08",
      "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
      "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
      "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
      "Permessage-Deflate",
      "permessage-bzip2",
      "permessage-deflate-2",
      "",
      ",",
    ])
  func declines(offer: String) throws {
    let (deflate, answer) = try #require(try answer([offer]))
    #expect(deflate == nil && answer == nil)
  }

  @Test(
    "what breaks the grammar of RFC 6455 §9.1 refuses the handshake",
    arguments: [
      ";", "permessage-deflate;", "permessage-deflate; ;", "permessage-deflate; =1",
      "permessage-deflate; a=", "permessage-deflate; a=\"", "permessage-deflate; a=\"b",
      "permessage-deflate; a=\"\"", "permessage-deflate; a=\"b c\"",
      "permessage-deflate; a=\"b,c\"",
      "permessage-deflate; a=\"b\\\"", "permessage-deflate a", "permessage deflate",
      "permessage-deflate; a=b=c", "permessage-deflate; a=b c", "\"permessage-deflate\"",
      "permessage-deflate/1", "(x)",
    ])
  func refuses(offer: String) throws {
    let refused = try answer([offer])
    #expect(refused == nil)
    let refusedToo = try answer(["permessage-deflate", offer])
    #expect(refusedToo == nil)
    #expect(try answer([offer], deflates: false) == nil)
  }

  @Test("offers may be on several lines, and are declined by who has no codec")
  func lines() throws {
    let several = ["permessage-deflate; unknown", "permessage-deflate; server_max_window_bits=14"]
    #expect(try answer(several)?.0?.serverWindowBits == 14)
    let without = try #require(try answer(several, deflates: false))
    #expect(without.0 == nil && without.1 == nil)
    let none = try #require(try answer([]))
    #expect(none.0 == nil && none.1 == nil)
  }

  /// What a client that offers it makes of an answer.
  func judged(_ answer: String?, deflates: Bool = true) throws -> Result<
    ClientAgreement, ClientHandshakeFault
  > {
    let client = ClientHandshake(nonce: Array(0..<16), deflates: deflates)
    let sent = client.request(target: "/", host: "a").encoded()
    var requests = RequestParser()
    guard case .request(let head, _) = requests.parse(sent.span) else { throw Unexpected() }
    #expect(head.fields["sec-websocket-extensions"] == (deflates ? Self.plain : nil))
    guard case .accepted(_, _, var response) = ServerHandshake(head) else { throw Unexpected() }
    if let answer { response.fields.append("Sec-WebSocket-Extensions", answer) }
    let written = response.encoded(mode: ResponseMode(isHead: false, keepAlive: true), date: "x")
    var responses = ResponseParser()
    guard case .response(let answered, _) = responses.parse(written.span) else {
      throw Unexpected()
    }
    return Result { () throws(ClientHandshakeFault) in try client.check(answered) }
  }

  struct Unexpected: Error {}

  @Test("a client takes what it can go on with")
  func clientAccepts() throws {
    let whole = ClientAgreement(subprotocol: nil, deflate: DeflateAgreement())
    #expect(try judged(Self.plain) == .success(whole))
    #expect(try judged("permessage-deflate; server_no_context_takeover") == .success(whole))
    let small = try judged(Self.plain + "; server_max_window_bits=9")
    #expect(try small.get().deflate?.serverWindowBits == 9)
    #expect(try judged(nil) == .success(ClientAgreement(subprotocol: nil, deflate: nil)))
  }

  @Test(
    "a client fails the connection for an answer that it cannot go on with",
    arguments: [
      "permessage-deflate",
      "permessage-deflate; client_no_context_takeover",
      plain + "; client_max_window_bits=10",
      plain + "; server_max_window_bits=16",
      plain + "; server_max_window_bits",
      plain + "; unknown",
      plain + "; client_no_context_takeover",
      plain + ", " + plain,
      "permessage-bzip2",
      plain + ";",
    ])
  func clientRefuses(answer: String) throws {
    #expect(try judged(answer) == .failure(.badExtension))
    #expect(try judged(answer, deflates: false) == .failure(.badExtension))
  }
}
