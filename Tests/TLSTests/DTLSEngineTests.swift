// DTLS sessions from the cookie to the end, in datagrams.

import EventLoop
import NetTypes
import TLS
import TLSTesting
import Testing

struct DTLSEngineTests {
  private func seals(_ bytes: [UInt8], from start: Int, by engine: DTLSEngine) -> Bool {
    engine.seal(bytes.span, start..<bytes.count)
  }

  @Test func `a handshake by cookie, then datagrams both ways, each whole`() throws {
    let world = try DTLSWorld()
    var client = world.established()
    #expect(client.engine.progress == .established)
    #expect(world.sessions.count == 1)
    #expect(world.sessions.handshakeCount == 0)
    #expect(world.sessions.establishedCount == 1)
    for size in [1, 20, 1_200, 9_000, DTLSEngine.plaintextMax] {
      let sealed = client.seal(pattern(size))
      #expect(sealed.count == 1)
      _ = world.deliver(sealed, from: client.tuple)
      #expect(world.received.last == pattern(size))
      let session = try #require(world.sessions.session(of: client.tuple))
      #expect(seals([0, 0] + pattern(size), from: 2, by: session.engine))
      client.receive(take(session.engine.takeOutput))
      #expect(client.received.last == pattern(size))
    }
  }

  @Test func `several records in one datagram are several plaintexts`() throws {
    let world = try DTLSWorld()
    let client = world.established()
    let records = client.seal([1, 2]) + client.seal([3]) + client.seal([4, 5, 6])
    _ = world.deliver([records.flatMap(\.self)], from: client.tuple)
    #expect(world.received == [[1, 2], [3], [4, 5, 6]])
  }

  @Test func `what is longer than a record is refused, and nothing is sent`() throws {
    let world = try DTLSWorld()
    let client = world.established()
    let session = try #require(world.sessions.session(of: client.tuple))
    let bytes = pattern(DTLSEngine.plaintextMax + 1)
    #expect(!seals(bytes, from: 0, by: session.engine))
    #expect(take(session.engine.takeOutput).isEmpty)
    #expect(seals(bytes, from: 1, by: session.engine))
  }

  @Test func `no datagram of a handshake is longer than every path takes`() throws {
    let world = try DTLSWorld()
    var client = DTLSClient(world.clients)
    var toServer = client.output()
    while !toServer.isEmpty {
      let answers = world.deliver(toServer, from: client.tuple)
      for datagram in toServer + answers { #expect(datagram.count <= 1_200) }
      client.receive(answers)
      toServer = client.output()
    }
    #expect(client.engine.progress == .established)
  }

  @Test func `repeated, reordered and changed datagrams cost what they carry, not the session`()
    throws
  {
    let world = try DTLSWorld()
    let client = world.established()
    let first = client.seal([1])
    let second = client.seal([2])
    var changed = client.seal([3])
    changed[0][20] ^= 1
    _ = world.deliver(second + first + second + changed, from: client.tuple)
    #expect(world.received == [[2], [1]])
    #expect(world.sessions.drops(.unreadable) == 2)
    _ = world.deliver(client.seal([4]), from: client.tuple)
    #expect(world.received == [[2], [1], [4]])
    #expect(world.ended.isEmpty)
  }

  @Test func `a lost flight is sent again when its time has come`() throws {
    let world = try DTLSWorld()
    var client = DTLSClient(world.clients)
    client.receive(world.deliver(client.output(), from: client.tuple))
    // The flight of the server, which is lost.
    #expect(!world.deliver(client.output(), from: client.tuple).isEmpty)
    let session = try #require(world.sessions.session(of: client.tuple))
    // OpenSSL has a clock of its own: one second to the first repetition.
    let timeout = try #require(session.engine.timeout)
    #expect(timeout <= .seconds(1))
    sleepFor(timeout + .milliseconds(20))
    let again = world.wait(.milliseconds(1_500))
    #expect(!again.isEmpty)
    client.receive(again)
    world.shakeHands(&client)
    #expect(client.engine.progress == .established)
  }

  @Test("RFC 7443: the server's dearest of the protocols both know is spoken")
  func applicationProtocol() throws {
    let world = try DTLSWorld(
      protocols: ["stun.turn", "stun.nat-discovery"],
      clientProtocols: ["stun.nat-discovery", "stun.turn"])
    let client = world.established()
    #expect(client.engine.applicationProtocol == "stun.turn")
    let session = try #require(world.sessions.session(of: client.tuple))
    #expect(session.engine.applicationProtocol == "stun.turn")
  }

  @Test func `a client of other protocols is refused, and leaves nothing`() throws {
    let world = try DTLSWorld(protocols: ["stun.turn"], clientProtocols: ["webrtc"])
    let client = world.established()
    #expect(client.engine.progress == .failed)
    #expect(world.sessions.count == 0)
    #expect(world.sessions.handshakeCount == 0)
  }

  @Test func `close_notify ends a session, and is answered`() throws {
    let world = try DTLSWorld()
    let client = world.established()
    client.engine.close()
    _ = world.deliver(client.output(), from: client.tuple)
    #expect(world.ended == [client.tuple])
    #expect(world.sessions.count == 0)
  }
}
