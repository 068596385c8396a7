// What is refused, with which fault and status.

import HTTP1
import Testing

@Suite("Refused request heads")
struct MalformedRequestTests {
  static let startLines: [(String, HTTPFault)] = [
    ("GET /", .badStartLine),
    ("GET", .badStartLine),
    ("GET  / HTTP/1.1", .badStartLine),
    ("GET / HTTP/1.1 ", .badStartLine),
    ("GET /\tHTTP/1.1", .badStartLine),
    (" GET / HTTP/1.1", .badStartLine),
    ("GET /a b HTTP/1.1", .badStartLine),
    ("G(T / HTTP/1.1", .badStartLine),
    ("GÉT / HTTP/1.1", .badStartLine),
    ("GET / http/1.1", .badStartLine),
    ("GET / HTTP/1.10", .badStartLine),
    ("GET / HTTP/11", .badStartLine),
    ("GET / HTTP/1.x", .badStartLine),
    ("GET / HTTQ/1.1", .badStartLine),
    ("GET / HTTP/2.0", .unsupportedVersion),
    ("PRI * HTTP/2.0", .unsupportedVersion),
    ("GET / HTTP/0.9", .unsupportedVersion),
    ("CONNECT a:443 HTTP/1.1", .unsupportedMethod),
    ("GET example.org/ HTTP/1.1", .badTarget),
    ("GET ftp://a/ HTTP/1.1", .badTarget),
    ("GET http:///x HTTP/1.1", .badTarget),
    ("GET http://user@a/ HTTP/1.1", .badTarget),
    ("GET /a#b HTTP/1.1", .badTarget),
    ("GET /?a#b HTTP/1.1", .badTarget),
    ("GET /a\\b HTTP/1.1", .badTarget),
    ("GET /a\"b HTTP/1.1", .badTarget),
    ("GET /é HTTP/1.1", .badTarget),
    ("GET /?é HTTP/1.1", .badTarget),
    ("GET /% HTTP/1.1", .badPath),
    ("GET /%4 HTTP/1.1", .badPath),
    ("GET /%4x HTTP/1.1", .badPath),
    ("GET /%00 HTTP/1.1", .badPath),
    ("GET /a%0d%0ab HTTP/1.1", .badPath),
    ("GET /%09 HTTP/1.1", .badPath),
    ("GET /%7F HTTP/1.1", .badPath),
    ("GET /%C0%AF HTTP/1.1", .badPath),
    ("GET /%FF HTTP/1.1", .badPath),
    ("GET /.. HTTP/1.1", .dotSegment),
    ("GET /a/../b HTTP/1.1", .dotSegment),
    ("GET /a/%2e%2E/b HTTP/1.1", .dotSegment),
    ("GET /a%2f..%2fb HTTP/1.1", .dotSegment),
    ("GET /./a HTTP/1.1", .dotSegment),
    ("GET http://a/../b HTTP/1.1", .dotSegment),
  ]

  @Test("a bad request line is refused", arguments: startLines)
  func startLine(line: String, expected: HTTPFault) {
    #expect(fault("\(line)\r\nHost: a\r\n\r\n") == expected)
  }

  static let fieldLines: [(String, HTTPFault)] = [
    // RFC 9112 §5.1, §5.2
    ("Name : x", .badFieldName),
    ("Name\t: x", .badFieldName),
    (": x", .badFieldName),
    ("Name", .badFieldName),
    ("Na me: x", .badFieldName),
    ("Na(me): x", .badFieldName),
    ("Naïve: x", .badFieldName),
    ("A: x\r\n folded", .obsoleteFold),
    ("A: x\r\n\tfolded", .obsoleteFold),
    ("A: x\r\n \r\nB: y", .obsoleteFold),
    // RFC 9110 §5.5
    ("A: x\u{0}y", .controlByte),
    ("A: x\u{1}y", .controlByte),
    ("A: x\u{7F}y", .controlByte),
    ("A: x\u{B}y", .controlByte),
    ("A\u{0}: x", .controlByte),
    // RFC 9112 §2.2
    ("A: x\nB: y", .badLineEnd),
    ("A: x\rB: y", .badLineEnd),
    ("A: x\r\rB: y", .badLineEnd),
    ("A: x\n", .badLineEnd),
    // RFC 9112 §6.1
    ("Transfer-Encoding: gzip, chunked", .transferCoding),
    ("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", .transferCoding),
    ("Transfer-Encoding: ,chunked", .transferCoding),
    // RFC 9112 §6.3: where the body ends is not known.
    ("Transfer-Encoding:", .ambiguousLength),
    ("Transfer-Encoding: gzip", .ambiguousLength),
    ("Transfer-Encoding: identity", .ambiguousLength),
    ("Transfer-Encoding: chunked, identity", .ambiguousLength),
    ("Transfer-Encoding: chunked, chunked", .ambiguousLength),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", .ambiguousLength),
    ("Transfer-Encoding: xchunked", .ambiguousLength),
    ("Transfer-Encoding: chunked;q=1", .ambiguousLength),
    ("Transfer-Encoding: \"chunked\"", .ambiguousLength),
    ("Transfer-Encoding : chunked", .badFieldName),
    ("Transfer-Encoding:\r\n chunked", .obsoleteFold),
    ("Transfer-Encoding: chu\u{B}nked", .controlByte),
    ("Transfer-Encoding: chunked\r\nContent-Length: 3", .ambiguousLength),
    ("Content-Length: 3\r\ntransfer-encoding: identity", .ambiguousLength),
    // RFC 9112 §6.3
    ("Content-Length: 3\r\nContent-Length: 4", .badContentLength),
    ("Content-Length: 3\r\nContent-Length: 3", .badContentLength),
    ("Content-Length: 3, 3", .badContentLength),
    ("Content-Length: 3,4", .badContentLength),
    ("Content-Length:", .badContentLength),
    ("Content-Length: +3", .badContentLength),
    ("Content-Length: -3", .badContentLength),
    ("Content-Length: 0x3", .badContentLength),
    ("Content-Length: 3 3", .badContentLength),
    ("Content-Length: 3.0", .badContentLength),
    ("Content-Length: ３", .badContentLength),
    ("Content-Length: 65537", .bodyTooLarge),
    ("Content-Length: 9223372036854775808", .bodyTooLarge),
    ("Content-Length: 99999999999999999999999999999999", .bodyTooLarge),
  ]

  @Test("a bad field line is refused", arguments: fieldLines)
  func fieldLine(lines: String, expected: HTTPFault) {
    #expect(fault("POST / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n\r\n") == expected)
  }

  static let hosts: [(String, HTTPFault)] = [
    ("", .badHostCount),
    ("Host: a\r\nHost: a\r\n", .badHostCount),
    ("Host: a\r\nX: y\r\nhOST: b\r\n", .badHostCount),
    ("Host: a, b\r\n", .badHost),
    ("Host: a,b\r\n", .badHost),
    ("Host: a b\r\n", .badHost),
    ("Host: a/b\r\n", .badHost),
    ("Host: u@a\r\n", .badHost),
    ("Host: ä\r\n", .badHost),
  ]

  @Test("a missing, repeated or impossible Host is refused", arguments: hosts)
  func host(lines: String, expected: HTTPFault) {
    #expect(fault("GET / HTTP/1.1\r\n\(lines)\r\n") == expected)
    #expect(expected.status == .badRequest)
  }

  @Test("HTTP/1.0 may leave Host out, but not repeat it, and has no transfer codings")
  func versionZero() {
    #expect(fault("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n") == .badHostCount)
    let coded = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"
    #expect(fault(coded) == .ambiguousLength)
  }

  @Test("what can be seen early is refused early")
  func early() {
    #expect(fault("\u{16}\u{3}\u{1}") == .controlByte)
    #expect(fault("GET / HTTP/1.1\n") == .badLineEnd)
    #expect(fault("GET / HTTP/1.1\r\n ") == .obsoleteFold)
    #expect(parseEveryWay("GET / HTTP/1.1\r\nHost: a\r\n\r") == .needMore)
    #expect(parseEveryWay("") == .needMore)
  }

  @Test("one byte beyond each limit is refused, without waiting for the rest")
  func limits() {
    let line = String(repeating: "a", count: HTTPLimits.requestLineBytesMax)
    #expect(fault("GET /" + line) == .startLineTooLong)
    let oneMore = String(repeating: "a", count: HTTPLimits.requestLineBytesMax - 13)
    #expect(fault(get("/" + oneMore)) == .startLineTooLong)
    let value = String(repeating: "v", count: HTTPLimits.headBytesMax)
    #expect(fault("GET / HTTP/1.1\r\nX: " + value) == .headTooLarge)
    let many = String(repeating: "X: y\r\n", count: HTTPLimits.fieldCountMax - 1)
    #expect(fault("GET / HTTP/1.1\r\nHost: a\r\n" + many) == nil)
    #expect(fault("GET / HTTP/1.1\r\nHost: a\r\n" + many + "X") == .tooManyFields)
    #expect(HTTPFault.startLineTooLong.status == .uriTooLong)
    #expect(HTTPFault.headTooLarge.status == .fieldsTooLarge)
    #expect(HTTPFault.tooManyFields.status == .fieldsTooLarge)
  }

  @Test("a buffer of exactly the limit never waits for more")
  func fullBuffer() {
    let start = "GET / HTTP/1.1\r\nX: "
    let value = String(repeating: "v", count: HTTPLimits.headBytesMax - start.utf8.count)
    #expect(fault(start + value) == .headTooLarge)
  }

  @Test("after a fault the parser repeats it, whatever comes")
  func faultStays() {
    var parser = RequestParser()
    for input in [bytes("\u{0}"), bytes(get("/"))] {
      let result = parser.parse(input.span)
      #expect(result == .malformed(.controlByte))
    }
  }

  @Test("every fault has an error status")
  func statuses() {
    for fault in HTTPFault.allCases { #expect(fault.status.code >= 400) }
    #expect(HTTPFault.unsupportedVersion.status == .versionNotSupported)
    #expect(HTTPFault.transferCoding.status == .notImplemented)
    #expect(HTTPFault.ambiguousLength.status == .badRequest)
    #expect(HTTPFault.bodyTooLarge.status == .contentTooLarge)
  }
}
