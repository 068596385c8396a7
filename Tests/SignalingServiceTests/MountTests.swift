// Requests with bodies at the public port: read whole, answered at once or later, in order.

import EventLoop
import Foundation
import HTTP1
import NetTypes
import Synchronization
import Testing

@testable import SignalingService

@Suite struct MountTests {
  /// Echoes the body with method and path in front: at `/echo` at once, at `/later` from a job of
  /// the loop, at `/never` not at all.
  private func withEcho(
    _ change: (inout SignalingSettings) -> Void = { _ in }, _ body: (RunningService) throws -> Void
  ) throws {
    try withService(
      { settings in
        settings.mounts = { loop in
          [
            Mount("/echo", bodyBytesMax: 1_000) { request, reply in reply(Self.echo(request)) },
            Mount("/later", bodyBytesMax: 1_000) { request, reply in
              let pending = Pending(request, reply)
              loop.loop.submit { loop.loop.submit { pending.answer() } }
            },
            Mount("/never", bodyBytesMax: 1_000) { _, _ in },
          ]
        }
        change(&settings)
      }, body)
  }

  /// Belongs to the loop, as all that is in it.
  private final class Pending: @unchecked Sendable {
    private let request: MountedRequest
    private let reply: Mount.Reply

    init(_ request: MountedRequest, _ reply: @escaping Mount.Reply) {
      self.request = request
      self.reply = reply
    }

    func answer() {
      reply(MountTests.echo(request))
      reply(.text(.internalServerError, "a second answer"))
    }
  }

  private static func echo(_ request: MountedRequest) -> HTTPResponse {
    let body = String(decoding: request.body, as: UTF8.self)
    let client = request.client == .loopbackV4 ? "here" : "elsewhere"
    return .text(.ok, "\(request.head.method) \(request.head.path) \(client) \(body)")
  }

  /// All that comes for what is sent, split into answers.
  private func answers(_ running: RunningService, _ request: String) throws -> [String] {
    let client = try RawClient(port: running.port)
    client.send(request)
    client.shutDown()
    let text = try client.textUntilEnd()
    return text.components(separatedBy: "HTTP/1.1 ").dropFirst().map { String($0) }
  }

  private func post(_ path: String, _ fields: String, _ body: String) -> String {
    "POST \(path) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\(body)"
  }

  @Test(arguments: ["/echo", "/later"])
  func `Bodies of both kinds are read and answered in order`(path: String) throws {
    try withEcho { running in
      let all = try answers(
        running,
        post(path, "Content-Length: 3\r\n", "one")
          + post(path + "/deep", "Transfer-Encoding: chunked\r\n", "2\r\ntw\r\n1\r\no\r\n0\r\n\r\n")
          + "GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n" + "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
          + post(path, "Content-Length: 4\r\n", "four"))
      #expect(all.count == 5)
      let ends = [
        "POST \(path) here one\n", "POST \(path)/deep here two\n", "GET \(path) here \n", "ok\n",
        "POST \(path) here four\n",
      ]
      for (answer, end) in zip(all, ends) {
        #expect(answer.hasPrefix("200 OK\r\n") && answer.hasSuffix("\r\n\r\n" + end))
        #expect(answer.contains("X-Content-Type-Options: nosniff\r\n"))
      }
    }
  }

  @Test func `The client's address is the one that a trusted proxy tells for each request`() throws
  {
    let requests = ["192.0.2.1", "127.0.0.1", "192.0.2.1, 127.0.0.1", "127.0.0.1, 192.0.2.1"].map {
      "GET /echo HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: \($0)\r\n\r\n"
    }
    func seen(_ running: RunningService) throws -> [String] {
      try answers(running, requests.joined()).map { answer in
        answer.hasSuffix("GET /echo here \n") ? "here" : "elsewhere"
      }
    }
    try withEcho { running in
      let all = try seen(running)
      #expect(all == ["here", "here", "here", "here"])
    }
    try withEcho({ $0.forwarding.trusted = [CIDR("127.0.0.0/8")].compactMap(\.self) }) { running in
      let all = try seen(running)
      #expect(all == ["elsewhere", "here", "elsewhere", "elsewhere"])
    }
  }

  @Test func `A path that only begins like a mount is none`() throws {
    try withEcho { running in
      let answer = try answers(running, "GET /echoes HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(answer.first?.hasPrefix("404 ") == true)
    }
  }

  @Test func `A client that waits for 100 is told to go on, once`() throws {
    try withEcho { running in
      let client = try RawClient(port: running.port)
      client.send(post("/echo", "Content-Length: 3\r\nExpect: 100-continue\r\n", ""))
      let interim = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
      while client.input.count < interim.count { #expect(try client.receive()) }
      #expect(client.input == interim)
      client.send("tea")
      client.shutDown()
      let text = try client.textUntilEnd()
      #expect(text.components(separatedBy: "HTTP/1.1 ").count == 3)
      #expect(text.hasSuffix("POST /echo here tea\n"))
    }
  }

  @Test func `A body that is there already needs no 100`() throws {
    try withEcho { running in
      let request = post("/echo", "Content-Length: 3\r\nExpect: 100-continue\r\n", "tea")
      let all = try answers(running, request)
      #expect(all.map { $0.prefix(3) } == ["200"])
    }
  }

  @Test(arguments: ["Content-Length: 1001\r\n", "Transfer-Encoding: chunked\r\n"])
  func `A body beyond the limit is refused, and the answer can be read`(fields: String) throws {
    try withEcho { running in
      let client = try RawClient(port: running.port)
      // More than the answer waits for, so it is unread when the answer leaves.
      client.send(post("/echo", fields, "3E9\r\n" + String(repeating: "x", count: 60_000)))
      let text = try client.textUntilEnd()
      #expect(text.hasPrefix("HTTP/1.1 413 "))
      #expect(text.contains("Connection: close\r\n"))
      #expect(running.reports { $0.sockets == 0 })
      #expect(running.report().service.httpFaults == ["body-too-large": 1])
    }
  }

  @Test func `Where no body is taken the answer comes before it, and is the last`() throws {
    try withEcho { running in
      let client = try RawClient(port: running.port)
      client.send(
        post("/healthz", "Content-Length: 60000\r\n", String(repeating: "x", count: 60_000)))
      client.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
      let text = try client.textUntilEnd()
      #expect(text.hasPrefix("HTTP/1.1 405 "))
      #expect(text.components(separatedBy: "HTTP/1.1 ").count == 2)
    }
  }

  @Test func `An answer that does not come is given up with 503`() throws {
    try withEcho({ $0.requestTimeout = .milliseconds(200) }) { running in
      let answer = try answers(running, post("/never", "Content-Length: 3\r\n", "tea"))
      #expect(answer.map { $0.prefix(3) } == ["503"])
    }
  }

  @Test func `A client that sends its body slowly has no more time than for a request`() throws {
    try withEcho({ $0.requestTimeout = .milliseconds(200) }) { running in
      let client = try RawClient(port: running.port)
      client.send(post("/echo", "Content-Length: 3\r\n", "t"))
      #expect(try client.textUntilEnd() == "")
      #expect(running.report().service.drops == [.requestTimeout: 1])
    }
  }

  @Test func `A client that ends its half of the connection gets its answers`() throws {
    try withEcho { running in
      for path in ["/healthz", "/parley.js", "/later"] {
        let request = "GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n"
        let all = try answers(running, String(repeating: request, count: 30))
        #expect(all.map { $0.prefix(3) } == Array(repeating: "200", count: 30))
      }
      #expect(running.reports { $0.sockets == 0 })
    }
  }

  @Test func `A client that goes away before its answer costs nothing`() throws {
    try withEcho { running in
      for _ in 0..<20 {
        let client = try RawClient(port: running.port)
        client.send(post("/later", "Content-Length: 3\r\n", "tea"))
      }
      #expect(running.reports { $0.sockets == 0 && $0.service.accepted == 20 })
    }
  }
}
