// The public port as an HTTP server.

import Foundation
import NetTypes
import Signaling
import SignalingService
import Testing

@Suite struct HTTPTests {
  private func answer(_ running: RunningService, _ request: String) throws -> String {
    let client = try RawClient(port: running.port)
    client.send(request.replacingOccurrences(of: "\n", with: "\r\n"))
    client.shutDown()
    return try client.textUntilEnd()
  }

  private func get(
    _ path: String, _ fields: String = "", method: String = "GET"
  ) -> String {
    "\(method) \(path) HTTP/1.1\nHost: localhost\nConnection: close\n\(fields)\n"
  }

  @Test func pagesComeWithTypeValidatorAndGuards() throws {
    try withService { running in
      for (path, type) in [("/", "text/html"), ("/parley.js", "text/javascript")] {
        let text = try answer(running, get(path))
        #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(text.contains("Content-Type: \(type); charset=utf-8\r\n"))
        #expect(
          text.contains("Content-Security-Policy: default-src 'self'; media-src 'self' blob:"))
        #expect(text.contains("X-Content-Type-Options: nosniff\r\n"))
        #expect(text.contains("ETag: \""))
        #expect(text.contains("Cross-Origin-Opener-Policy: same-origin\r\n"))
        let policy = path == "/" ? "same-origin" : "cross-origin"
        #expect(text.contains("Cross-Origin-Resource-Policy: \(policy)\r\n"))
        #expect(text.contains("Access-Control-Allow-Origin: *\r\n") == (path != "/"))
        // Only a browser that came by TLS may be told to come by TLS.
        #expect(!text.contains("Strict-Transport-Security"))
      }
    }
  }

  @Test func aKnownPageIsNotSentAgain() throws {
    try withService { running in
      let text = try answer(running, get("/"))
      let tag = try #require(
        text.components(separatedBy: "ETag: ").last?
          .components(separatedBy: "\r\n").first)
      let again = try answer(running, get("/", "If-None-Match: W/\"x\", \(tag)\n"))
      #expect(again.hasPrefix("HTTP/1.1 304 "))
      #expect(again.hasSuffix("\r\n\r\n"))
      #expect(try answer(running, get("/", "If-None-Match: \"x\"\n")).hasPrefix("HTTP/1.1 200 "))
    }
  }

  @Test func pagesAreCompressedForWhoTakesGzip() throws {
    try withService { running in
      let plain = try answer(running, get("/parley.js"))
      #expect(plain.contains("Vary: Accept-Encoding\r\n") && !plain.contains("Content-Encoding"))
      for accept in ["gzip", "deflate, GZIP;q=0.5", "br;q=1, gzip ; q=1.0"] {
        let fields = "Accept-Encoding: \(accept)\n"
        let head = try answer(running, get("/parley.js", fields, method: "HEAD"))
        #expect(head.contains("Content-Encoding: gzip\r\n"))
        let tag = try #require(
          head.components(separatedBy: "ETag: ").last?.components(separatedBy: "\r\n").first)
        #expect(!plain.contains(tag))
        let again = try answer(running, get("/parley.js", fields + "If-None-Match: \(tag)\n"))
        #expect(again.hasPrefix("HTTP/1.1 304 "))
      }
      for accept in ["", "identity", "gzip;q=0", "gzip;q=0.000", "xgzip", "*"] {
        let text = try answer(running, get("/parley.js", "Accept-Encoding: \(accept)\n"))
        #expect(!text.contains("Content-Encoding") && text.hasPrefix("HTTP/1.1 200 "))
      }
    }
  }

  @Test func headHasNoBody() throws {
    try withService { running in
      let text = try answer(running, get("/", method: "HEAD"))
      #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
      #expect(text.hasSuffix("\r\n\r\n"))
    }
  }

  @Test func healthSaysSo() throws {
    try withService { running in
      let text = try answer(running, get("/healthz"))
      #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
      #expect(text.hasSuffix("\r\n\r\nok\n"))
    }
  }

  @Test func readinessSaysSo() throws {
    try withService { running in
      let text = try answer(running, get("/readyz"))
      #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
      #expect(text.hasSuffix("\r\n\r\nready\n"))
    }
  }

  @Test func otherPathsAndMethodsAreRefused() throws {
    try withService { running in
      #expect(try answer(running, get("/nothing")).hasPrefix("HTTP/1.1 404 "))
      #expect(try answer(running, get("/../etc/passwd")).hasPrefix("HTTP/1.1 4"))
      for path in ["/", "/healthz"] {
        let text = try answer(running, get(path, method: "DELETE"))
        #expect(text.hasPrefix("HTTP/1.1 405 "))
        #expect(text.contains("Allow: GET, HEAD\r\n"))
      }
    }
  }

  @Test func requestsOnOneConnectionAreAnsweredInOrder() throws {
    try withService { running in
      let request = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
      let last = "GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
      let client = try RawClient(port: running.port)
      client.send(String(repeating: request, count: 3) + last)
      let answers = try client.textUntilEnd().components(separatedBy: "HTTP/1.1 ").dropFirst()
      #expect(answers.map { $0.prefix(3) } == ["200", "200", "200", "404"])
    }
  }

  @Test func aThousandPipelinedRequestsForPagesAreAnsweredWithoutPilingUp() throws {
    try withService { running in
      let client = try RawClient(port: running.port)
      let request = "GET /parley.js HTTP/1.1\r\nHost: a\r\n\r\n"
      client.send(String(repeating: request, count: 1_000))
      client.send(get("/nothing").replacingOccurrences(of: "\n", with: "\r\n"))
      let answers = try client.textUntilEnd().components(separatedBy: "HTTP/1.1 200 OK").count
      #expect(answers == 1_001)
    }
  }

  @Test func whatIsNoRequestIsAnsweredAndClosed() throws {
    try withService { running in
      let client = try RawClient(port: running.port)
      client.send("\u{1}\u{2}\r\n\r\n")
      #expect(try client.textUntilEnd().hasPrefix("HTTP/1.1 400 "))
      #expect(running.reports { $0.service.httpFaults.values.reduce(0, +) == 1 && $0.sockets == 0 })
    }
  }

  @Test func aSlowRequestIsClosed() throws {
    try withService({ $0.requestTimeout = .milliseconds(300) }) { running in
      let client = try RawClient(port: running.port)
      client.send("GET / HT")
      #expect(try client.textUntilEnd() == "")
      #expect(running.report().service.drops == [.requestTimeout: 1])
    }
  }

  @Test func socketsBeyondTheCapsAreClosedAtOnce() throws {
    try withService({
      $0.socketsMax = 3
      $0.socketsNotJoinedMax = 2
    }) { running in
      let first = try SocketClient(port: running.port)
      let second = try SocketClient(port: running.port)
      let third = try RawClient(port: running.port)
      #expect(try third.textUntilEnd() == "")
      #expect(running.report().service.drops == [.fullOutsideRooms: 1])
      try first.join("tea")
      let fourth = try SocketClient(port: running.port)
      let fifth = try RawClient(port: running.port)
      #expect(try fifth.textUntilEnd() == "")
      #expect(running.report().service.drops == [.fullOutsideRooms: 1, .full: 1])
      _ = (second, fourth)
    }
  }

  @Test func `one source has only a share of the sockets outside of rooms`() throws {
    try withService({ $0.socketsNotJoinedOfSourceMax = 2 }) { running in
      let first = try SocketClient(port: running.port)
      let second = try RawClient(port: running.port)
      #expect(running.reports { $0.sockets == 2 })
      #expect(try RawClient(port: running.port).textUntilEnd() == "")
      #expect(running.report().service.drops == [.sourceOutsideRooms: 1])
      // Another source is not concerned, and who enters a room makes room.
      let other = try RawClient(port: running.port, from: "127.0.0.66")
      #expect(running.reports { $0.sockets == 3 })
      try first.join("tea")
      let third = try SocketClient(port: running.port)
      try third.join("tea")
      _ = (second, other)
    }
  }

  @Test func randomBytesChangeNothingButCounters() throws {
    try withService { running in
      var state: UInt64 = 42
      for _ in 0..<200 {
        let client = try RawClient(port: running.port)
        var bytes: [UInt8] = []
        for _ in 0..<512 {
          state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          bytes.append(UInt8(state >> 56))
        }
        client.send(bytes)
        client.shutDown()
        _ = try client.textUntilEnd()
      }
      #expect(running.reports { $0.sockets == 0 })
      let report = running.report()
      #expect(report.service.accepted == 200)
      #expect(report.rooms.isEmpty && report.counters.joined == 0)
      try SocketClient(port: running.port).join("tea")
    }
  }
}
