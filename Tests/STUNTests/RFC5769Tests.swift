// The test vectors of RFC 5769: parsing, FINGERPRINT, MESSAGE-INTEGRITY and addresses.

import NetTypes
import STUN
import Testing

/// The bytes of hexadecimal text.
func bytes(_ hex: String) -> [UInt8] {
  let digits = hex.filter { !$0.isWhitespace }.map { UInt8($0.hexDigitValue ?? 0) }
  return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

extension Message {
  /// `#expect` cannot take a span apart.
  func isSigned(_ bytes: [UInt8], key: [UInt8]) -> Bool {
    isIntegrityValid(bytes.span, key: key)
  }
}

struct RFC5769Tests {
  static let request = bytes(
    """
    00 01 00 58 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae 80 22 00 10 53 54 55 4e 20 74 65
    73 74 20 63 6c 69 65 6e 74 00 24 00 04 6e 00 01 ff 80 29 00 08 93 2f f9 b1 51 26 3b 36 00 06
    00 09 65 76 74 6a 3a 68 36 76 59 20 20 20 00 08 00 14 9a ea a7 0c bf d8 cb 56 78 1e f2 b5 b2
    d3 f2 49 c1 b5 71 a2 80 28 00 04 e5 7a 3b cf
    """)
  static let responseV4 = bytes(
    """
    01 01 00 3c 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae 80 22 00 0b 74 65 73 74 20 76 65
    63 74 6f 72 20 00 20 00 08 00 01 a1 47 e1 12 a6 43 00 08 00 14 2b 91 f5 99 fd 9e 90 c3 8c 74
    89 f9 2a f9 ba 53 f0 6b e7 d7 80 28 00 04 c0 7d 4c 96
    """)
  static let responseV6 = bytes(
    """
    01 01 00 48 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae 80 22 00 0b 74 65 73 74 20 76 65
    63 74 6f 72 20 00 20 00 14 00 02 a1 47 01 13 a9 fa a5 d3 f1 79 bc 25 f4 b5 be d2 b9 d9 00 08
    00 14 a3 82 95 4e 4b e6 7b f1 17 84 c9 7c 82 92 c2 75 bf e3 ed 41 80 28 00 04 c8 fb 0b 4c
    """)
  static let longTerm = bytes(
    """
    00 01 00 60 21 12 a4 42 78 ad 34 33 c6 ad 72 c0 29 da 41 2e 00 06 00 12 e3 83 9e e3 83 88 e3
    83 aa e3 83 83 e3 82 af e3 82 b9 00 00 00 15 00 1c 66 2f 2f 34 39 39 6b 39 35 34 64 36 4f 4c
    33 34 6f 4c 39 46 53 54 76 79 36 34 73 41 00 14 00 0b 65 78 61 6d 70 6c 65 2e 6f 72 67 00 00
    08 00 14 f6 70 24 65 6d d6 4a 3e 02 b8 e0 71 2e 85 c9 a2 8c a8 96 66
    """)
  /// Short-term credentials use the password itself as the key (RFC 8489 §9.1.1).
  static let password = Array("VOkJxbRl1RmTxUk/WvJxBt".utf8)

  private func parse(_ bytes: [UInt8]) throws -> Message {
    try Message(bytes.span, in: 0..<bytes.count)
  }

  @Test func `section 2_1, the sample request, parses, and its fingerprint and integrity hold`()
    throws
  {
    let message = try parse(Self.request)
    #expect(message.type == MessageType(.binding, .request))
    #expect(message.hasFingerprint)
    #expect(message.text(.username, Self.request.span, max: 509) == "evtj:h6vY")
    #expect(message.text(.software, Self.request.span, max: 763) == "STUN test client")
    #expect(message.isSigned(Self.request, key: Self.password))
    #expect(!message.isSigned(Self.request, key: Array("wrong".utf8)))
  }

  @Test func `section 2_2, the sample IPv4 response, gives its address`() throws {
    let message = try parse(Self.responseV4)
    #expect(message.type == MessageType(.binding, .success))
    #expect(
      message.xorAddress(.xorMappedAddress, Self.responseV4.span)
        == SocketAddress("192.0.2.1:32853"))
    #expect(message.isSigned(Self.responseV4, key: Self.password))
  }

  @Test func `section 2_3, the sample IPv6 response, gives its address`() throws {
    let message = try parse(Self.responseV6)
    #expect(
      message.xorAddress(.xorMappedAddress, Self.responseV6.span)
        == SocketAddress("[2001:db8:1234:5678:11:2233:4455:6677]:32853"))
    #expect(message.isSigned(Self.responseV6, key: Self.password))
  }

  @Test func `section 2_4, the long-term request, holds under the key of its prepared password`()
    throws
  {
    let message = try parse(Self.longTerm)
    let username = "\u{30DE}\u{30C8}\u{30EA}\u{30C3}\u{30AF}\u{30B9}"
    #expect(message.text(.username, Self.longTerm.span, max: 509) == username)
    #expect(
      message.text(.nonce, Self.longTerm.span, max: 763) == "f//499k954d6OL34oL9FSTvy64sA")
    let key = LongTermCredential.key(
      username: username, realm: "example.org", password: "TheMatrIX")
    #expect(message.isSigned(Self.longTerm, key: key))
  }

  @Test(arguments: [request, responseV4, responseV6])
  func `a flipped bit anywhere is noticed by parsing, fingerprint or integrity`(vector: [UInt8])
    throws
  {
    // Changing FINGERPRINT's type makes it an attribute behind MESSAGE-INTEGRITY, which nobody
    // reads.
    let fingerprintType = vector.count - 8..<vector.count - 6
    for position in vector.indices where !fingerprintType.contains(position) {
      var damaged = vector
      damaged[position] ^= 0x10
      guard let message = try? parse(damaged) else { continue }
      #expect(
        !message.isSigned(damaged, key: Self.password), "byte \(position)")
    }
  }
}
