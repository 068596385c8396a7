// The opening handshake, from both sides.

import HTTP1
import Testing
import WebSocket

@Suite("Handshake")
struct HandshakeTests {
  static let valid: [(String, String)] = [
    ("Host", "example.org"),
    ("Upgrade", "websocket"),
    ("Connection", "keep-alive, Upgrade"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Protocol", "other, parley.v1"),
  ]

  func request(_ line: String, _ fields: [(String, String)]) throws -> RequestHead {
    let text = "\(line)\r\n" + fields.map { "\($0): \($1)\r\n" }.joined() + "\r\n"
    var parser = RequestParser()
    let input = bytes(text)
    guard case .request(let head, _) = parser.parse(input.span) else { throw NotAHead() }
    return head
  }

  struct NotAHead: Error {}

  func judge(
    _ fields: [(String, String)], line: String = "GET /signal HTTP/1.1",
    subprotocols: [String] = ["parley.v1"]
  ) throws -> ServerHandshake {
    ServerHandshake(try request(line, fields), subprotocols: subprotocols)
  }

  @Test("the example of RFC 6455 §1.3 is accepted, with its accept key")
  func example() throws {
    guard case .accepted(let subprotocol, nil, let response) = try judge(Self.valid) else {
      Issue.record("refused")
      return
    }
    #expect(subprotocol == "parley.v1")
    #expect(
      String(
        decoding: response.encoded(
          mode: ResponseMode(isHead: false, keepAlive: true), date: "now"), as: UTF8.self)
        == "HTTP/1.1 101 Switching Protocols\r\nDate: now\r\nUpgrade: websocket\r\n"
        + "Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
        + "Sec-WebSocket-Protocol: parley.v1\r\n\r\n")
  }

  @Test(
    "a request that breaks one rule is refused with its status",
    arguments: [
      ("Upgrade", nil, .notUpgrade, 426),
      ("Upgrade", "h2c", .notUpgrade, 426),
      ("Connection", nil, .badConnection, 400),
      ("Connection", "keep-alive", .badConnection, 400),
      ("Sec-WebSocket-Version", nil, .badVersion, 426),
      ("Sec-WebSocket-Version", "8", .badVersion, 426),
      ("Sec-WebSocket-Version", "13, 8", .badVersion, 426),
      ("Sec-WebSocket-Key", nil, .badKey, 400),
      ("Sec-WebSocket-Key", "", .badKey, 400),
      ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=", .badKey, 400),
      ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j", .badKey, 400),
      ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZXh4", .badKey, 400),
      ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZ!==", .badKey, 400),
      ("Sec-WebSocket-Protocol", nil, .noSubprotocol, 400),
      ("Sec-WebSocket-Protocol", "other, Parley.v1", .noSubprotocol, 400),
    ] as [(String, String?, HandshakeFault, Int)])
  func refused(name: String, value: String?, fault: HandshakeFault, status: Int) throws {
    var fields = Self.valid.filter { $0.0 != name }
    if let value { fields.append((name, value)) }
    #expect(try judge(fields) == .refused(fault))
    #expect(fault.status.code == status)
  }

  @Test("a key or version given twice is refused, and so is a body")
  func repeated() throws {
    let key = ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
    #expect(try judge(Self.valid + [key]) == .refused(.badKey))
    let version = ("Sec-WebSocket-Version", "13")
    #expect(try judge(Self.valid + [version]) == .refused(.badVersion))
    #expect(try judge(Self.valid + [("Content-Length", "3")]) == .refused(.hasBody))
  }

  @Test("only GET of HTTP/1.1 opens a WebSocket")
  func requestLine() throws {
    #expect(try judge(Self.valid, line: "POST / HTTP/1.1") == .refused(.badMethod))
    #expect(try judge(Self.valid, line: "HEAD / HTTP/1.1") == .refused(.badMethod))
    #expect(try judge(Self.valid, line: "GET / HTTP/1.0") == .refused(.notUpgrade))
    #expect(HandshakeFault.badMethod.response.fields["allow"] == "GET")
  }

  @Test("426 says what to upgrade to")
  func upgradeRequired() {
    let response = HandshakeFault.badVersion.response
    #expect(response.status == .upgradeRequired)
    #expect(response.fields["sec-websocket-version"] == "13")
    #expect(response.fields["upgrade"] == "websocket")
    for fault in HandshakeFault.allCases {
      #expect(fault.response.status == fault.status && !fault.response.body.isEmpty)
    }
  }

  @Test("our best subprotocol is taken, over all fields; without any of ours none is")
  func subprotocols() throws {
    let fields = Self.valid + [("sec-websocket-protocol", "parley.v2")]
    guard
      case .accepted("parley.v2"?, nil, _) = try judge(
        fields, subprotocols: ["parley.v2", "other"])
    else {
      Issue.record("not v2")
      return
    }
    guard case .accepted(nil, nil, let response) = try judge(Self.valid, subprotocols: []) else {
      Issue.record("refused")
      return
    }
    #expect(response.fields["sec-websocket-protocol"] == nil)
  }

  @Test("names and tokens are matched in any case, as browsers and proxies write them")
  func cases() throws {
    let fields = Self.valid.map { name, value in
      (name.uppercased(), name == "Upgrade" || name == "Connection" ? value.uppercased() : value)
    }
    guard case .accepted = try judge(fields) else {
      Issue.record("refused")
      return
    }
  }

  /// What a client makes of the answer of our server to it.
  func roundTrip(
    offers: [String], speaks: [String], change: (inout HTTPResponse) -> Void = { _ in }
  ) throws -> Result<String?, ClientHandshakeFault> {
    let client = ClientHandshake(nonce: Array(0..<16), subprotocols: offers)
    let sent = client.request(target: "/signal", host: "a:80", origin: "http://a").encoded()
    var requests = RequestParser()
    guard case .request(let head, sent.count) = requests.parse(sent.span) else { throw NotAHead() }
    #expect(head.fields["origin"] == "http://a")
    var response =
      switch ServerHandshake(head, subprotocols: speaks) {
      case .accepted(_, _, let response): response
      case .refused(let fault): fault.response
      }
    change(&response)
    let answer = response.encoded(
      mode: ResponseMode(isHead: false, keepAlive: true), date: "now")
    var responses = ResponseParser()
    guard case .response(let answerHead, _) = responses.parse(answer.span) else {
      throw NotAHead()
    }
    return Result { () throws(ClientHandshakeFault) in try client.check(answerHead).subprotocol }
  }

  @Test("a client takes our server's answer")
  func client() throws {
    #expect(try roundTrip(offers: ["parley.v1"], speaks: ["parley.v1"]) == .success("parley.v1"))
    #expect(try roundTrip(offers: [], speaks: []) == .success(nil))
    let refused = try roundTrip(offers: ["x"], speaks: ["parley.v1"])
    #expect(refused == .failure(.status(.badRequest)))
    #expect(try roundTrip(offers: ["x"], speaks: []) == .failure(.badSubprotocol))
  }

  @Test("a client refuses an answer that is not to it")
  func clientRefuses() throws {
    func change(_ name: String, _ value: String?) throws -> Result<String?, ClientHandshakeFault> {
      try roundTrip(offers: ["a"], speaks: ["a"]) { response in
        let kept = response.fields.all.filter { $0.name != name }
        response.fields = HTTPFields(kept.map { ($0.name, $0.value) })
        if let value { response.fields.append(name, value) }
      }
    }
    #expect(try change("Upgrade", nil) == .failure(.notUpgrade))
    #expect(try change("Connection", "close") == .failure(.notUpgrade))
    #expect(try change("Sec-WebSocket-Accept", nil) == .failure(.badAcceptKey))
    #expect(
      try change("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        == .failure(.badAcceptKey))
    #expect(try change("Sec-WebSocket-Protocol", "b") == .failure(.badSubprotocol))
    #expect(
      try change("Sec-WebSocket-Extensions", "permessage-deflate")
        == .failure(.badExtension))
  }
}
