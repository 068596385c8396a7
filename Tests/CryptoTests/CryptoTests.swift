// The digests against their published examples, and base64 both ways.

import Crypto
import Testing

private func hex(_ bytes: [UInt8]) -> String {
  bytes.map { byte in
    let digits = String(byte, radix: 16)
    return digits.count == 1 ? "0" + digits : digits
  }.joined()
}

struct CryptoTests {
  let abc = Array("abc".utf8)

  @Test func `digests give the values of their standards for abc`() {
    #expect(hex(MD5.digest(abc.span)) == "900150983cd24fb0d6963f7d28e17f72")  // RFC 1321 A.5
    #expect(hex(SHA1.digest(abc.span)) == "a9993e364706816aba3e25717850c26c9cd0d89d")
    #expect(
      hex(SHA256.digest(abc.span))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }

  @Test func `HMACs give the values of RFC 2202 and RFC 4231 test case 2`() {
    let text = Array("what do ya want for nothing?".utf8)
    let key = Array("Jefe".utf8)
    #expect(hex(SHA1.hmac(text.span, key: key)) == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")
    #expect(
      hex(SHA256.hmac(text.span, key: key))
        == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
  }

  @Test func `empty input and empty key are digested too`() {
    let none: [UInt8] = []
    #expect(hex(SHA1.digest(none.span)) == "da39a3ee5e6b4b0d3255bfef95601890afd80709")
    #expect(hex(SHA1.hmac(none.span, key: [])) == "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d")
  }

  @Test func `a MAC of two pieces is that of the whole, under whatever key came before`() {
    let text = Array("what do ya want for nothing?".utf8)
    let keys = ["Jefe", "", String(repeating: "k", count: 100), "Jefe"].map { Array($0.utf8) }
    for key in keys {
      for cut in [0, 4, text.count] {
        let (head, tail) = (Array(text[..<cut]), Array(text[cut...]))
        let short = SHA1.mac(head.span, tail.span, key: key)
        #expect(short.count == SHA1.size && short.array == SHA1.hmac(text.span, key: key))
        let long = SHA256.mac(head.span, tail.span, key: key)
        #expect(long.count == SHA256.size && long.array == SHA256.hmac(text.span, key: key))
      }
    }
  }

  @Test func `a MAC begins with each of its beginnings, and with nothing else`() {
    let mac = SHA1.mac(abc.span, Span(), key: [1])
    let shown = [0xff] + mac.array + [0xff]
    for length in 0...SHA1.size {
      let isBeginning = mac.begins(with: shown.span, in: 1..<1 + length)
      #expect(isBeginning)
    }
    let isLonger = mac.begins(with: shown.span, in: 1..<shown.count)
    #expect(!isLonger)
    for index in 0..<SHA1.size {
      var wrong = mac.array
      wrong[index] ^= 1
      let isTaken = mac.begins(with: wrong.span, in: 0..<wrong.count)
      #expect(!isTaken, "byte \(index)")
    }
  }

  @Test func `a pool of random numbers gives no number twice, over many pages`() {
    let pool = RandomPool()
    let words = Set((0..<10_000).map { _ in pool.next() })
    #expect(words.count == 10_000 && !words.contains(0))
  }

  @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")])
  func `base64 gives the values of RFC 4648 section 10`(plain: String, coded: String) {
    #expect(Base64.encode(Array(plain.utf8)) == coded)
    #expect(Base64.decode(coded) == Array(plain.utf8))
  }

  @Test(arguments: ["Zg=", "Zg", "Z===", "====", "Zm9v\n", "Zm 9", "Zg==Zg==", "Zm-v"])
  func `base64 refuses what is not padded standard text`(text: String) {
    #expect(Base64.decode(text) == nil)
  }

  @Test func `constant-time comparison is comparison`() {
    #expect(equalInConstantTime([1, 2], [1, 2]))
    #expect(!equalInConstantTime([1, 2], [1, 3]))
    #expect(!equalInConstantTime([1, 2], [1, 2, 3]))
  }

  @Test func `two draws of the secure generator differ`() {
    var random = SecureRandom()
    #expect(random.bytes(16) != random.bytes(16))
    #expect(random.bytes(13).count == 13)
  }
}
