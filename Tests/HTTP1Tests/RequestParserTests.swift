// What a valid request head becomes.

import HTTP1
import Testing

@Suite("Valid request heads")
struct RequestParserTests {
  @Test("the parts of a request line and the fields are read")
  func parts() throws {
    let head = try head(get("/rooms/tea%20room?full=1&x=", "X-Thing:  a b\t", "accept:"))
    #expect(head.method == "GET")
    #expect(head.target == "/rooms/tea%20room?full=1&x=")
    #expect(head.path == "/rooms/tea room")
    #expect(head.query == "full=1&x=")
    #expect(head.authority == "example.org")
    #expect(head.version == .http11)
    #expect(head.fields.count == 3)
    #expect(head.fields["X-THING"] == "a b")
    #expect(head.fields["Accept"] == "")
    #expect(head.fields["missing"] == nil)
    #expect(!head.hasBody)
    #expect(head.keepAlive)
  }

  @Test("a head is followed by whatever comes next, untouched")
  func pipelined() {
    let first = bytes(get("/a"))
    let input = first + bytes(get("/b")) + [0xFF, 0x00]
    var parser = RequestParser()
    guard case .request(let a, let consumed) = parser.parse(input.span) else {
      Issue.record("no first head")
      return
    }
    #expect(a.path == "/a")
    #expect(consumed == first.count)
    let rest = Array(input[consumed...])
    guard case .request(let b, _) = parser.parse(rest.span) else {
      Issue.record("no second head")
      return
    }
    #expect(b.path == "/b")
  }

  @Test("one empty line before a request is skipped, two are not")
  func leadingEmptyLine() throws {
    #expect(try head("\r\n" + get("/a")).path == "/a")
    #expect(fault("\r\n\r\n" + get("/a")) == .badStartLine)
  }

  @Test(
    "targets are taken apart",
    arguments: [
      ("/", "/", nil, "example.org"),
      ("/?", "/", "", "example.org"),
      ("/a?b?c", "/a", "b?c", "example.org"),
      ("/%E2%82%AC", "/€", nil, "example.org"),
      ("/a/.hidden/..x/x..", "/a/.hidden/..x/x..", nil, "example.org"),
      ("/a//b/", "/a//b/", nil, "example.org"),
      ("/%41%2fb", "/A/b", nil, "example.org"),
      ("/x?q=[1]|{2}", "/x", "q=[1]|{2}", "example.org"),
      ("http://other.example:8080/p?q", "/p", "q", "other.example:8080"),
      ("HTTPS://[::1]", "/", nil, "[::1]"),
      ("http://other.example?q", "/", "q", "other.example"),
    ] as [(String, String, String?, String)])
  func targets(target: String, path: String, query: String?, authority: String) throws {
    let head = try head(get(target))
    #expect(head.path == path)
    #expect(head.query == query)
    #expect(head.authority == authority)
  }

  @Test("the asterisk is a target for OPTIONS only")
  func asterisk() throws {
    let tail = " * HTTP/1.1\r\nHost: a\r\n\r\n"
    #expect(try head("OPTIONS" + tail).path == "*")
    #expect(fault("GET" + tail) == .badTarget)
  }

  @Test("query values are found and decoded")
  func queryValues() throws {
    let head = try head(get("/?room=tea+and%20cake&empty&none=&broken=%2&bad=%FF&room=second"))
    #expect(head.queryValue("room") == "tea and cake")
    #expect(head.queryValue("empty") == "")
    #expect(head.queryValue("none") == "")
    #expect(head.queryValue("broken") == nil)
    #expect(head.queryValue("bad") == nil)
    #expect(head.queryValue("absent") == nil)
  }

  @Test(
    "a connection is kept by version and Connection",
    arguments: [
      ("HTTP/1.1", "", true),
      ("HTTP/1.1", "Connection: close\r\n", false),
      ("HTTP/1.1", "Connection: Upgrade, CLOSE\r\n", false),
      ("HTTP/1.1", "Connection: Upgrade\r\nConnection: close\r\n", false),
      ("HTTP/1.1", "Connection: closed\r\n", true),
      ("HTTP/1.0", "", false),
      ("HTTP/1.0", "Connection: Keep-Alive\r\n", true),
      ("HTTP/1.0", "Connection: keep-alive, close\r\n", false),
      ("HTTP/1.7", "", true),
    ])
  func keepAlive(version: String, fields: String, kept: Bool) throws {
    let head = try head("GET / \(version)\r\nHost: a\r\n\(fields)\r\n")
    #expect(head.keepAlive == kept)
    #expect(head.responseMode.keepAlive == kept)
    #expect(head.responseMode.announcesKeepAlive == (version == "HTTP/1.0"))
  }

  @Test("token lists ignore case, blanks, empty elements and line borders")
  func tokenLists() throws {
    let head = try head(get("/", "Connection: ,keep-alive ,\t Upgrade,", "connection:x"))
    #expect(head.fields.list("CONNECTION") == ["keep-alive", "Upgrade", "x"])
    #expect(head.fields.contains("Connection", token: "upgrade"))
    #expect(!head.fields.contains("Connection", token: "keep"))
    #expect(head.fields.values("Connection").count == 2)
  }

  @Test("Content-Length is read, leading zeros and the limit included")
  func contentLength() throws {
    let plain = try head("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0012\r\n\r\n")
    #expect(plain.bodyFraming == .length(12))
    #expect(!plain.expectsContinue)
    let most = "Content-Length: \(HTTPLimits.bodyBytesMax)"
    #expect(try head(get("/", most)).bodyFraming == .length(HTTPLimits.bodyBytesMax))
    let waiting = try head(get("/", "Content-Length: 5", "Expect: 100-Continue"))
    #expect(waiting.expectsContinue)
  }

  @Test("HTTP/1.0 needs no Host")
  func versionZero() throws {
    let head = try head("GET / HTTP/1.0\r\n\r\n")
    #expect(head.version == .http10)
    #expect(head.authority == "")
  }

  @Test("bytes above 127 are part of a value, and never end the parse")
  func obsoleteText() {
    let input = bytes("GET / HTTP/1.1\r\nHost: a\r\nX: ") + [0xE9, 0xFF] + bytes("é\r\n\r\n")
    guard case .request(let head, _) = parse(input, cutAt: []) else {
      Issue.record("refused")
      return
    }
    #expect(head.fields["x"] == "\u{FFFD}\u{FFFD}é")
  }

  @Test("heads are taken up to each limit exactly")
  func limits() throws {
    let frame = get("/").utf8.count
    let longLine = String(repeating: "a", count: HTTPLimits.requestLineBytesMax - 14)
    #expect(try head(get("/" + longLine)).path.utf8.count == longLine.utf8.count + 1)
    let value = String(repeating: "v", count: HTTPLimits.headBytesMax - frame - 5)
    #expect(try head(get("/", "X: \(value)")).fields["x"] == value)
    let many = String(repeating: "X: y\r\n", count: HTTPLimits.fieldCountMax - 1)
    let head = try head("GET / HTTP/1.1\r\nHost: a\r\n" + many + "\r\n")
    #expect(head.fields.count == HTTPLimits.fieldCountMax)
  }
}
