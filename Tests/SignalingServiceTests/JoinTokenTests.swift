// Join tokens and the API for backends, over real sockets.

import Admission
import Configuration
import Foundation
import NetTypes
import Signaling
import SignalingService
import Testing

@Suite struct JoinTokenTests {
  private static let apiKey = "0123456789abcdef"
  private static let origin = "https://shop.example"

  private func withTenants(
    more: String = "", forwarding: ForwardingPolicy = ForwardingPolicy(),
    _ body: (RunningService) throws -> Void
  ) throws {
    let file = """
      { tenants: {
        shop: { keys: [{ secret: 'a secret of thirty-two bytes, no less' }],
                apiKeys: ['\(Self.apiKey)'], origins: ['\(Self.origin)'] \(more) },
        bar: { keys: [{ kid: 'bar', secret: 'another secret of thirty-two bytes' }],
               apiKeys: ['fedcba9876543210'] } } }
      """
    let outcome = try ServerConfiguration.load(
      program: .parleyd, arguments: ["--dev", "--tenants", "/t"], environment: [:]
    ) { _ in Array(file.utf8) }
    guard case .run(let configuration) = outcome else { return }
    let change: (inout SignalingSettings) -> Void = { settings in
      settings.tenants = Tenants(configuration.tenants)
      settings.forwarding = forwarding
    }
    try withService(change, body)
  }

  /// Status, fields and JSON of an answer.
  private func post(
    _ running: RunningService, _ path: String, _ body: String, method: String = "POST",
    key: String? = apiKey, fields: String = "Content-Type: application/json\r\n"
  ) throws -> (status: Int, head: String, json: [String: Any]) {
    let client = try RawClient(port: running.port)
    let authorization = key.map { "Authorization: Bearer \($0)\r\n" } ?? ""
    client.send(
      "\(method) /api/v1/\(path) HTTP/1.1\r\nHost: calls.example.org\r\n\(authorization)\(fields)"
        + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)")
    client.shutDown()
    let parts = try client.textUntilEnd().components(separatedBy: "\r\n\r\n")
    let status = Int(parts[0].split(separator: " ")[1]) ?? 0
    let data = Data((parts.last ?? "").utf8)
    let json = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
    return (status, parts[0], json ?? [:])
  }

  private func token(
    _ running: RunningService, _ order: String = "{\"room\": \"tea\"}", key: String = apiKey
  ) throws -> String {
    let answer = try post(running, "tokens", order, key: key)
    return try #require(answer.json["token"] as? String, "\(answer)")
  }

  private func join(
    _ running: RunningService, _ token: String?, room: String = "tea", origin: String? = nil
  ) throws -> (client: SocketClient, answer: [String: Any]) {
    let client = try SocketClient(port: running.port, origin: origin)
    let member = token.map { #","token":"\#($0)""# } ?? ""
    client.say("join", #""room":"\#(room)""# + member)
    guard case .text(let answer) = try client.next() else { return (client, [:]) }
    return (client, answer)
  }

  @Test func `a token from the API opens its room, and says who comes`() throws {
    try withTenants { running in
      let order = """
        {"room":"tea","peer":"ann-1","name":"Ann","role":"guide","can":["message"],"relay":"never"}
        """
      let (client, joined) = try join(running, token(running, order))
      #expect(joined["type"] as? String == "joined")
      #expect(joined["peer"] as? String == "ann-1" && joined["role"] as? String == "guide")
      #expect(joined["can"] as? [String] == ["message"] && joined["relay"] as? String == "never")
      let (_, second) = try join(running, token(running))
      let peers = try #require(second["peers"] as? [[String: Any]])
      #expect(peers.map { $0["name"] as? String } == ["Ann"])
      withExtendedLifetime(client) {}
    }
  }

  @Test func `without a token, or with a wrong one, the connection ends with 4103`() throws {
    try withTenants { running in
      for (token, room, code) in [
        (nil, "tea", "bad_token"), ("nonsense", "tea", "bad_token"),
        (try token(running), "cake", "forbidden"),
      ] {
        let (client, answer) = try join(running, token, room: room)
        #expect(answer["type"] as? String == "error" && answer["code"] as? String == code)
        #expect(answer["temporary"] as? Bool == false && answer["re"] as? Int == 1)
        #expect(try client.expectClose() == 4103)
      }
      #expect(running.reports { $0.service.lobbyErrors == ["bad_token": 2, "forbidden": 1] })
    }
  }

  @Test func `rooms of two tenants never meet`() throws {
    try withTenants { running in
      let one = try join(running, token(running))
      let two = try join(running, token(running, key: "fedcba9876543210"))
      #expect((two.answer["peers"] as? [Any])?.count == 0)
      #expect(running.reports { $0.rooms.count == 2 })
      withExtendedLifetime(one.client) {}
    }
  }

  @Test func `after ten failures the address has to wait, on whatever loop`() throws {
    try withTenants { running in
      let good = try token(running)
      for _ in 0..<10 { _ = try join(running, "nonsense") }
      let (client, answer) = try join(running, good)
      #expect(answer["code"] as? String == "too_many_attempts")
      #expect(answer["temporary"] as? Bool == true)
      #expect((1...100).contains(answer["retryAfter"] as? Int ?? 0))
      #expect(try client.expectClose() == 4006)
    }
  }

  @Test func `a trusted proxy never has to wait, but those for whom it asks do`() throws {
    let loopback = try #require(CIDR("127.0.0.0/8"))
    try withTenants(forwarding: ForwardingPolicy(trusted: [loopback])) { running in
      let order = "{\"room\":\"tea\"}"
      for _ in 0..<12 { _ = try join(running, "nonsense") }
      for _ in 0..<12 { _ = try post(running, "tokens", order, key: "x") }
      let own = try post(running, "tokens", order)
      #expect(own.status == 200)
      func ask(for client: String, key: String) throws -> Int {
        let fields = "Content-Type: application/json\r\nX-Forwarded-For: \(client)\r\n"
        return try post(running, "tokens", order, key: key, fields: fields).status
      }
      for _ in 0..<10 { _ = try ask(for: "192.0.2.7", key: "x") }
      let (seven, eight) = (
        try ask(for: "192.0.2.7", key: Self.apiKey), try ask(for: "192.0.2.8", key: Self.apiKey)
      )
      #expect(seven == 429)
      #expect(eight == 200)
    }
  }

  @Test func `a page of the tenant's origin may join, one of another origin may not`() throws {
    try withTenants { running in
      let (_, answer) = try join(running, token(running), origin: Self.origin)
      #expect(answer["type"] as? String == "joined")
      // The other tenant has no origins of its own, and the house allows none.
      let (_, refused) = try join(
        running, token(running, key: "fedcba9876543210"), origin: Self.origin)
      #expect(refused["code"] as? String == "forbidden")
      #expect(throws: (any Error).self) {
        try SocketClient(port: running.port, origin: "https://elsewhere.example")
      }
    }
  }

  @Test func `a session comes back without a token`() throws {
    try withTenants { running in
      let (first, joined) = try join(running, token(running))
      let secret = try #require(joined["session"] as? String)
      let again = try SocketClient(port: running.port)
      let resume = #""room":"tea","resume":{"session":"\#(secret)","ack":1}"#
      again.say("join", resume)
      let answer = try again.expect("joined")
      #expect(answer["resumed"] as? Bool == true)
      #expect(answer["peer"] as? String == joined["peer"] as? String)
      withExtendedLifetime(first) {}
    }
  }

  @Test func `the API says where to join and gives ICE servers, for nobody else to keep`() throws {
    try withTenants { running in
      let order = "{\"room\":\"tea\",\"peer\":\"ann\",\"ttl\":60000}"
      let answer = try post(running, "tokens", order)
      #expect(answer.status == 200)
      #expect(answer.head.contains("\r\nCache-Control: no-store"))
      #expect(!answer.head.contains("Access-Control-"))
      #expect(answer.json["url"] as? String == "ws://calls.example.org/signal")
      let expires = (answer.json["expires"] as? Double ?? 0) / 1_000
      #expect(abs(expires - Date().timeIntervalSince1970 - 60) < 5)
      let servers = try #require(answer.json["iceServers"] as? [[String: Any]])
      let username = servers.compactMap { $0["username"] as? String }.first
      #expect(username?.hasSuffix(":shop.tea.ann") == true)
      let ice = try post(running, "ice-servers", "{\"ttl\":90000}")
      #expect(ice.status == 200 && ice.json["iceTtl"] as? Int == 90_000)
      #expect(ice.json.keys.sorted() == ["iceServers", "iceTtl"])
    }
  }

  @Test func `the API refuses in JSON, with a stable code`() throws {
    try withTenants { running in
      let order = "{\"room\":\"tea\"}"
      func code(_ answer: (status: Int, head: String, json: [String: Any])) -> String {
        let error = answer.json["error"] as? [String: Any]
        return "\(answer.status) \(error?["code"] as? String ?? "")"
      }
      #expect(try code(post(running, "tokens", order, key: nil)) == "401 unauthorized")
      #expect(try code(post(running, "tokens", order, key: "x")) == "401 unauthorized")
      #expect(try code(post(running, "tokens", "{")) == "400 bad_request")
      #expect(try code(post(running, "tokens", order, method: "GET")) == "405 method_not_allowed")
      #expect(try code(post(running, "rooms", order)) == "404 not_found")
      let page = "Content-Type: application/json\r\nOrigin: http://calls.example.org\r\n"
      #expect(try code(post(running, "tokens", order, fields: page)) == "403 forbidden")
      let preflight = try post(running, "tokens", "", method: "OPTIONS", fields: page)
      #expect(code(preflight) == "403 forbidden")
      #expect(
        try code(post(running, "tokens", order, fields: "")) == "415 unsupported_media_type")
      let charset = "Content-Type: Application/JSON ; charset=utf-8\r\n"
      let withCharset = try post(running, "tokens", order, fields: charset)
      #expect(withCharset.status == 200)
      let large = "{\"room\":\"\(String(repeating: "x", count: 20_000))\"}"
      let tooLarge = try post(running, "tokens", large)
      #expect(tooLarge.status == 413)
      for _ in 0..<8 { _ = try post(running, "tokens", order, key: "x") }
      let limited = try post(running, "tokens", order)
      #expect(code(limited) == "429 too_many_attempts")
      #expect(limited.head.contains("\r\nRetry-After: 1"))
    }
  }

  @Test func `without API keys there is no API, and without keys everybody joins`() throws {
    try withService { running in
      let answer = try post(running, "tokens", "{\"room\":\"tea\"}")
      #expect(answer.status == 404)
      let (_, joined) = try join(running, "nonsense")
      #expect(joined["type"] as? String == "joined")
    }
  }
}
