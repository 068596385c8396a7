// RFC 7635: whoever has a token is let in, and nothing in a token is believed before it is opened.

import Crypto
import NetTypes
import STUN
import Testing

@testable import TURN

/// The keys of coturn's tools, which encode tokens for tests.
private enum Keys {
  static let serverName = "blackdow.carleon.gov"
  static let north = AuthorizationKey(
    id: "north", key: Base64.decode("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEK") ?? [], .a256GCM)
  static let union = AuthorizationKey(
    id: "union", key: Base64.decode("MTIzNDU2Nzg5MDEyMzQ1Ngo=") ?? [], .a128GCM)
  static let macKey = Array("01234567890123456789".utf8)
  static let nonce = Array("abcdefghijkl".utf8)
  static let token = AccessToken(
    macKey: macKey, issuedAt: Bench.unixStart, lifetimeSeconds: 600)
}

struct AccessTokenTests {
  /// turnutils_oauth -e -i blackdow.carleon.gov -j KID -k KEY -l 1700000000 -m 900000000 -n ALG
  /// -o YWJjZGVmZ2hpamts -p MDEyMzQ1Njc4OTAxMjM0NTY3ODk= -q 117964800000000 -r 600
  @Test(arguments: [
    (
      Keys.north,
      "AAxhYmNkZWZnaGlqa2wnvQRTk3BZctAglNNZmjKuXUMuvNdst2PazTIfijIQtLTqJHN28Oe8E8CcAzOLoL/gaQ=="
    ),
    (
      Keys.union,
      "AAxhYmNkZWZnaGlqa2ygDySdIJlaV55kcscqAkiOFcT8nlB3z0St0oLyf+Y9tjv67fOW2VoLyg4AEMlMXolq8w=="
    ),
  ])
  func `a token that coturn's tool made is opened, and made again byte for byte`(
    key: AuthorizationKey, base64: String
  ) throws {
    let bytes = try #require(Base64.decode(base64))
    #expect(AccessToken(bytes, key, serverName: Keys.serverName) == Keys.token)
    #expect(Keys.token.sealed(key, serverName: Keys.serverName, nonce: Keys.nonce) == bytes)
  }

  @Test func `a token for another server, under another key or with a changed bit is none`() {
    let bytes = Keys.token.sealed(Keys.north, serverName: Keys.serverName, nonce: Keys.nonce)
    #expect(AccessToken(bytes, Keys.north, serverName: "elsewhere") == nil)
    #expect(AccessToken(bytes, Keys.union, serverName: Keys.serverName) == nil)
    for position in bytes.indices {
      var damaged = bytes
      damaged[position] ^= 1
      #expect(AccessToken(damaged, Keys.north, serverName: Keys.serverName) == nil, "\(position)")
    }
  }

  @Test("CVE-2026-43994: no length in a token reaches beyond it, sealed well or not")
  func lengths() {
    let good = Keys.token.sealed(Keys.north, serverName: Keys.serverName, nonce: Keys.nonce)
    for length in 0..<good.count {
      #expect(AccessToken(Array(good[..<length]), Keys.north, serverName: Keys.serverName) == nil)
    }
    let long = good + [UInt8](repeating: 0x41, count: 735)
    #expect(AccessToken(long, Keys.north, serverName: Keys.serverName) == nil)
    for nonceLength in [0, 13, 128, 129, 256, 257, 0x7fff, 0xffff] {
      var bytes = good
      bytes[0] = UInt8(nonceLength >> 8)
      bytes[1] = UInt8(nonceLength & 0xff)
      #expect(AccessToken(bytes, Keys.north, serverName: Keys.serverName) == nil, "\(nonceLength)")
    }
    // Who has the key may lie about what is inside.
    for (keyLength, present) in [
      (0, 0), (19, 19), (65, 65), (300, 300), (20, 19), (20, 21), (20, 0), (0xffff, 20), (32, 20),
    ] {
      var block: [UInt8] = []
      block.append(bigEndian: UInt16(keyLength))
      block += [UInt8](repeating: 7, count: present + 12)
      var bytes: [UInt8] = [0, 12]
      bytes += Keys.nonce
      bytes += AESGCM.seal(
        block, key: Keys.north.key, nonce: Keys.nonce,
        authenticating: Array(Keys.serverName.utf8))
      #expect(
        AccessToken(bytes, Keys.north, serverName: Keys.serverName) == nil, "\(keyLength)")
    }
  }

  @Test(
    "CVE-2026-43994: random bytes and damaged tokens are no token, and end nothing",
    arguments: [1, 2, 3, 4] as [UInt64])
  func noise(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let good = Keys.token.sealed(Keys.north, serverName: Keys.serverName, nonce: Keys.nonce)
    for _ in 0..<2_000 {
      var bytes = Bool.random(using: &random) ? good : []
      let length = Int.random(in: 0...600, using: &random)
      while bytes.count < length { bytes.append(UInt8.random(in: .min ... .max, using: &random)) }
      for _ in 0..<3 where !bytes.isEmpty {
        let place = Int.random(in: 0..<min(4, bytes.count), using: &random)
        bytes[place] ^= UInt8.random(in: .min ... .max, using: &random)
      }
      guard bytes != good else { continue }
      let opened = AccessToken(bytes, Keys.north, serverName: Keys.serverName)
      #expect(opened == nil, "\(bytes)")
    }
  }

  @Test(
    arguments: [
      (0, 605), (600, 5), (604, 1), (605, nil), (-604, 1_209), (-605, nil), (1 << 40, nil),
    ] as [(Int64, Int64?)])
  func `a token is good for its lifetime, and for clocks that differ by five seconds`(
    age: Int64, left: Int64?
  ) {
    #expect(Keys.token.secondsLeft(unixSeconds: Bench.unixStart + age) == left)
  }
}

struct ThirdPartyTests {
  let bench = Bench {
    $0.authorization = ThirdPartyAuthorization(
      serverName: Keys.serverName, keys: [Keys.north, Keys.union])
  }

  private func token(
    _ key: AuthorizationKey = Keys.north, macKey: [UInt8] = Keys.macKey, seconds: Int64 = 600
  ) -> [UInt8] {
    let now = bench.turn.wallClock.unixSeconds(at: bench.now)
    return AccessToken(macKey: macKey, issuedAt: now, lifetimeSeconds: seconds)
      .sealed(key, serverName: Keys.serverName, nonce: Keys.nonce)
  }

  private func ask(
    _ method: STUN.Method, _ username: String = "north", token: [UInt8]?,
    macKey: [UInt8] = Keys.macKey, _ algorithm: IntegrityAlgorithm = .sha1,
    _ body: (inout MessageBuilder) -> Void = { _ in }
  ) throws -> Answer {
    var builder = MessageBuilder()
    builder.begin(MessageType(method, .request), TransactionID(using: &bench.random))
    if method == .allocate { builder.add(.requestedTransport, uint32: 17 << 24) }
    body(&builder)
    builder.add(.username, text: username)
    builder.add(.realm, text: Bench.realm)
    builder.add(.nonce, text: bench.nonce())
    if let token { builder.add(.accessToken, bytes: token) }
    builder.finish(integrityKey: IntegrityKey(macKey, algorithm))
    return try bench.ask(builder.bytes)
  }

  @Test func `a challenge names the server that a token is to be for, and hides no names`() throws {
    let answer = try bench.ask(.allocate, username: nil)
    let name = answer.message.value(of: .thirdPartyAuthorization).map {
      answer.bytes.span.bytes(in: $0)
    }
    #expect(name == Array(Keys.serverName.utf8))
    #expect(try !Bench().ask(.allocate, username: nil).message.has(.thirdPartyAuthorization))
    let known = Bench {
      $0.credentials = CredentialStore(realm: Bench.realm, users: ["ann": "pw"], secrets: [])
      $0.authorization = ThirdPartyAuthorization(serverName: "n", keys: [])
    }
    #expect(try known.ask(.allocate, username: nil).nonce?.hasPrefix("obMatJos2AAAB") == true)
  }

  @Test(arguments: [IntegrityAlgorithm.sha1, .sha256])
  func `a token lets in, and its key signs what follows without it`(algorithm: IntegrityAlgorithm)
    throws
  {
    let made = try ask(.allocate, token: token(), algorithm)
    #expect(made.isSuccess && made.isSigned(by: Keys.macKey))
    #expect(made.message.integrityAlgorithm == algorithm)
    let peer = bench.peer
    let permitted = try ask(.createPermission, token: nil, algorithm) {
      $0.add(.xorPeerAddress, address: peer)
    }
    #expect(permitted.isSuccess && permitted.isSigned(by: Keys.macKey))
    #expect(bench.records.map(\.username) == ["north"])
    #expect(try ask(.createPermission, token: nil, macKey: [1]).code == 401)
    #expect(try ask(.createPermission, "union", token: nil).code == 401)
  }

  @Test func `a client that signs with 16 bytes of the key, as those of coturn, is let in`() throws
  {
    let short = Array(Keys.macKey.prefix(16))
    let made = try ask(.allocate, token: token(), macKey: short)
    #expect(made.isSuccess && made.isSigned(by: short))
    #expect(try ask(.refresh, token: nil, macKey: short).isSuccess)
    #expect(try ask(.refresh, token: nil).code == 401)
  }

  @Test func `a refresh may bring another server's token, whose key signs from then on`() throws {
    try #require(try ask(.allocate, token: token()).isSuccess)
    let fresh = Array("98765432109876543210".utf8)
    let refreshed = try ask(
      .refresh, "union", token: token(Keys.union, macKey: fresh), macKey: fresh)
    #expect(refreshed.isSuccess && refreshed.isSigned(by: fresh))
    #expect(try ask(.refresh, "north", token: nil).code == 401)
    #expect(try ask(.refresh, "union", token: nil, macKey: fresh).isSuccess)
    #expect(bench.quota.held == [Keys.serverName: 1])
  }

  @Test func `an allocation ends with its token, unless a new one comes`() throws {
    let made = try ask(.allocate, token: token(seconds: 300)) {
      $0.add(.lifetime, uint32: 3_600)
    }
    #expect(made.lifetime == 305)
    bench.advance(by: .seconds(200))
    #expect(try ask(.refresh, token: nil).lifetime == 105)
    #expect(try ask(.refresh, token: token(seconds: 400)).lifetime == 405)
    bench.advance(by: .seconds(400))
    #expect(bench.records.count == 1)
    bench.advance(by: .seconds(6))
    #expect(bench.records.isEmpty)
  }

  @Test func `a token that is old, of nobody, or not what signed is challenged`() throws {
    let token = token()
    #expect(try ask(.allocate, "nobody", token: token).code == 401)
    #expect(try ask(.allocate, "union", token: token).code == 401)
    #expect(try ask(.allocate, token: token, macKey: Keys.nonce).code == 401)
    #expect(try ask(.allocate, token: [UInt8](repeating: 9, count: 1_000)).code == 401)
    #expect(try ask(.allocate, token: []).code == 401)
    #expect(try ask(.allocate, token: nil).code == 401)
    bench.advance(by: .seconds(605))
    #expect(try ask(.allocate, token: token).code == 401)
    let answer = try Bench().ask(.allocate)
    #expect(answer.code == 400)
  }

  @Test("Trap 9: who has a password cannot take over what a token made, nor the other way round")
  func owners() throws {
    try #require(try ask(.allocate, token: token()).isSuccess)
    #expect(try bench.ask(.refresh).code == 441)
    #expect(try bench.ask(.refresh, username: "bob").code == 441)
    let other = ThirdPartyTests()
    try other.bench.allocate()
    #expect(try other.ask(.refresh, token: other.token()).code == 441)
  }

  @Test("Trap 39: a nonce and a token are good for whom they were made, and for nobody else")
  func bound() throws {
    let bytes = token()
    try #require(try ask(.allocate, token: bytes).isSuccess)
    // Whoever saw the token on the way has not the key in it.
    #expect(try ask(.refresh, token: bytes, macKey: Array("guess guess guess gu".utf8)).code == 401)
    let stranger = SocketAddress(IPAddress(203, 0, 113, 5), port: 1)
    let replayed = bench.request(.refresh, from: stranger, nonce: bench.nonce())
    #expect(try bench.ask(replayed, from: stranger).code == 438)
  }
}
