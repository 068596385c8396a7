// The outer form of tokens: three parts in the one form of base64url, and not too long.

import Crypto
import Testing
import TokenTesting

struct CompactJWSTests {
  @Test(arguments: [
    ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("\u{3FF}?", "z78_"),
  ])
  func `base64url has no padding and an alphabet for URLs`(plain: String, coded: String) {
    #expect(Base64URL.encode(Array(plain.utf8)) == coded)
    #expect(Base64URL.decode(coded) == Array(plain.utf8))
  }

  @Test(arguments: [
    "Zg==", "Zg=", "Zh", "Zm9=", "Zm9vY", "Zm 8", "Zm8\n", "z78/", "z7+_", "Z", "é",
  ])
  func `base64url has one form for each byte string`(text: String) {
    #expect(Base64URL.decode(text) == nil)
  }

  @Test func `a token falls into header, payload and signature`() throws {
    let token = try CompactJWS("eyJhbGciOiJub25lIn0.e30.AQAB")
    #expect(String(decoding: token.header, as: UTF8.self) == #"{"alg":"none"}"#)
    #expect(String(decoding: token.payload, as: UTF8.self) == "{}")
    #expect(token.signature == [1, 0, 1])
    #expect(String(decoding: token.signingInput, as: UTF8.self) == "eyJhbGciOiJub25lIn0.e30")
  }

  @Test(arguments: ["", "e30", "e30.e30", "e30.e30.AQAB.", "e30.e30.AQAB.AQAB", "a.b.c.d.e"])
  func `a token has three parts`(text: String) {
    #expect(throws: CompactJWS.Fault.notThreeParts) { try CompactJWS(text) }
  }

  @Test(arguments: ["e30=.e30.AQAB", "e30.e30=.AQAB", "e30.e30.AQAB=", "e30.e30.AQ AB"])
  func `padding and anything behind the signature are refused`(text: String) {
    #expect(throws: CompactJWS.Fault.notBase64URL) { try CompactJWS(text) }
  }

  @Test func `another spelling of the same signature is refused`() {
    // The last digit of 32 bytes has two bits that no byte has.
    let other = ExampleKeys.hs256Token.dropLast() + "l"
    #expect(throws: CompactJWS.Fault.notBase64URL) { try CompactJWS(String(other)) }
  }

  @Test func `a token of more than 4096 bytes is refused`() {
    let parts = "e30." + String(repeating: "A", count: CompactJWS.bytesMax - 8) + ".e30"
    #expect(parts.utf8.count == CompactJWS.bytesMax)
    #expect(throws: Never.self) { try CompactJWS(parts) }
    #expect(throws: CompactJWS.Fault.tooLong) { try CompactJWS(parts + "A") }
  }
}
