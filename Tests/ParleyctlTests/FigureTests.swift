// Numbers, times and foreign text as the tables show them.

import Testing

@testable import parleyctl

@Suite struct FigureTests {
  @Test(arguments: [
    (0, "0s"), (59, "59s"), (60, "1m00s"), (192, "3m12s"), (3_599, "59m59s"), (3_600, "1h00m"),
    (7_500, "2h05m"), (86_399, "23h59m"), (86_400, "1d00h"), (356_400, "4d03h"), (-1, "0s"),
  ])
  func `Ages are told in their two largest units`(seconds: Int64, text: String) {
    #expect(Figures.age(seconds) == text)
  }

  @Test(
    arguments: [
      (0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (1_234, "1.2 kB"), (99_999, "99.9 kB"),
      (100_000, "100 kB"), (999_999, "999 kB"), (1_000_000, "1.0 MB"), (34_567_890, "34.5 MB"),
      (678_901_234_567, "678 GB"), (5_000_000_000_000, "5.0 TB"), (.max, "18.4 EB"),
    ] as [(UInt64, String)])
  func `Bytes are told with a unit`(count: UInt64, text: String) {
    #expect(Figures.bytes(count) == text)
  }

  @Test func `Counts are told by name, and none as a dash`() {
    #expect(Figures.counts(["offer": 1, "candidate": 12]) == "candidate 12, offer 1")
    #expect(Figures.counts([:]) == "-")
  }

  @Test(arguments: [
    ("Ann", "Ann"), ("\u{1B}[2J", "\\u{1b}[2J"), ("a\nb", "a\\u{a}b"), ("\u{202E}x", "\\u{202e}x"),
    ("\u{9B}1m", "\\u{9b}1m"), ("👩‍🚀", "👩‍🚀"), ("Bén", "Bén"),
  ])
  func `Foreign text moves no cursor`(text: String, shown: String) {
    #expect(Figures.printable(text) == shown)
  }

  @Test func `Long text is cut with a mark`() {
    #expect(Figures.shortened("abcdef", to: 6) == "abcdef")
    #expect(Figures.shortened("abcdefg", to: 6) == "abcde…")
  }
}
