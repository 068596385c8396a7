// What strangers get: little, not often, and nothing that is kept for them.

import NetTypes
import STUN
import Testing

@testable import TURN

struct StrangerTests {
  private func header(_ method: STUN.Method) -> [UInt8] {
    var builder = MessageBuilder()
    builder.begin(MessageType(method, .request), TransactionID(high: 1, low: 2))
    builder.finish()
    return builder.bytes
  }

  @Test("Trap 33: a challenge is realm, nonce and algorithms, and nothing that could be left out")
  func short() throws {
    let bench = Bench()
    let answer = try bench.ask(header(.allocate))
    // Header, ERROR-CODE without a phrase, REALM of 5, NONCE of 28, PASSWORD-ALGORITHMS of 4.
    #expect(answer.bytes.count == 20 + 8 + 12 + 32 + 8)
    #expect(answer.message.attributeCount == 4)
    #expect(!answer.message.has(.software))
  }

  @Test(
    "mass reflection #1588: a header of 20 bytes is answered by no more than 80, 100 bytes by less")
  func amplification() throws {
    let bench = Bench()
    for method in [STUN.Method.allocate, .refresh, .createPermission, .channelBind] {
      #expect(try bench.ask(header(method)).bytes.count <= 4 * 20)
    }
    var builder = MessageBuilder()
    builder.begin(MessageType(.allocate, .request), TransactionID(high: 1, low: 2))
    builder.add(.software, text: String(repeating: "x", count: 76))
    builder.finish()
    #expect(try bench.ask(builder.bytes).bytes.count <= builder.bytes.count)
  }

  @Test(
    "mass reflection #1588: a network gets so many answers a second and no more, and is counted")
  func budget() throws {
    let bench = Bench { $0.limits.unauthenticatedRepliesPerSecond = 10 }
    func answers(_ count: Int, from text: String) throws -> Int {
      let client = try #require(SocketAddress(text))
      return (0..<count).count { _ in
        bench.receive(header(.allocate), from: client) == .reply
      }
    }
    #expect(try answers(15, from: "192.0.2.1:1") == 10)
    // Its neighbours are the same network, others are not.
    #expect(try answers(5, from: "192.0.2.254:9") == 0)
    #expect(try answers(15, from: "192.0.3.1:1") == 10)
    #expect(try answers(15, from: "[2001:db8:0:ff::1]:1") == 10)
    #expect(try answers(5, from: "[2001:db8:0:1::1]:1") == 0)
    #expect(try answers(5, from: "[2001:db8:0:100::1]:1") == 5)
    #expect(bench.drops(.unauthenticatedRate) == 5 + 5 + 5 + 5 + 5)
    bench.advance(by: .milliseconds(500))
    #expect(try answers(15, from: "192.0.2.1:1") == 5)
    bench.advance(by: .seconds(3_600))
    #expect(try answers(15, from: "192.0.2.1:1") == 10)
  }

  @Test func `400 and 438 are of the same budget, and without a limit there is none`() throws {
    var builder = MessageBuilder()
    builder.begin(MessageType(.allocate, .request), TransactionID(high: 1, low: 2))
    builder.add(.username, text: "ann")
    builder.finish(integrityKey: Bench.key)
    for (limit, expected) in [(3, 1), (0, 3)] {
      let bench = Bench { $0.limits.unauthenticatedRepliesPerSecond = limit }
      #expect(bench.receive(builder.bytes) == .reply)
      #expect(bench.receive(bench.request(.allocate, nonce: "old")) == .reply)
      #expect((0..<3).count { _ in bench.receive(builder.bytes) == .reply } == expected)
    }
  }

  @Test func `who has a good nonce and a good password is served, however many strangers ask`()
    throws
  {
    let bench = Bench { $0.limits.unauthenticatedRepliesPerSecond = 5 }
    for _ in 0..<100 { bench.receive(header(.allocate)) }
    #expect(bench.drops(.unauthenticatedRate) == 95)
    #expect(try bench.allocate().isSuccess)
    // A bad nonce is not even looked at, a good one with a wrong password is, and is not answered.
    #expect(bench.receive(bench.request(.refresh, nonce: "x")) == .drop(.unauthenticatedRate))
    #expect(bench.receive(bench.request(.refresh, password: "x")) == .drop(.unauthenticatedRate))
    #expect(try bench.ask(.refresh).isSuccess)
  }

  @Test func `over TCP, whose handshake proves the address, nobody is left without an answer`() {
    let bench = Bench()
    var configuration = bench.turn.configuration?.value
    configuration?.limits.unauthenticatedRepliesPerSecond = 1
    var turn = TURNServer(
      configuration, quota: bench.quota, ports: bench.ports, random: SplitMix64(seed: 1),
      wallClock: bench.turn.wallClock, now: bench.now)
    var effects: [Effect] = []
    let bytes = header(.allocate)
    let range = 0..<bytes.count
    for transport in [Transport.tcp, .udp] {
      let tuple = FiveTuple(client: bench.client, server: bench.server, transport: transport)
      let replies = (0..<10).count { _ in
        turn.received(
          from: tuple, in: bytes.span, at: range, now: bench.now,
          effects: &effects) == .reply
      }
      #expect(replies == (transport == .udp ? 1 : 10))
    }
  }

  @Test(arguments: [STUN.Method.binding, .allocate])
  func `a request of too many attributes is a bad request, not silence`(method: STUN.Method) throws
  {
    let bench = Bench { $0.limits.unauthenticatedRepliesPerSecond = 1 }
    var builder = MessageBuilder()
    builder.begin(MessageType(method, .request), TransactionID(high: 1, low: 2))
    for _ in 0...Message.attributesMax { builder.add(.software, text: "x") }
    builder.finish()
    #expect(try bench.ask(builder.bytes).code == 400)
    #expect(bench.receive(builder.bytes) == .drop(.unauthenticatedRate))
    builder.begin(MessageType(.send, .indication), TransactionID(high: 1, low: 2))
    for _ in 0...Message.attributesMax { builder.add(.software, text: "x") }
    builder.finish()
    #expect(bench.receive(builder.bytes) == .drop(.malformedSTUN))
  }

  @Test("Trap 36: a message is read at whatever address it lies")
  func unaligned() throws {
    for shift in 0..<8 {
      let bench = Bench()
      let request = bench.request(.allocate) { $0.add(.requestedTransport, uint32: 17 << 24) }
      let slot = [UInt8](repeating: 0, count: 64 + shift) + request
      let range = 64 + shift..<slot.count
      var effects: [Effect] = []
      let verdict = bench.turn.received(
        from: bench.tuple(), in: slot.span, at: range, now: bench.now,
        effects: &effects)
      #expect(verdict == .pending, "\(shift)")
    }
  }

  @Test("Trap 38: a user name of 509 bytes is served, a longer one is unknown")
  func longNames() throws {
    for (length, isServed) in [(509, true), (510, false)] {
      let name = String(repeating: "n", count: length)
      let bench = Bench {
        $0.credentials = CredentialStore(realm: Bench.realm, users: [name: "pw"], secrets: [])
      }
      #expect(try bench.allocate(username: name).isSuccess == isServed)
    }
  }

  @Test("GHSA-4g7c-p5wg-j4hp: % and controls in a user name are characters like others")
  func percent() throws {
    for name in ["%s%n%x%p", "a\u{0}b", "line\nbreak", "\u{1B}[2J"] {
      let bench = Bench()
      let username = "1800000100:" + name
      let password = RESTCredential.password(
        username: username, secret: Array(Bench.secret.utf8))
      #expect(try bench.allocate(username: username, password: password).isSuccess)
      #expect(bench.records.first?.username == username)
    }
  }
}
