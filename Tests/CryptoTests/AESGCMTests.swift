// AES-GCM against the vectors of its authors, and against what nobody sealed.

import Crypto
import Testing

struct AESGCMTests {
  private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 1, 2, 13 and 14.
  @Test(arguments: [
    (16, 0, "58e2fccefa7e3061367f1d57a4e7455a"),
    (16, 16, "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf"),
    (32, 0, "530f8afbc74536b9a963b4f1c4cb738b"),
    (32, 16, "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"),
  ])
  func `zeros under a key of zeros`(keySize: Int, size: Int, sealed: String) {
    let (key, nonce) = ([UInt8](repeating: 0, count: keySize), [UInt8](repeating: 0, count: 12))
    let text = [UInt8](repeating: 0, count: size)
    let result = AESGCM.seal(text, key: key, nonce: nonce, authenticating: [])
    #expect(hex(result) == sealed)
    #expect(AESGCM.open(result, key: key, nonce: nonce, authenticating: []) == text)
  }

  @Test(arguments: [1, 12, 16, 128])
  func `what was sealed is opened with the same key, nonce and context only`(nonceSize: Int) {
    let (key, nonce) = ([UInt8](repeating: 1, count: 32), [UInt8](repeating: 2, count: nonceSize))
    let (text, context) = (Array("a text of no block size".utf8), Array("context".utf8))
    let sealed = AESGCM.seal(text, key: key, nonce: nonce, authenticating: context)
    #expect(sealed.count == text.count + AESGCM.tagSize)
    #expect(AESGCM.open(sealed, key: key, nonce: nonce, authenticating: context) == text)
    #expect(AESGCM.open(sealed, key: key, nonce: nonce, authenticating: []) == nil)
    for size in [0, 1, 129, 1_000] {
      let wrong = [UInt8](repeating: 3, count: size)
      #expect(AESGCM.open(sealed, key: key, nonce: wrong, authenticating: context) == nil)
    }
    let other = [UInt8](repeating: 9, count: 32)
    #expect(AESGCM.open(sealed, key: other, nonce: nonce, authenticating: context) == nil)
    for position in sealed.indices {
      var damaged = sealed
      damaged[position] ^= 0x80
      #expect(AESGCM.open(damaged, key: key, nonce: nonce, authenticating: context) == nil)
    }
    for length in 0..<sealed.count {
      let part = Array(sealed[..<length])
      #expect(AESGCM.open(part, key: key, nonce: nonce, authenticating: context) == nil)
    }
  }
}
