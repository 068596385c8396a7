// Asking a server, and what comes of servers that are none of ours.

import AdminAPI
import Configuration
import EventLoop
import Foundation
import NetTypes
import Testing

@testable import parleyctl

/// A server that says the same to everybody, after it has heard something, and hangs up.
private final class CannedServer: ByteStreamHandler, @unchecked Sendable {
  private let loop: EventLoop
  private let thread: LoopThread
  private var listener: Listener?
  private var streams: [ByteStream] = []
  private let text: String
  let address: AdminAddress

  init(_ text: String, unixPath: String? = nil) throws {
    self.text = text
    loop = try EventLoop()
    let accepted = Accepted()
    let endpoint =
      unixPath.map { Listener.Endpoint.unix(path: $0) }
      ?? .tcp(
        SocketAddress(.loopbackV4, port: 0))
    let listener = try Listener(endpoint, on: loop) { descriptor, _ in
      accepted.server?.accept(descriptor)
    }
    address = listener.address.map { .tcp($0) } ?? .unix(path: unixPath ?? "")
    thread = try LoopThread(loop, name: "canned")
    self.listener = listener
    accepted.server = self
  }

  private final class Accepted: @unchecked Sendable {
    weak var server: CannedServer?
  }

  private func accept(_ descriptor: Int32) {
    guard
      let stream = try? ByteStream(
        descriptor: descriptor, peer: nil, on: loop, inputMax: 65_536, outputMax: 65_536)
    else { return }
    stream.handler = self
    streams.append(stream)
  }

  func received(on stream: ByteStream) {
    guard stream.input.suffix(4).elementsEqual("\r\n\r\n".utf8) else { return }
    stream.send(Array(text.utf8))
    stream.closeAfterWriting()
  }

  func drained(_ stream: ByteStream) {}
  func closed(_ stream: ByteStream) {}

  func stop() {
    loop.submit { self.listener?.close() }
    thread.stopAndJoin()
  }
}

@Suite struct ClientTests {
  private func output(
    of text: String, _ command: Command, json: Bool = false, unixPath: String? = nil
  ) throws -> String {
    let server = try CannedServer(text, unixPath: unixPath)
    defer { server.stop() }
    var settings = Settings()
    settings.admin = server.address
    settings.command = command
    settings.printsJSON = json
    let reply = try AdminClient.ask(try #require(settings.path), at: server.address)
    return try Presentation(settings).text(of: reply)
  }

  private func failure(of text: String, _ command: Command = .rooms) -> String? {
    do {
      _ = try output(of: text, command)
      return nil
    } catch {
      return (error as? Failure)?.message
    }
  }

  private static func response(_ status: String, _ body: String) -> String {
    "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  @Test func `JSON is printed as the server wrote it`() throws {
    let body = #"{"rooms":[],"unheard-of":18446744073709551615}"#
    #expect(try output(of: Self.response("200 OK", body), .rooms, json: true) == body)
    #expect(try output(of: Self.response("200 OK", body), .rooms) == "Nobody is in a room.")
  }

  @Test func `A Unix socket is asked in the same way`() throws {
    let path = FileManager.default.temporaryDirectory
      .appending(path: "parleyctl-\(UUID().uuidString.prefix(8))").path(percentEncoded: false)
    let text = try output(
      of: Self.response("200 OK", #"{"allocations":[]}"#), .allocations, unixPath: path)
    #expect(text == "Nobody uses the relay.")
    #expect(!FileManager.default.fileExists(atPath: path))
    #expect(throws: Failure.nobody(at: .unix(path: path))) {
      try AdminClient.ask(.rooms(tenant: nil), at: .unix(path: path))
    }
  }

  @Test func `Nobody at the address is told with the way to begin`() throws {
    // A port that was free a moment ago.
    let server = try CannedServer("")
    server.stop()
    do throws(Failure) {
      _ = try AdminClient.ask(.rooms(tenant: nil), at: server.address)
      Issue.record("somebody answered")
    } catch {
      #expect(
        error.message == "nobody answers at \(server.address); start the server with --admin"
          + " \(server.address), or tell where it is by --admin")
    }
  }

  @Test func `A room of nobody is told by its name`() {
    let body = #"{"error":{"code":"no_such_room","message":"…"}}"#
    #expect(
      failure(of: Self.response("404 Not Found", body), .room("t\u{1B}a"))
        == "nobody is in a room called t\\u{1b}a")
  }

  @Test func `Another refusal is told with its status`() {
    let body = #"{"error":{"code":"no_answer","message":"too busy"}}"#
    let message = failure(of: Self.response("503 Service Unavailable", body))
    #expect(message?.hasSuffix(": 503, too busy") == true)
  }

  @Test(arguments: [
    response("200 OK", "<html>"), response("200 OK", #"{"allocations":[]}"#),
    response("404 Not Found", "404 Not Found\n"), "SSH-2.0-OpenSSH\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n",
  ])
  func `A server that is none of ours is told as such`(text: String) {
    #expect(failure(of: text)?.hasSuffix("is not the admin endpoint of a Parley server") == true)
  }

  @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"])
  func `A connection that ends too early is told as such`(text: String) {
    #expect(failure(of: text)?.hasSuffix("closed the connection without an answer") == true)
  }

  @Test func `Paths come out as they went in`() {
    for path: AdminPath in [
      .health, .rooms(tenant: nil), .allocations, .stats, .ready, .room(RoomTarget("tea")),
      .room(RoomTarget("a b%/ü")), .room(RoomTarget("x~-._")),
    ] {
      let encoded = path.encoded
      #expect(!encoded.contains { " ?#ü".contains($0) })
      guard case .room(let target) = path, target.room.contains("/") else {
        #expect(AdminPath(decoded: encoded.removingPercentEncoding ?? "") == path)
        continue
      }
    }
    #expect(AdminPath.room(RoomTarget("a b%/ü")).encoded == "/rooms/a%20b%25%2F%C3%BC")
  }
}
