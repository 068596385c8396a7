// The endpoint as an HTTP server: answers, refusals, and who may ask.

import AdminAPI
import Configuration
import EventLoop
import Glibc
import HTTP1
import NetTypes
import RelayService
import Testing

@testable import AdminService

@Suite struct EndpointTests {
  @Test func `Health is told in JSON that nobody keeps`() throws {
    try withServer { server in
      let answer = try server.client().ask("/healthz")
      #expect(answer.status == 200)
      #expect(String(decoding: answer.body, as: UTF8.self) == #"{"status":"ok"}"#)
      #expect(answer.fields["content-type"] == "application/json")
      #expect(answer.fields["cache-control"] == "no-store")
    }
  }

  @Test func `HEAD is answered without the body`() throws {
    try withServer { server in
      let client = try server.client()
      let answer = try client.ask("/healthz", method: "HEAD")
      #expect(answer.status == 200 && answer.fields["content-length"] == "15")
      // The next answer begins right behind the head.
      #expect(try client.ask("/healthz").body.count == 15)
    }
  }

  @Test func `Trap 41: POST /drain makes the server unready at once, and says what it waits for`()
    throws
  {
    try withServer(hasSignaling: true) { server in
      let client = try RelayClient(server, seed: 1)
      let page = SocketAddress(.loopbackV4, port: try #require(server.signalingPort))
      #expect(try server.client().ask("/readyz").status == 200)
      #expect(try ClientSocket(SOCK_STREAM, port: page.port).ask("/readyz").status == 200)
      #expect(
        try server.client().ask("/drain?deadline=600", method: "POST").decoded(DrainDocument.self)
          == DrainDocument(allocations: 1, deadlineSeconds: 600))
      let answer = try server.client().ask("/readyz")
      #expect(answer.status == 503)
      #expect(try answer.decoded(HealthDocument.self).status == "draining")
      #expect(try server.client().ask("/healthz").status == 200)
      #expect(try ClientSocket(SOCK_STREAM, port: page.port).ask("/readyz").status == 503)
      #expect(try ClientSocket(SOCK_STREAM, port: page.port).ask("/healthz").status == 200)
      // A later deadline changes nothing, an earlier one does.
      let longer: DrainDocument = try server.client().ask("/drain", method: "POST").decoded()
      #expect((590...600).contains(longer.deadlineSeconds))
      let shorter: DrainDocument = try server.client()
        .ask("/drain?deadline=300", method: "POST").decoded()
      #expect(shorter.deadlineSeconds == 300)
      withExtendedLifetime(client) {}
    }
  }

  @Test(arguments: [
    ("GET", "/drain", 405, "method_not_allowed"), ("HEAD", "/drain", 405, ""),
    ("POST", "/drain?deadline=x", 400, "bad_deadline"),
    ("POST", "/drain?deadline=-1", 400, "bad_deadline"),
    ("POST", "/drain?deadline=604801", 400, "bad_deadline"),
  ])
  func `Draining is asked for by POST and with a good deadline`(
    method: String, path: String, status: Int, code: String
  ) throws {
    try withServer { server in
      let answer = try server.client().ask(path, method: method)
      #expect(answer.status == status && (code.isEmpty || answer.errorCode == code))
      #expect((answer.fields["allow"] == "POST") == (status == 405))
      #expect(!server.lifecycle.isDraining)
    }
  }

  @Test(arguments: [
    ("GET", "/", 404, "not_found"), ("GET", "/roomsx", 404, "not_found"),
    ("GET", "/rooms/", 404, "not_found"), ("GET", "/rooms/a/b", 404, "not_found"),
    ("GET", "/rooms/no%20such", 404, "no_rooms"), ("GET", "/rooms/%zz", 400, "bad_request"),
    ("GET", "/rooms/..", 400, "bad_request"), ("POST", "/rooms", 405, "method_not_allowed"),
    ("DELETE", "/rooms/tea", 405, "method_not_allowed"),
  ])
  func `What is not served is refused in JSON`(
    method: String, path: String, status: Int, code: String
  ) throws {
    try withServer { server in
      let answer = try server.client().ask(path, method: method)
      #expect(answer.status == status && answer.errorCode == code)
      #expect((answer.fields["allow"] == "GET, HEAD") == (status == 405))
    }
  }

  @Test func `A request may come byte by byte, and several at once`() throws {
    try withServer { server in
      let client = try server.client()
      for byte in ClientSocket.request("/healthz").utf8 { client.send([byte]) }
      #expect(try client.answer().status == 200)
      client.send(
        ClientSocket.request("/healthz") + ClientSocket.request("/stats")
          + ClientSocket.request("/none") + ClientSocket.request("/allocations"))
      #expect(try client.answer().decoded(HealthDocument.self) == HealthDocument())
      #expect(try client.answer().decoded(StatsDocument.self) == StatsDocument())
      #expect(try client.answer().status == 404)
      #expect(try client.answer().decoded(AllocationsDocument.self) == AllocationsDocument())
    }
  }

  @Test func `A request with a body is answered and ends the connection`() throws {
    try withServer { server in
      let client = try server.client()
      client.send(
        ClientSocket.request("/rooms", method: "POST", ["Content-Length: 4"]) + "GET ")
      #expect(try client.textUntilEnd().hasPrefix("HTTP/1.1 405 Method Not Allowed\r\n"))
    }
  }

  @Test func `What is no request or too long ends the connection`() throws {
    try withServer { server in
      for (text, status) in [
        ("\u{16}\u{3}\u{1}\r\n\r\n", 400), ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET /\(String(repeating: "a", count: 5_000)) HTTP/1.1\r\n", 414),
        ("GET / HTTP/1.1\r\nX: \(String(repeating: "a", count: 17_000))\r\n", 431),
      ] {
        let client = try server.client()
        client.send(text)
        let answer = try client.answer()
        #expect(answer.status == status && answer.errorCode == "bad_request")
        #expect(answer.fields["connection"] == "close")
      }
      let answer = try server.client().ask("/healthz")
      #expect(answer.status == 200)
    }
  }

  @Test(arguments: [
    "127.0.0.1", "127.0.0.1:8081", "[::1]:8081", "[::1]", "192.0.2.7:1", "localhost",
    "LocalHost:8081",
  ])
  func `A host that is an address or localhost is served`(host: String) throws {
    try withServer { server in
      let answer = try server.client().ask("/healthz", host: host)
      #expect(answer.status == 200)
    }
  }

  @Test(arguments: [
    "", "evil.example", "evil.example:8081", "localhost.evil.example", "127.0.0.1.evil.example",
    "localhost:port", "127.0.0.1:99999", "1.2.3", "::1",
  ])
  func `A host with any other name is refused, since its owner may point it here`(
    host: String
  ) throws {
    try withServer { server in
      let answer = try server.client().ask("/rooms", host: host)
      #expect(answer.status == 403 && answer.errorCode == "foreign_host")
    }
  }

  @Test(arguments: [
    "Origin: https://evil.example", "Origin: null", "Origin: http://127.0.0.1:8081",
    "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site",
  ])
  func `Pages of other sites are refused`(field: String) throws {
    try withServer { server in
      let answer = try server.client().ask("/rooms", host: "127.0.0.1", [field])
      #expect(answer.status == 403 && answer.errorCode == "from_page")
    }
  }

  @Test func `A port in use is told at the start`() throws {
    try withServer { server in
      #expect(throws: SystemError.self) {
        try RunningServer(at: server.admin.address, hasSignaling: false)
      }
    }
  }

  @Test func `Random bytes are refused and leave the endpoint as it was`() throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = SplitMix64(seed: seed)
    try withServer { server in
      for _ in 0..<300 {
        let client = try server.client()
        let length = Int.random(in: 1...200, using: &random)
        // A bare line feed ends any head, and so the waiting for more of it.
        client.send((0..<length).map { _ in UInt8.random(in: 0...255, using: &random) } + [10])
        let text = try client.textUntilEnd()
        #expect(
          text.isEmpty || text.hasPrefix("HTTP/1.1 4") || text.hasPrefix("HTTP/1.1 5"),
          "to run it again use the seed \(seed)")
      }
      let answer = try server.client().ask("/healthz")
      #expect(answer.status == 200)
    }
  }
}
