// Signaling over real sockets.

import Crypto
import Foundation
import NetTypes
import Signaling
import SignalingService
import Testing
import WebSocket

@Suite struct SignalTests {
  private func refusal(_ open: () throws -> SocketClient) -> Int? {
    do {
      _ = try open()
      return nil
    } catch SocketClient.Failure.refused(let status) {
      return status
    } catch {
      return -1
    }
  }

  @Test(arguments: [1, 3])
  func twoClientsOfARoomExchangeSignals(loops: Int) throws {
    try withService(loops: loops) { running in
      // Accepted anywhere, and several rooms, so some of them move.
      for index in 0..<8 {
        let room = "room\(index)"
        let ann = try SocketClient(port: running.port)
        let bob = try SocketClient(port: running.port)
        let first = try ann.join(room, name: "Ann")
        #expect((first["peers"] as? [Any])?.isEmpty == true)
        let second = try bob.join(room, name: "Bob")
        let peers = try #require(second["peers"] as? [[String: Any]])
        #expect(peers.map { $0["name"] as? String } == ["Ann"])
        let orders = [peers[0], second].map { $0["order"] as? Int ?? 0 }
        #expect(orders[0] < orders[1])
        let entered = try ann.expect("presence")
        #expect(entered.change("order") == orders[1])
        #expect(entered["seq"] as? Int == 2)
        let annPeer = try #require(first["peer"] as? String)
        let bobPeer = try #require(second["peer"] as? String)
        bob.say("offer", #""to":"\#(annPeer)","sdp":"v=0\r\n""#)
        let offer = try ann.expect("offer")
        #expect(offer["from"] as? String == bobPeer)
        #expect(offer["sdp"] as? String == "v=0\r\n")
        ann.say("answer", #""to":"\#(bobPeer)","sdp":"v=0\r\n""#)
        try bob.expect("answer")
        bob.say("leave")
        #expect(try bob.expectClose() == 4100)
        let left = try ann.expect("presence")
        #expect(left.change("reason") == "left")
        ann.say("leave")
        #expect(try ann.expectClose() == 4100)
      }
      #expect(running.report().counters.joined == 16)
      #expect(running.reports { $0.sockets == 0 && $0.rooms.isEmpty })
    }
  }

  @Test func messagesRightBehindTheJoinGoWithItToItsLoop() throws {
    try withService(loops: 4) { running in
      for index in 0..<16 {
        var behind = SocketClient.frame(
          SocketClient.text("join", 1, #""room":"r\#(index)""#))
        for number in 2...20 {
          behind += SocketClient.frame(SocketClient.text("ice", number, ""))
        }
        let client = try SocketClient(port: running.port, behind: behind)
        try client.expect("joined")
        for number in 2...20 { #expect(try client.expect("ice")["seq"] as? Int == number) }
      }
      #expect(running.report().service.moved > 0)
    }
  }

  @Test func theRelayCanCheckTheCredentials() throws {
    try withService { running in
      let joined = try SocketClient(port: running.port).join("tea")
      let servers = try #require(joined["iceServers"] as? [[String: Any]])
      #expect(
        servers.map { $0["urls"] as? [String] } == [
          ["stun:192.0.2.7:3478"], ["turn:192.0.2.7:3478?transport=udp"],
        ])
      let username = try #require(servers[1]["username"] as? String)
      let parts = username.split(separator: ":")
      let expiry = try #require(parts.first.flatMap { Double($0) })
      #expect(abs(expiry - Date().timeIntervalSince1970 - 600) < 5)
      #expect(parts.last.map(String.init) == "tea.\(joined["peer"] as? String ?? "")")
      let digest = SHA1.hmac(Array(username.utf8).span, key: Array("north".utf8))
      #expect(servers[1]["credential"] as? String == Base64.encode(digest))
      #expect(joined["iceTtl"] as? Int == 600_000)
    }
  }

  @Test func thePolicyNeverHandsOutNoRelay() throws {
    try withService({ $0.relay = .never }) { running in
      let joined = try SocketClient(port: running.port).join("tea")
      #expect((joined["iceServers"] as? [Any])?.count == 1)
      #expect(joined["relay"] as? String == "never")
    }
  }

  @Test func onlyAllowedPagesAndOurSubprotocolGetIn() throws {
    try withService({ $0.allowedOrigins = ["https://app.example"] }) { running in
      let port = running.port
      let own = "127.0.0.1:\(port)"
      for origin in ["http://\(own)", "https://\(own)", "https://app.example", nil] {
        #expect(refusal { try SocketClient(port: port, origin: origin) } == nil)
      }
      for origin in [
        "https://evil.example", "http://app.example", "null", "http://127.0.0.1", "https://",
        "http://\(own).evil.example",
      ] {
        #expect(refusal { try SocketClient(port: port, origin: origin) } == 403)
      }
      #expect(refusal { try SocketClient(port: port, subprotocols: []) } == 400)
      #expect(refusal { try SocketClient(port: port, subprotocols: ["chat"]) } == 400)
      let several = ["chat", "parley.v1"]
      #expect(refusal { try SocketClient(port: port, subprotocols: several) } == nil)
    }
  }

  @Test func originsAndSecretMayChangeWhileItRuns() throws {
    try withService({ $0.allowedOrigins = ["https://old.example"] }) { running in
      let port = running.port
      let member = try SocketClient(port: port, origin: "https://old.example")
      _ = try member.join("tea")
      var settings = SignalingSettings(listen: [])
      settings.allowedOrigins = ["https://new.example"]
      settings.ice.turnURLs = ["turn:192.0.2.8:3478?transport=udp"]
      settings.ice.authentication = .secret(Array("south".utf8))
      running.service.reload(settings)
      // Every loop has taken it over when all of them have answered this.
      #expect(running.report().rooms.count == 1)
      #expect(refusal { try SocketClient(port: port, origin: "https://old.example") } == 403)
      let newcomer = try SocketClient(port: port, origin: "https://new.example")
      let joined = try newcomer.join("tea")
      #expect((joined["peers"] as? [Any])?.count == 1)
      let turn = try #require((joined["iceServers"] as? [[String: Any]])?.last)
      #expect(turn["urls"] as? [String] == ["turn:192.0.2.8:3478?transport=udp"])
      let username = try #require(turn["username"] as? String)
      let digest = SHA1.hmac(Array(username.utf8).span, key: Array("south".utf8))
      #expect(turn["credential"] as? String == Base64.encode(digest))
    }
  }

  @Test func theOperatorMayLetAllPagesIn() throws {
    try withService({ $0.allowedOrigins = ["*"] }) { running in
      for origin in ["https://evil.example", "null"] {
        #expect(refusal { try SocketClient(port: running.port, origin: origin) } == nil)
      }
    }
  }

  @Test func errorsBeforeTheJoinEndTheConnection() throws {
    try withService { running in
      let cases: [(String, String, UInt16)] = [
        ("{", "bad_message", 4102), (#"{"type":"ice","seq":1}"#, "not_joined", 4102),
        (#"{"type":"join","seq":2,"room":"tea"}"#, "out_of_order", 4102),
        (#"{"type":"join","seq":1,"room":"a b"}"#, "bad_room", 4103),
        (#"{"type":"join","seq":1,"room":"a","name":"\u0007"}"#, "bad_name", 4103),
      ]
      for (text, code, close) in cases {
        let client = try SocketClient(port: running.port)
        client.send(raw: text)
        let error = try client.expect("error")
        #expect(error["code"] as? String == code)
        #expect(error["seq"] as? Int == 1)
        #expect(try client.expectClose() == close)
      }
      #expect(running.report().service.lobbyErrors.values.reduce(0, +) == 5)
    }
  }

  @Test func framesThatBreakTheRulesEndTheConnectionAndTheOthersAreTold() throws {
    try withService { running in
      let big = String(repeating: "x", count: 70_000)
      let cases: [([UInt8], UInt16)] = [
        (SocketClient.frame("x", opcode: .binary), 1003),
        (SocketClient.frame(big), 1009),
        ([0x81, 0x81, 0, 0, 0, 0, 0xFF], 1007),
        ([0xC1, 0x80, 0, 0, 0, 0], 1002),
        ([0x81, 0x00], 1002),
      ]
      for (bytes, close) in cases {
        let ann = try SocketClient(port: running.port)
        let bob = try SocketClient(port: running.port)
        try ann.join("tea")
        try bob.join("tea")
        try ann.expect("presence")
        bob.raw.send(bytes)
        #expect(try bob.expectClose() == close)
        #expect(try ann.expect("presence").change("reason") == "error")
      }
      #expect(running.report().service.frameFaults.values.reduce(0, +) == 4)
    }
  }

  @Test func aMessageMayComeInFragments() throws {
    try withService { running in
      let client = try SocketClient(port: running.port)
      let text = SocketClient.text("join", 1, #""room":"tea""#)
      client.raw.send(SocketClient.frame(String(text.prefix(9)), isFinal: false))
      client.raw.send(
        SocketClient.frame(String(text.dropFirst(9)), opcode: .continuation, isFinal: true))
      try client.expect("joined")
    }
  }

  @Test func aBrokenConnectionIsSuspendedAndThenGone() throws {
    try withService({ $0.limits.resumeWindowMs = 300 }) { running in
      let ann = try SocketClient(port: running.port)
      try ann.join("tea")
      var bob: SocketClient? = try SocketClient(port: running.port)
      try bob?.join("tea")
      try ann.expect("presence")
      bob = nil
      #expect(try ann.expect("presence").change("state") == "suspended")
      #expect(try ann.expect("presence").change("reason") == "timeout")
    }
  }

  @Test func whoeverDoesNotJoinInTimeIsClosed() throws {
    try withService({ $0.limits.joinTimeoutMs = 300 }) { running in
      let client = try SocketClient(port: running.port)
      #expect(try client.expectClose() == 4005)
      #expect(running.report().service.drops == [.joinTimeout: 1])
    }
  }

  @Test func whoeverIsSilentIsClosed() throws {
    try withService({ $0.limits.heartbeatMs = 200 }) { running in
      let client = try SocketClient(port: running.port)
      try client.join("tea")
      #expect(try client.expectClose() == 4001)
    }
  }

  @Test func aSlowReaderIsClosedAndBlocksNobody() throws {
    try withService({
      $0.limits.rates.message = Rate(perSecond: 100_000, burst: 100_000)
    }) { running in
      let slow = try SocketClient(port: running.port, receiveBytes: 4_096)
      let quick = try SocketClient(port: running.port)
      try slow.join("tea")
      let fast = try SocketClient(port: running.port)
      try fast.join("tea")
      try quick.join("tea")
      try fast.expect("presence")
      let data = String(repeating: "x", count: 60_000)
      // More than the kernel's buffers and the queue hold together.
      var sent = 0
      var left = false
      while !left && sent < 1_000 {
        fast.say("message", #""data":"\#(data)""#)
        sent += 1
        var message = try quick.expect(anyOf: ["message", "presence"])
        if message["type"] as? String == "presence" {
          left = true
          message = try quick.expect("message")
        }
      }
      #expect(left)
      let report = running.report()
      #expect(report.service.drops == [.slow: 1])
      #expect(report.counters.suspended == [.slow: 1])
    }
  }

  @Test func aFloodEndsWith4003() throws {
    try withService({ $0.limits.refusedMax = 20 }) { running in
      let client = try SocketClient(port: running.port)
      try client.join("tea")
      var bytes: [UInt8] = []
      for number in 2...5_000 {
        bytes += SocketClient.frame(SocketClient.text("ice", number, ""))
      }
      client.raw.send(bytes)
      var last: [String: Any] = [:]
      var close: UInt16?
      while close == nil {
        switch try client.next() {
        case .text(let message): last = message
        case .closed(let code): close = code
        case .ended: close = 0
        }
      }
      #expect(close == 4003)
      #expect(last["code"] as? String == "rate_limited")
    }
  }

  @Test func theSameSessionElsewhereReplacesTheOlderConnection() throws {
    try withService { running in
      let older = try SocketClient(port: running.port)
      let session = try #require(try older.join("tea")["session"] as? String)
      let newer = try SocketClient(port: running.port)
      newer.say("join", #""room":"tea","resume":{"session":"\#(session)","ack":1}"#)
      #expect(try newer.expect("joined")["resumed"] as? Bool == true)
      #expect(try older.expectClose() == 4101)
    }
  }

  @Test(arguments: [1, 3])
  func whatWasMissedFollowsOnAnotherConnection(loops: Int) throws {
    try withService(loops: loops) { running in
      for index in 0..<8 {
        let room = "room\(index)"
        let ann = try SocketClient(port: running.port)
        try ann.join(room)
        var bob: SocketClient? = try SocketClient(port: running.port)
        let session = try #require(try bob?.join(room)["session"] as? String)
        try ann.expect("presence")
        bob = nil
        #expect(try ann.expect("presence").change("state") == "suspended")
        ann.say("message", #""data":"while you were away""#)
        let back = try SocketClient(port: running.port)
        back.say("join", #""room":"\#(room)","resume":{"session":"\#(session)","ack":1}"#)
        let joined = try back.expect("joined")
        #expect(joined["resumed"] as? Bool == true && joined["seq"] as? Int == 1)
        #expect(joined["restartIce"] == nil && joined["peers"] == nil)
        #expect(try back.expect("message")["data"] as? String == "while you were away")
        #expect(try ann.expect("presence").change("state") == "resumed")
      }
    }
  }

  @Test func sessionsOutliveTheServerWhereASecretIsConfigured() throws {
    let secrets = [Array("a secret of the operator's".utf8)]
    var session = ""
    try withService({ $0.sessionSecrets = secrets }) { running in
      let ann = try SocketClient(port: running.port)
      session = try #require(try ann.join("tea", name: "Ann")["session"] as? String)
    }
    try withService({ $0.sessionSecrets = secrets }) { running in
      let back = try SocketClient(port: running.port)
      back.say("join", #""room":"tea","resume":{"session":"\#(session)","ack":1}"#)
      let joined = try back.expect("joined")
      #expect(joined["resumed"] as? Bool == true && joined["gap"] as? String == "restart")
      #expect((1...30_000).contains(joined["settling"] as? Int ?? 0))
    }
    try withService { running in
      let back = try SocketClient(port: running.port)
      back.say("join", #""room":"tea","resume":{"session":"\#(session)","ack":1}"#)
      #expect(try back.expect("joined")["resumed"] as? Bool == false)
    }
  }

  @Test func pingsAreAnsweredOnBothLayers() throws {
    try withService { running in
      let client = try SocketClient(port: running.port)
      try client.join("tea")
      client.raw.send(SocketClient.frame("are you there", opcode: .ping))
      client.send(raw: SocketClient.text("ping", 1, #""ack":1"#))
      let pong = try client.expect("pong")
      #expect(pong["seq"] as? Int == 1 && pong["ack"] as? Int == 1)
    }
  }

  @Test func stoppingEndsEveryConnectionWith1001() throws {
    let running = try RunningService(loops: 2)
    let member = try SocketClient(port: running.port)
    try member.join("tea")
    let other = try SocketClient(port: running.port)
    let idle = try RawClient(port: running.port)
    #expect(running.reports { $0.sockets == 3 })
    let stopping = Thread { running.stop() }
    stopping.start()
    #expect(try member.expect("error")["code"] as? String == "going_away")
    #expect(try member.expectClose() == 1001)
    #expect(try other.expectClose() == 1001)
    #expect(try idle.textUntilEnd() == "")
    while !stopping.isFinished {}
    #expect(throws: (any Error).self) { try RawClient(port: running.port) }
  }
}

extension [String: Any] {
  /// A member of the only change that a `presence` has.
  func change<Member>(_ name: String) -> Member? {
    (self["changes"] as? [[String: Any]])?.first?[name] as? Member
  }
}

extension SocketClient {
  func expect(anyOf types: Set<String>) throws -> [String: Any] {
    let event = try next()
    guard case .text(let object) = event, types.contains(object["type"] as? String ?? "") else {
      throw Failure.unexpected("\(event)")
    }
    return object
  }
}
