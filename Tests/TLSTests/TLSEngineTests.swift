// The TLS engine: handshakes, data, ends and refusals, without a socket.

import EventLoop
import TLS
import TLSTesting
import Testing

struct TLSEngineTests {
  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `data goes both ways, however the wire is cut`(version: TLSVersion) throws {
    for piece in [1, 2, 3, 5, 7, 100, 1_000, .max] {
      var pair = try Pair(versions: version...version)
      pair.exchange(piece: piece)
      #expect(pair.server.progress == .established)
      #expect(pair.client.progress == .established)
      #expect(pair.server.version == (version == .tls13 ? "TLSv1.3" : "TLSv1.2"))
      pair.client.seal(pattern(1_000).span, into: &pair.toServer)
      pair.server.seal(pattern(2_000).span, into: &pair.toClient)
      pair.exchange(piece: piece)
      #expect(pair.serverReceived == pattern(1_000))
      #expect(pair.clientReceived == pattern(2_000))
    }
  }

  @Test func `one record cut once, at every byte`() throws {
    var pair = try Pair()
    pair.exchange()
    for cut in 0..<70 {
      var record: [UInt8] = []
      pair.client.seal(pattern(40).span, into: &record)
      #expect(record.count < 70)
      let position = min(cut, record.count)
      pair.serverReceived = []
      pair.server.open(
        Array(record[..<position]).span, into: &pair.serverReceived, answering: &pair.toClient)
      #expect(pair.serverReceived.isEmpty || position == record.count)
      pair.server.open(
        Array(record[position...]).span, into: &pair.serverReceived, answering: &pair.toClient)
      #expect(pair.serverReceived == pattern(40))
    }
  }

  @Test func `megabytes in one piece, and no more bytes on the wire than promised`() throws {
    var pair = try Pair()
    pair.exchange()
    pair.toServer = []
    for size in [0, 1, 16_383, 16_384, 16_385, 3_000_000] {
      pair.serverReceived = []
      pair.client.seal(pattern(size).span, into: &pair.toServer)
      #expect(pair.toServer.count <= pair.client.sealedCount(size))
      pair.exchange()
      #expect(pair.serverReceived == pattern(size))
    }
  }

  @Test func `of the protocols both know, the one the server holds dearest`() throws {
    var pair = try Pair(
      serverProtocols: ["stun.turn", "stun.nat-discovery", "http/1.1"],
      clientProtocols: ["http/1.1", "stun.nat-discovery"])
    #expect(pair.server.applicationProtocol == nil)
    pair.exchange()
    #expect(pair.server.applicationProtocol == "stun.nat-discovery")
    #expect(pair.client.applicationProtocol == "stun.nat-discovery")
  }

  @Test func `a client or a server without ALPN is served`() throws {
    for (server, client) in [(["stun.turn"], []), ([], ["stun.turn"])] {
      var pair = try Pair(serverProtocols: server, clientProtocols: client)
      pair.exchange()
      #expect(pair.server.progress == .established)
      #expect(pair.server.applicationProtocol == nil)
    }
  }

  @Test func `a client that knows none of the protocols is refused`() throws {
    var pair = try Pair(serverProtocols: ["stun.turn"], clientProtocols: ["h2"])
    pair.exchange()
    #expect(pair.server.progress == .failed)
    #expect(pair.client.progress == .failed)
    #expect(pair.client.failure?.description.contains("no application protocol") == true)
  }

  /// A ClientHello which asks for `version` at the most (RFC 5246 §7.4.1.2).
  private func clientHello(version: UInt8) -> [UInt8] {
    let groups: [UInt8] = [0, 10, 0, 4, 0, 2, 0, 23]
    let signatures: [UInt8] = [0, 13, 0, 4, 0, 2, 4, 3]
    let body: [UInt8] =
      [3, version] + [UInt8](repeating: 7, count: 32) + [0]
      + [0, 6, 0xc0, 0x2b, 0xc0, 0x13, 0x00, 0x2f] + [1, 0] + [0, 16] + groups + signatures
    let message: [UInt8] = [1, 0, 0, UInt8(body.count)] + body
    return [22, 3, 1, 0, UInt8(message.count)] + message
  }

  @Test(arguments: [UInt8(1), 2])
  func `TLS 1_0 and TLS 1_1 are refused by an alert`(minor: UInt8) throws {
    var pair = try Pair()
    pair.server.open(
      clientHello(version: minor).span, into: &pair.serverReceived, answering: &pair.toClient)
    #expect(pair.server.progress == .failed)
    // A fatal alert, protocol_version (RFC 8446 §6.2).
    #expect(pair.toClient.first == 21)
    #expect(pair.toClient.suffix(2) == [2, 70])
  }

  @Test func `the same hello for TLS 1_2 is answered`() throws {
    var pair = try Pair()
    pair.server.open(
      clientHello(version: 3).span, into: &pair.serverReceived, answering: &pair.toClient)
    #expect(pair.server.progress == .handshaking)
    #expect(pair.toClient.first == 22)
  }

  @Test func `garbage instead of a handshake fails, says why, and is answered no more`() throws {
    var seed = SystemRandomNumberGenerator()
    for size in [5, 6, 100, 10_000] {
      var pair = try Pair()
      let garbage = (0..<size).map { _ in UInt8.random(in: 0x20...0xff, using: &seed) }
      pair.server.open(garbage.span, into: &pair.serverReceived, answering: &pair.toClient)
      #expect(pair.server.progress == .failed)
      #expect(pair.server.failure != nil)
      let answered = pair.toClient.count
      #expect(answered <= 7)
      pair.server.open(garbage.span, into: &pair.serverReceived, answering: &pair.toClient)
      pair.server.close(into: &pair.toClient)
      #expect(pair.toClient.count == answered)
      #expect(pair.serverReceived.isEmpty)
    }
  }

  @Test func `a changed byte in a record ends the connection, and yields no plaintext`() throws {
    var pair = try Pair()
    pair.exchange()
    pair.client.seal(pattern(100).span, into: &pair.toServer)
    pair.toServer[50] ^= 1
    pair.exchange()
    #expect(pair.server.progress == .failed)
    #expect(pair.serverReceived.isEmpty)
  }

  @Test func `a record that is not whole yields nothing`() throws {
    var pair = try Pair()
    pair.exchange()
    pair.client.seal(pattern(100).span, into: &pair.toServer)
    pair.toServer.removeLast()
    pair.exchange()
    #expect(pair.server.progress == .established)
    #expect(pair.serverReceived.isEmpty)
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `close_notify ends one direction, once`(version: TLSVersion) throws {
    var pair = try Pair(versions: version...version)
    pair.exchange()
    pair.client.seal(pattern(10).span, into: &pair.toServer)
    pair.client.close(into: &pair.toServer)
    let length = pair.toServer.count
    pair.client.close(into: &pair.toServer)
    #expect(pair.toServer.count == length)
    pair.exchange()
    #expect(pair.serverReceived == pattern(10))
    #expect(pair.server.progress == .ended)
    #expect(pair.server.failure == nil)
    pair.server.seal(pattern(20).span, into: &pair.toClient)
    pair.server.close(into: &pair.toClient)
    #expect(!pair.toClient.isEmpty)
  }

  @Test func `a client that trusts another certificate refuses this one`() throws {
    let other = try TestCertificate(commonName: "other")
    var pair = try Pair()
    let client = TLSEngine(
      connectingTo: "localhost",
      by: try TLSContext(trusting: other.certificatePath, protocols: []))
    var toServer: [UInt8] = []
    client.open([UInt8]().span, into: &pair.clientReceived, answering: &toServer)
    pair.server.open(toServer.span, into: &pair.serverReceived, answering: &pair.toClient)
    let answer = pair.toClient
    client.open(answer.span, into: &pair.clientReceived, answering: &toServer)
    #expect(client.progress == .failed)
  }

  @Test func `files that are not there or do not fit are named with the reason`() throws {
    let one = try TestCertificate()
    let other = try TestCertificate()
    func reason(_ certificates: String, _ key: String) -> String {
      do throws(TLSError) {
        _ = try TLSContext(certificates: certificates, key: key, protocols: [])
        return "accepted"
      } catch { return error.description }
    }
    #expect(reason(one.certificatePath, one.keyPath) == "accepted")
    #expect(
      reason("/nonexistent", one.keyPath) == "certificate /nonexistent: No such file or directory")
    #expect(
      reason(one.certificatePath, "/nonexistent") == "key /nonexistent: No such file or directory")
    #expect(reason(one.keyPath, one.keyPath) == "certificate \(one.keyPath): no start line")
    #expect(reason(one.certificatePath, other.keyPath).hasSuffix("key values mismatch"))
  }
}
