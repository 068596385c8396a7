// What is made of passwords and names before they are hashed (RFC 8265, RFC 4013).

import Testing

@testable import Configuration

struct PreparedStringTests {
  private func user(_ text: String) throws -> ServerConfiguration.User {
    try OptionValues.user(text)
  }

  @Test(arguments: [
    ("correct horse", "correct horse"), ("caf\u{65}\u{301}", "caf\u{E9}"),
    ("a\u{A0}b\u{3000}c", "a b c"), ("\u{AA}\u{2168}", "\u{AA}\u{2168}"), ("\u{7}", nil),
    ("a\u{AD}b", nil), ("a\u{200D}b", nil), ("\u{1100}\u{1161}", nil), ("\u{E000}", nil), ("", nil),
    ("\u{1F511}", "\u{1F511}"),
  ])
  func `OpaqueString composes, maps spaces and refuses what has no place`(
    text: String, prepared: String?
  ) {
    #expect(OpaqueString.prepare(text).map { Array($0.utf8) } == prepared.map { Array($0.utf8) })
  }

  /// RFC 4013 §3 and RFC 5769 §2.4.
  @Test(arguments: [
    ("I\u{AD}X", "IX"), ("user", "user"), ("USER", "USER"), ("\u{AA}", "a"), ("\u{2168}", "IX"),
    ("\u{7}", nil), ("The\u{AD}M\u{AA}tr\u{2168}", "TheMatrIX"), ("\u{AD}", nil),
  ])
  func `SASLprep is as its RFC shows`(text: String, prepared: String?) {
    #expect(SASLprep.prepare(text) == prepared)
  }

  @Test func `a password has each form that clients may have made of it, once`() throws {
    #expect(try user("ann:plain").passwords == ["plain"])
    #expect(
      try user("ann:The\u{AD}M\u{AA}tr\u{2168}").passwords
        == ["TheMatrIX", "The\u{AD}M\u{AA}tr\u{2168}"])
    let forms = try user("ann:caf\u{65}\u{301}").passwords.map { Array($0.utf8) }
    #expect(forms == [Array("caf\u{E9}".utf8), Array("cafe\u{301}".utf8)])
  }

  @Test func `a name is composed, as clients of RFC 8489 send it`() throws {
    #expect(try Array(user("caf\u{65}\u{301}:p").name.utf8) == Array("caf\u{E9}".utf8))
  }

  @Test func `a key of 32 or 64 digits stands for its password, and is not printed`() throws {
    let md5 = try user("ann:0x8493fbc53ba582fb4c044c456bdc40EB")
    #expect(md5.key?.count == 16 && md5.key?.first == 0x84 && md5.key?.last == 0xEB)
    #expect(md5.passwords.isEmpty)
    #expect(!"\(md5)".contains("8493"))
    #expect(try user("ann:0x" + String(repeating: "a5", count: 32)).key?.count == 32)
    #expect(try user("ann:plain").key == nil)
    for odd in ["0x", "0x12", "0x8493fbc53ba582fb4c044c456bdc40eg", "0xnothing"] {
      #expect(throws: MalformedValue.self) { try user("ann:" + odd) }
    }
  }
}
