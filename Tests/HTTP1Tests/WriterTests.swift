// What is written: responses, requests, dates; and that a client reads a response back.

import HTTP1
import Testing

@Suite("Writers and the client's parser")
struct WriterTests {
  static let date = "Sun, 06 Nov 1994 08:49:37 GMT"

  func text(_ response: HTTPResponse, _ mode: ResponseMode) -> String {
    String(decoding: response.encoded(mode: mode, date: Self.date), as: UTF8.self)
  }

  @Test("a response has Date, its fields, Content-Length and its body")
  func response() {
    let response = HTTPResponse(.ok, contentType: "text/plain", body: bytes("tea"))
    #expect(
      text(response, ResponseMode(isHead: false, keepAlive: true))
        == "HTTP/1.1 200 OK\r\nDate: \(Self.date)\r\nContent-Type: text/plain\r\n"
        + "Content-Length: 3\r\n\r\ntea")
  }

  @Test("HEAD gets the same head and no body")
  func headOnly() {
    let response = HTTPResponse(.ok, contentType: "text/plain", body: bytes("tea"))
    #expect(text(response, ResponseMode(isHead: true, keepAlive: true)).hasSuffix(": 3\r\n\r\n"))
  }

  @Test("a connection that ends is told so, and one that stays only to HTTP/1.0")
  func connection() {
    let response = HTTPResponse(.ok)
    #expect(text(response, .closing).contains("\r\nConnection: close\r\n"))
    let old = ResponseMode(isHead: false, keepAlive: true, announcesKeepAlive: true)
    #expect(text(response, old).contains("\r\nConnection: keep-alive\r\n"))
    #expect(text(response, old.closingAfter).contains("\r\nConnection: close\r\n"))
    let new = ResponseMode(isHead: false, keepAlive: true)
    #expect(!text(response, new).contains("Connection"))
  }

  @Test("statuses without a body have no Content-Length", arguments: [101, 204, 304])
  func bodiless(code: Int) {
    let written = text(HTTPResponse(HTTPStatus(code)), .closing)
    #expect(!written.contains("Content-Length"))
    #expect(written.contains("Connection: close") == (code >= 200))
  }

  @Test("an empty body of another status has Content-Length 0")
  func emptyBody() {
    #expect(text(HTTPResponse(.notFound), .closing).contains("\r\nContent-Length: 0\r\n"))
    #expect(text(.text(.notFound), .closing).hasSuffix("\r\n\r\n404 Not Found\n"))
    #expect(text(.text(.ok, "fine"), .closing).hasSuffix("\r\n\r\nfine\n"))
  }

  @Test("a line end in a field of ours stops the process")
  func injection() async {
    await #expect(processExitsWith: .failure) {
      var fields = HTTPFields()
      fields.append("X", "a\r\nSet-Cookie: b")
    }
    await #expect(processExitsWith: .failure) {
      var fields = HTTPFields()
      fields.append("X: y", "a")
    }
    await #expect(processExitsWith: .failure) {
      _ = HTTPResponse(.ok).encoded(mode: .closing, date: "x\n")
    }
    await #expect(processExitsWith: .failure) {
      _ = HTTPRequest("GET", "/ HTTP/1.1\r\nX: y", host: "a").encoded()
    }
  }

  @Test("a written request is read back")
  func request() throws {
    let fields = HTTPFields([(name: "Accept", value: "*/*")])
    let bare = HTTPRequest("GET", "/a?b", host: "[::1]:8080", fields: fields)
    let read = try head(String(decoding: bare.encoded(), as: UTF8.self))
    #expect(read.path == "/a")
    #expect(read.authority == "[::1]:8080")
    #expect(read.fields["accept"] == "*/*")
    let full = HTTPRequest("POST", "/", host: "a", body: bytes("xyz")).encoded()
    guard case .request(let head, let consumed) = parse(full, cutAt: []) else {
      Issue.record("refused")
      return
    }
    #expect(head.bodyFraming == .length(3))
    #expect(full[consumed...] == bytes("xyz")[...])
  }

  @Test("a written response is read back, cut at every byte")
  func readBack() {
    let written = HTTPResponse(.upgradeRequired, contentType: "a/b", body: bytes("tea"))
      .encoded(mode: .closing, date: Self.date)
    for cut in 0...written.count {
      var parser = ResponseParser()
      let early = Array(written[..<cut])
      var result = parser.parse(early.span)
      if result == .needMore { result = parser.parse(written.span) }
      guard case .response(let head, let consumed) = result else {
        Issue.record("\(result) when cut at \(cut)")
        continue
      }
      #expect(head.status == .upgradeRequired)
      #expect(head.contentLength == 3)
      #expect(!head.keepAlive)
      #expect(head.fields["content-type"] == "a/b")
      #expect(consumed == written.count - 3)
    }
  }

  @Test(
    "status lines are read strictly, but for a missing phrase",
    arguments: [
      ("HTTP/1.1 200 OK", nil),
      ("HTTP/1.1 200 ", nil),
      ("HTTP/1.1 200", nil),
      ("HTTP/1.1 20", .badStartLine),
      ("HTTP/1.1 2000", .badStartLine),
      ("HTTP/1.1 099 X", .badStartLine),
      ("HTTP/1.1 600 X", .badStartLine),
      ("HTTP/1.1", .badStartLine),
      ("HTTP/1.1  200 OK", .badStartLine),
      ("HTTP/2 200 OK", .badStartLine),
      ("HTTP/3.0 200 OK", .unsupportedVersion),
    ] as [(String, HTTPFault?)])
  func statusLines(line: String, expected: HTTPFault?) {
    var parser = ResponseParser()
    let input = bytes(line + "\r\n\r\n")
    switch parser.parse(input.span) {
    case .response(let head, let consumed):
      #expect(expected == nil)
      #expect(head.status == .ok)
      #expect(head.contentLength == nil)
      #expect(consumed == input.count)
    case .malformed(let fault):
      #expect(fault == expected)
    case .needMore:
      Issue.record("waits")
    }
  }

  @Test("chunked responses are a fault")
  func chunked() {
    var parser = ResponseParser()
    let input = bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in 0..<2 {
      let result = parser.parse(input.span)
      #expect(result == .malformed(.transferCoding))
    }
  }

  @Test(
    "dates are written as RFC 9110 §5.6.7 says",
    arguments: [
      (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
      (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
      (-1, "Thu, 01 Jan 1970 00:00:00 GMT"),
      (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
      (951_868_799, "Tue, 29 Feb 2000 23:59:59 GMT"),
      (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"),
      (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 GMT"),
      (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
      (Int.max, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ])
  func dates(seconds: Int, text: String) {
    #expect(HTTPDate.format(unixSeconds: seconds) == text)
  }

  @Test("every status has a phrase")
  func reasons() {
    #expect(HTTPStatus(418).reason == "Client Error")
    #expect(HTTPStatus(599).reason == "Server Error")
    for code in 100...599 { #expect(!HTTPStatus(code).reason.isEmpty) }
  }
}
