// Who gets a DTLS session, for how long, and what strangers cost.

import EventLoop
import NetTypes
import TLS
import TLSTesting
import Testing

struct DTLSSessionsTests {
  @Test("CVE-2026-73214: hellos without cookie leave no state, however many and from wherever")
  func cookieBeforeState() throws {
    let world = try DTLSWorld()
    for number in 0..<2_000 {
      let client = DTLSClient(
        world.clients, ip: IPAddress(v4: 0x0a00_0000 + UInt32(number)), port: 1_024)
      let hello = client.output()
      let answer = world.deliver(hello, from: client.tuple)
      // A HelloVerifyRequest (RFC 6347 §4.2.1), no longer than what it answers.
      #expect(answer.count == 1)
      #expect(answer.first.map { $0[13] } == 3)
      #expect(answer[0].count <= hello[0].count)
    }
    #expect(world.sessions.count == 0)
    #expect(world.sessions.handshakeCount == 0)
    #expect(world.sessions.nextDeadline == nil)
  }

  @Test("Trap 34: a cookie is good for the address and the minutes it was made for")
  func foreignCookie() throws {
    let world = try DTLSWorld()
    var client = DTLSClient(world.clients)
    client.receive(world.deliver(client.output(), from: client.tuple))
    let hello = client.output()
    for (ip, port) in [(IPAddress(192, 0, 2, 1), UInt16(5_001)), (IPAddress(192, 0, 2, 2), 5_000)] {
      let other = FiveTuple(
        client: SocketAddress(ip, port: port), server: client.tuple.server, transport: .dtls)
      #expect(world.deliver(hello, from: other).first.map { $0[13] } == 3)
      #expect(world.sessions.count == 0)
    }
    world.now = world.now + .seconds(120)
    _ = world.deliver(hello, from: client.tuple)
    #expect(world.sessions.count == 0)
    world.now = world.now + .seconds(-120)
    _ = world.deliver(hello, from: client.tuple)
    #expect(world.sessions.count == 1)
  }

  @Test("Trap 34: handshakes are limited in all and for each network, sessions in all")
  func limits() throws {
    var limits = DTLSLimits()
    limits.sessionsMax = 6
    limits.handshakesMax = 4
    limits.handshakesPerNetworkMax = 2
    let world = try DTLSWorld(limits)
    /// Goes on to the point where the server has a session and waits.
    func half(_ ip: IPAddress, _ port: UInt16) -> DTLSClient {
      var client = DTLSClient(world.clients, ip: ip, port: port)
      client.receive(world.deliver(client.output(), from: client.tuple))
      client.receive(world.deliver(client.output(), from: client.tuple))
      return client
    }
    for port in UInt16(1)...3 { _ = half(IPAddress(192, 0, 2, UInt8(port)), port) }
    #expect(world.sessions.handshakeCount == 2)
    for third in UInt8(0)...5 { _ = half(IPAddress(10, 0, third, 1), 9) }
    #expect(world.sessions.handshakeCount == 4)
    #expect(world.sessions.drops(.tooManyHandshakes) > 0)
    // What is not done in time makes room.
    _ = world.wait(limits.handshakeMax + .seconds(1))
    #expect(world.sessions.count == 0)
    for port in UInt16(1)...8 { _ = world.established(port: port) }
    #expect(world.sessions.count == 6)
    #expect(world.sessions.drops(.tooManySessions) > 0)
  }

  @Test func `a handshake has its time, and is answered by nothing after`() throws {
    let world = try DTLSWorld()
    var client = DTLSClient(world.clients)
    client.receive(world.deliver(client.output(), from: client.tuple))
    client.receive(world.deliver(client.output(), from: client.tuple))
    #expect(world.sessions.handshakeCount == 1)
    _ = world.wait(.seconds(21))
    #expect(world.sessions.count == 0)
    #expect(world.sessions.handshakeCount == 0)
    #expect(world.ended == [client.tuple])
    #expect(world.deliver(client.output(), from: client.tuple).isEmpty)
    #expect(world.sessions.drops(.noSession) > 0)
  }

  @Test("CVE-2020-6062: garbage before the handshake is counted and does nothing")
  func garbage() throws {
    let world = try DTLSWorld()
    let tuple = DTLSClient(world.clients).tuple
    var random = SplitMix64(seed: 42)
    for _ in 0..<5_000 {
      let count = Int.random(in: 0...200, using: &random)
      var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      if count > 13 && Bool.random(using: &random) {
        // Garbage with a good header goes further.
        bytes.replaceSubrange(0..<3, with: [22, 0xfe, 0xfd])
        bytes.replaceSubrange(3..<5, with: [0, 0])
        bytes.replaceSubrange(11..<14, with: [0, UInt8(count - 13), 1])
        if count > 24 { bytes.replaceSubrange(19..<22, with: [0, 0, 0]) }
      }
      #expect(world.deliver([bytes], from: tuple).isEmpty)
    }
    #expect(world.sessions.count == 0)
    #expect(world.sessions.drops(.notDTLS) > 0)
    #expect(world.sessions.drops(.noSession) > 0)
    // And who comes after it is served.
    #expect(world.established().engine.progress == .established)
  }

  @Test func `garbage within a handshake does not end it`() throws {
    let world = try DTLSWorld()
    var client = DTLSClient(world.clients)
    client.receive(world.deliver(client.output(), from: client.tuple))
    let answer = world.deliver(client.output(), from: client.tuple)
    let header: [UInt8] = [23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 1, 0, 40]
    _ = world.deliver([header + [UInt8](repeating: 5, count: 40)], from: client.tuple)
    client.receive(answer)
    world.shakeHands(&client)
    #expect(client.engine.progress == .established)
    #expect(world.ended.isEmpty)
  }

  @Test func `an idle session ends after a minute; one with an allocation stays`() throws {
    let world = try DTLSWorld()
    let idle = world.established(port: 1)
    let busy = world.established(port: 2)
    var allocated = world.established(port: 3)
    world.kept = [allocated.tuple]
    _ = world.wait(.seconds(40))
    _ = world.deliver(busy.seal([1]), from: busy.tuple)
    let farewell = world.wait(.seconds(30))
    #expect(world.ended == [idle.tuple])
    #expect(farewell.count == 1)
    _ = world.wait(.seconds(600))
    #expect(world.ended == [idle.tuple, busy.tuple])
    world.kept = []
    allocated.receive(world.wait(.seconds(121)))
    #expect(world.ended.last == allocated.tuple)
    #expect(allocated.engine.progress == .ended)
    #expect(world.sessions.nextDeadline == nil)
  }

  @Test("RFC 6347 §4.2.8: a client who forgot his session begins another, and only by a cookie")
  func anotherFromTheSamePort() throws {
    let world = try DTLSWorld()
    let first = world.established()
    var second = DTLSClient(world.clients)
    let hello = second.output()
    let verify = world.deliver(hello, from: second.tuple)
    #expect(world.ended.isEmpty)
    _ = world.deliver(first.seal([1]), from: first.tuple)
    #expect(world.received == [[1]])
    second.receive(verify)
    world.shakeHands(&second)
    #expect(second.engine.progress == .established)
    #expect(world.ended == [first.tuple])
    #expect(world.sessions.count == 1)
    _ = world.deliver(second.seal([2]), from: second.tuple)
    #expect(world.received == [[1], [2]])
  }

  @Test func `a late copy of the hello of a session changes nothing`() throws {
    let world = try DTLSWorld()
    var client = DTLSClient(world.clients)
    client.receive(world.deliver(client.output(), from: client.tuple))
    let hello = client.output()
    client.receive(world.deliver(hello, from: client.tuple))
    world.shakeHands(&client)
    #expect(world.deliver(hello, from: client.tuple).isEmpty)
    _ = world.deliver(client.seal([7]), from: client.tuple)
    #expect(world.received == [[7]])
    #expect(world.ended.isEmpty)
  }

  @Test func `a new certificate is for the sessions to come`() throws {
    let world = try DTLSWorld()
    let old = world.established(port: 1)
    try world.store.reload()
    let new = world.established(port: 2)
    #expect(new.engine.progress == .established)
    _ = world.deliver(old.seal([1]), from: old.tuple)
    _ = world.deliver(new.seal([2]), from: new.tuple)
    #expect(world.received == [[1], [2]])
  }

  @Test func `at the end every client is told`() throws {
    let world = try DTLSWorld()
    let clients = [world.established(port: 1), world.established(port: 2)]
    var told: [FiveTuple] = []
    world.sessions.endAll { session in
      #expect(take(session.engine.takeOutput).count == 1)
      told.append(session.tuple)
    }
    #expect(told == clients.map(\.tuple))
    #expect(world.sessions.count == 0)
  }
}
