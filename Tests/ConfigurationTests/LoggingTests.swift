// The log: its format, what it hides, and that no value and no thread breaks a line.

import Foundation
import NetTypes
import Testing

@testable import Logging

@Suite("Logging")
struct LoggingTests {
  /// What an output writes while it is used.
  private func written(
    level: Log.Level = .info, showPrivate: Bool = false, _ use: (LogOutput) throws -> Void
  ) throws -> String {
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).log")
    try Data().write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let handle = try FileHandle(forWritingTo: file)
    try handle.seekToEnd()
    let output = LogOutput(descriptor: handle.fileDescriptor)
    output.configure(level: level, showPrivate: showPrivate)
    try use(output)
    try handle.close()
    return try String(contentsOf: file, encoding: .utf8)
  }

  private func line(_ pairs: KeyValuePairs<StaticString, String>) -> String {
    var line = LogLine()
    for (key, value) in pairs { line.append(key, value) }
    return String(decoding: line.ended(), as: UTF8.self)
  }

  @Test func `An event is one line of logfmt`() throws {
    let text = try written { output in
      output.write(
        .info, "listening",
        ["transport": "udp", "address": .public(SocketAddress(.loopbackV4, port: 3478)), "n": 2])
    }
    let pattern =
      #/
        time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\ level=info\ event=listening
        \ transport=udp\ address=127\.0\.0\.1:3478\ n=2\n
      /#
    #expect(text.wholeMatch(of: pattern) != nil, "\(text)")
  }

  @Test func `Only levels that are shown are written or evaluated`() throws {
    for level in Log.Level.allCases {
      var evaluated = 0
      let text = try written(level: level) { output in
        for other in Log.Level.allCases {
          func fields() -> Log.Fields {
            evaluated += 1
            return [:]
          }
          output.write(other, "event", fields())
          #expect(output.shows(other) == (other <= level))
        }
      }
      let shown = Log.Level.allCases.filter { $0 <= level }
      #expect(evaluated == shown.count)
      #expect(text.split(separator: "\n").count == shown.count)
    }
  }

  @Test(
    "Trap 38: whatever is in a user name, it stays one value of one line",
    arguments: [
      ("%s%n%x", "%s%n%x"), ("plain", "plain"), ("", "\"\""), ("two words", "\"two words\""),
      ("a=b", "\"a=b\""),
      ("a\nlevel=error", "\"a\\nlevel=error\""), ("\"", "\"\\\"\""), ("a\\b", "\"a\\\\b\""),
      ("\r\t", "\"\\r\\t\""), ("\u{1B}[0m", "\"\\u{1b}[0m\""), ("\0", "\"\\u{0}\""),
      ("\u{85}\u{2028}\u{2029}", "\"\\u{85}\\u{2028}\\u{2029}\""), ("\u{7F}", "\"\\u{7f}\""),
      ("a\u{202E}b", "\"a\\u{202e}b\""), ("grüß", "\"grüß\""), ("\r\n", "\"\\r\\n\""),
    ])
  func escaped(value: String, expected: String) {
    #expect(line(["key": value]) == "key=\(expected)\n")
  }

  @Test func `No value makes a second line`() {
    for scalar in (0...0x2FFF).compactMap(Unicode.Scalar.init) {
      let text = line(["key": "a\(scalar)b"])
      #expect(text.dropLast().allSatisfy { !$0.isNewline }, "U+\(scalar.value)")
      #expect(text.hasSuffix("\n"))
    }
  }

  @Test func `Long values and long lines are cut`() {
    let long = String(repeating: "x", count: 5000)
    let one = line(["a": long, "b": "kept"])
    #expect(one.hasSuffix("x…\" b=kept\n"))
    #expect(one.utf8.count < LogLine.valueBytesMax + 32)
    let many = line(["a": long, "b": long, "c": long, "d": long, "e": long, "f": "lost"])
    #expect(many.utf8.count <= LogLine.bytesMax)
    #expect(many.hasSuffix(" truncated=true\n"))
    #expect(!many.contains("lost"))
  }

  @Test func `Private values show as tags, the same for the same value`() throws {
    let peers = try ["192.0.2.1:1", "192.0.2.1:1", "192.0.2.2:1"].map {
      try #require(SocketAddress($0))
    }
    let text = try written { output in
      for peer in peers { output.write(.info, "peer", ["peer": .private(peer), "n": 1]) }
    }
    let tags = text.matches(of: /peer=(~[0-9a-f]{8}) n=1/).map(\.1)
    try #require(tags.count == 3)
    #expect(tags[0] == tags[1])
    #expect(tags[0] != tags[2])
    #expect(!text.contains("192"))
  }

  @Test func `Private values show when they are asked for`() throws {
    let text = try written(showPrivate: true) { output in
      output.write(.info, "user", ["user": .private("ann"), "ip": .private(IPAddress.loopbackV6)])
    }
    #expect(text.hasSuffix("event=user user=ann ip=::1\n"))
  }

  @Test func `A redacted value is printed by nothing`() {
    let user = Redacted("ann@example.org")
    var dumped = ""
    dump(user, to: &dumped)
    dump([user], to: &dumped)
    let text = "\(user) \([user]) \(String(reflecting: user)) \(dumped)"
    #expect(!text.contains("ann"))
    #expect(user.description == Redacted("ann@example.org").description)
    #expect(user.value == "ann@example.org")
    #expect(LogValue.private(user).shown(revealing: false) == user.description)
    #expect(LogValue.private(user).shown(revealing: true) == "ann@example.org")
  }

  @Test func `Lines of many threads do not mix`() throws {
    let (threads, lines) = (8, 200)
    let value = String(repeating: "x", count: 300)
    let text = try written { output in
      DispatchQueue.concurrentPerform(iterations: threads) { _ in
        for _ in 0..<lines { output.write(.info, "event", ["value": .public(value), "end": 1]) }
      }
    }
    let all = text.split(separator: "\n")
    #expect(all.count == threads * lines)
    #expect(all.allSatisfy { $0.hasPrefix("time=") && $0.hasSuffix("value=\(value) end=1") })
  }

  @Test(arguments: [
    (0, "1970-01-01T00:00:00.007Z"), (951_782_399, "2000-02-28T23:59:59.007Z"),
    (951_782_400, "2000-02-29T00:00:00.007Z"), (951_868_800, "2000-03-01T00:00:00.007Z"),
    (1_738_324_800, "2025-01-31T12:00:00.007Z"), (4_107_542_400, "2100-03-01T00:00:00.007Z"),
    (4_102_444_799, "2099-12-31T23:59:59.007Z"),
  ])
  func `Times are those of the calendar`(seconds: Int, expected: String) {
    #expect(Timestamp.text(seconds: seconds, milliseconds: 7) == expected)
  }
}
