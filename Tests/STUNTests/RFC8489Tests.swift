// The test vector of RFC 8489 Appendix B, and integrity, USERHASH and keys beyond it.

import NetTypes
import STUN
import Testing

struct RFC8489Tests {
  /// Appendix B.1 as its erratum 6268 has it, with PASSWORD-ALGORITHM.
  static let longTerm = bytes(
    """
    00 01 00 90 21 12 a4 42 78 ad 34 33 c6 ad 72 c0 29 da 41 2e 00 1e 00 20 4a 3c f3 8f ef 69 92 bd
    a9 52 c6 78 04 17 da 0f 24 81 94 15 56 9e 60 b2 05 c4 6e 41 40 7f 17 04 00 15 00 29 6f 62 4d 61
    74 4a 6f 73 32 41 41 41 43 66 2f 2f 34 39 39 6b 39 35 34 64 36 4f 4c 33 34 6f 4c 39 46 53 54 76
    79 36 34 73 41 00 00 00 00 14 00 0b 65 78 61 6d 70 6c 65 2e 6f 72 67 00 00 1d 00 04 00 02 00 00
    00 1c 00 20 b5 c7 bf 00 5b 6c 52 a2 1c 51 c5 e8 92 f8 19 24 13 62 96 cb 92 7c 43 14 93 09 27 8c
    c6 51 8e 65
    """)
  static let username = "\u{30DE}\u{30C8}\u{30EA}\u{30C3}\u{30AF}\u{30B9}"
  static let realm = "example.org"
  static let key = PasswordAlgorithm.sha256.key(
    username: username, realm: realm, password: "TheMatrIX")

  private func parse(_ bytes: [UInt8]) throws -> Message {
    try Message(bytes.span, in: 0..<bytes.count)
  }

  @Test func `appendix B_1, the request with USERHASH, holds under the SHA-256 key`() throws {
    let message = try parse(Self.longTerm)
    let userhash = try #require(message.value(of: .userhash))
    #expect(
      Array(Self.longTerm[userhash])
        == LongTermCredential.userhash(username: Self.username, realm: Self.realm))
    let algorithm = try #require(message.value(of: .passwordAlgorithm))
    let algorithms = PasswordAlgorithm.list(Self.longTerm.span, algorithm)
    #expect(algorithms == [.sha256])
    #expect(message.integrityAlgorithm == .sha256)
    #expect(message.isSigned(Self.longTerm, key: Self.key))
    let nonce = try #require(message.value(of: .nonce))
    let features = SecurityFeatures(nonce: Self.longTerm.span.extracting(nonce))
    #expect(features == .usernameAnonymity)
  }

  @Test func `appendix B_1 is what the builder writes`() throws {
    let message = try parse(Self.longTerm)
    var builder = MessageBuilder()
    builder.begin(message.type, message.transactionID)
    builder.add(
      .userhash, bytes: LongTermCredential.userhash(username: Self.username, realm: Self.realm))
    builder.add(.nonce, text: "obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA")
    builder.add(.realm, text: Self.realm)
    builder.add(.passwordAlgorithm, bytes: PasswordAlgorithm.value([.sha256]))
    builder.finish(integrityKey: IntegrityKey(Self.key, .sha256))
    #expect(builder.bytes == Self.longTerm)
  }

  @Test func `a flipped bit anywhere is noticed`() throws {
    for position in Self.longTerm.indices {
      var damaged = Self.longTerm
      damaged[position] ^= 0x10
      guard let message = try? parse(damaged) else { continue }
      #expect(!message.isSigned(damaged, key: Self.key), "byte \(position)")
    }
  }

  @Test("Trap 5: the key is MD5 or SHA-256 of user:realm:password, USERHASH of user:realm")
  func keys() {
    // printf user:realm:pass | md5sum, | sha256sum; printf user:realm | sha256sum
    #expect(
      PasswordAlgorithm.md5.key(username: "user", realm: "realm", password: "pass")
        == bytes("8493fbc53ba582fb4c044c456bdc40eb"))
    #expect(
      PasswordAlgorithm.sha256.key(username: "user", realm: "realm", password: "pass")
        == bytes("07e934117abd40836e7c6329b54731b2b2d2a5f9a71f544922d75e0730d8251b"))
    #expect(
      LongTermCredential.userhash(username: "user", realm: "realm")
        == bytes("6a3029116b47aa98bcaa325399733dc1a23cd57e26b81bef3ff6531ce624e2da"))
  }
}

struct IntegrityTests {
  private let key = IntegrityKey([1, 2, 3], .sha256)
  private let legacy = IntegrityKey([1, 2, 3], .sha1)

  private func build(_ body: (inout MessageBuilder) -> Void) -> [UInt8] {
    var builder = MessageBuilder()
    builder.begin(MessageType(.refresh, .request), TransactionID(high: 1, low: 2))
    builder.add(.lifetime, uint32: 600)
    body(&builder)
    return builder.bytes
  }

  private func parse(_ bytes: [UInt8]) throws -> Message {
    try Message(bytes.span, in: 0..<bytes.count)
  }

  @Test(
    "Trap 6: MESSAGE-INTEGRITY-SHA256 holds whole and truncated, with and without FINGERPRINT",
    arguments: [16, 20, 24, 28, 32], [false, true])
  func truncated(length: Int, fingerprint: Bool) throws {
    let bytes = build {
      $0.sign(key, length: length)
      $0.finish(fingerprint: fingerprint)
    }
    let message = try parse(bytes)
    #expect(message.integrityAlgorithm == .sha256)
    #expect(message.hasFingerprint == fingerprint)
    #expect(message.isSigned(bytes, key: key.bytes))
    #expect(!message.isSigned(bytes, key: [1, 2, 4]))
  }

  @Test(
    "Trap 6: a MESSAGE-INTEGRITY-SHA256 of any other length is refused",
    arguments: [0, 4, 12, 15, 17, 18, 31, 33, 36, 64])
  func wrongLength(length: Int) {
    let bytes = build {
      $0.add(.messageIntegritySHA256, bytes: [UInt8](repeating: 7, count: length))
      $0.finish()
    }
    #expect(throws: ParseError.badAttribute) { try parse(bytes) }
  }

  @Test("Trap 6: with both attributes each ends the length it is made over, and SHA-256 counts")
  func both() throws {
    let bytes = build {
      $0.sign(legacy)
      $0.finish(integrityKey: key, fingerprint: true)
    }
    let message = try parse(bytes)
    #expect(message.integrityAlgorithm == .sha256)
    #expect(message.isSigned(bytes, key: key.bytes))
    // The same without the second, as a client of RFC 5389 signs it.
    var first = Array(bytes.prefix(20 + 8 + 24))
    first[3] = 32
    #expect(try parse(first).isSigned(first, key: legacy.bytes))
    // A broken SHA-256 is not mended by a good SHA-1.
    var broken = build {
      $0.sign(legacy)
      $0.finish(integrityKey: IntegrityKey([9], .sha256))
    }
    #expect(try !parse(broken).isSigned(broken, key: legacy.bytes))
    broken = build {
      $0.sign(IntegrityKey([9]))
      $0.finish(integrityKey: key)
    }
    #expect(try parse(broken).isSigned(broken, key: key.bytes))
  }

  @Test(
    "Trap 7: nothing behind the first integrity attribute is read, but SHA256 and FINGERPRINT",
    arguments: [IntegrityAlgorithm.sha1, .sha256])
  func appended(algorithm: IntegrityAlgorithm) throws {
    let bytes = build {
      $0.sign(IntegrityKey([1], algorithm))
      $0.add(.lifetime, uint32: 0)
      $0.add(.xorPeerAddress, address: SocketAddress(.loopbackV4, port: 1))
      $0.add(.padding, bytes: [1])
      $0.finish(fingerprint: true)
    }
    let message = try parse(bytes)
    #expect(message.hasFingerprint)
    #expect(message.attributeCount == 1)
    #expect(message.uint32(.lifetime, bytes.span) == 600)
    #expect(message.unknownRequired.isEmpty)
    #expect(message.isSigned(bytes, key: [1]))
  }

  @Test("Trap 7: MESSAGE-INTEGRITY behind MESSAGE-INTEGRITY-SHA256 is not read")
  func wrongOrder() throws {
    let bytes = build {
      $0.sign(key)
      $0.sign(IntegrityKey([9]))
      $0.finish()
    }
    let message = try parse(bytes)
    #expect(message.integrityOffset == nil)
    #expect(message.isSigned(bytes, key: key.bytes))
    #expect(!message.isSigned(bytes, key: [9]))
  }
}

struct PasswordAlgorithmTests {
  private func list(_ bytes: [UInt8]) -> [PasswordAlgorithm]? {
    PasswordAlgorithm.list(bytes.span, 0..<bytes.count)
  }

  @Test func `a list is read in its order, past algorithms that nobody knows`() {
    #expect(list([]) == [])
    #expect(list(PasswordAlgorithm.value([.sha256, .md5])) == [.sha256, .md5])
    #expect(list(bytes("0009 0003 010203 00 0002 0000")) == [.sha256])
    for odd in ["00", "0002", "000200", "0002 0001", "0002 0001 01", "0002 ffff 00000000"] {
      #expect(list(bytes(odd)) == nil, "\(odd)")
    }
  }
}
