// The table as other programs use it, the text of help, and how a program ends.

import Foundation
import Testing

@testable import Configuration

@Suite("Option tables")
struct OptionTableTests {
  struct Tool: Sendable {
    var admin: AdminAddress?
    var words: [String] = []
    var json = false
  }

  static let tool = OptionTable<Tool>(
    program: "tool", summary: "asks",
    groups: [
      OptionGroup(
        "Asking",
        [
          .value("admin", "HOST:PORT|unix:PATH", default: "127.0.0.1:9090", help: "Ask here.") {
            $0.admin = try OptionValues.admin($1)
          },
          .toggle("json", help: "Write JSON.") { $0.json = true },
        ])
    ],
    arguments: .init("COMMAND [NAME]") { settings, words in
      guard let command = words.first, ["rooms", "room"].contains(command) else {
        throw MalformedValue.isNot("one of rooms, room NAME")
      }
      settings.words = words
    })

  private func parse(_ line: String, environment: [String: String] = [:]) throws -> Tool? {
    let outcome = try Self.tool.parse(
      into: Tool(), arguments: line.split(separator: " ").map(String.init),
      environment: environment
    ) { _ in throw NoSuchFile() }
    if case .run(let settings) = outcome { return settings }
    return nil
  }

  @Test func `Words and options may be mixed`() throws {
    let settings = try #require(try parse("room --json tea --admin=unix:/a"))
    #expect(settings.words == ["room", "tea"])
    #expect(settings.json)
    #expect(settings.admin == .unix(path: "/a"))
    #expect(try parse("room -- --json")?.words == ["room", "--json"])
    #expect(try parse("room -")?.words == ["room", "-"])
    #expect(try parse("rooms --json=false")?.json == false)
  }

  @Test func `Words that mean nothing are refused`() {
    let expected = "\"rom tea\" is not one of rooms, room NAME"
    #expect(throws: ConfigurationError(expected)) { try parse("rom tea") }
    #expect(throws: ConfigurationError("nothing is not one of rooms, room NAME")) { try parse("") }
  }

  @Test func `A table without a prefix reads no variables and no file`() throws {
    #expect(try parse("rooms", environment: ["PARLEY_JSON": "1", "_JSON": "1"])?.json == false)
    #expect(throws: ConfigurationError.self) { try parse("rooms --config x") }
    #expect(!Self.tool.help.contains("--config"))
  }

  @Test(arguments: Program.allCases)
  func `Help shows every option within 80 columns`(program: Program) throws {
    let table = ServerConfiguration.table(for: program)
    let help = table.help
    for line in help.split(separator: "\n") {
      #expect(line.count <= 80, "\(line)")
      #expect(line.last != " ", "\(line)")
    }
    for option in table.options {
      #expect(help.contains("\n  \(option.flag)"), "\(option.name)")
      #expect(!option.help.isEmpty)
    }
    #expect(help.contains("PARLEY_LISTEN"))
    #expect(help.hasSuffix("\n") && !help.hasSuffix("\n\n"))
    #expect(Set(table.options.map(\.name)).count == table.options.count)
  }

  @Test func `Defaults in help are those that are set`() {
    let help = ServerConfiguration.table(for: .parleyd).help
    #expect(help.contains("[default: parley]"))
    #expect(help.contains("[default: 49152-65535]"))
    let flat = help.split { $0.isWhitespace }.joined(separator: " ")
    #expect(flat.contains("[default: 0.0.0.0:8080; with --dev 127.0.0.1:8080]"))
    #expect(flat.contains("[default: fallback; with --dev always]"))
  }

  @Test(arguments: Program.allCases)
  func `Every default and every example is well formed`(program: Program) throws {
    let table = ServerConfiguration.table(for: program)
    for option in table.options {
      for value in option.defaults + option.defaultsWith.values.flatMap({ $0 }) {
        var settings = ServerConfiguration()
        #expect(throws: Never.self, "\(option.name)") { try option.set(&settings, value) }
      }
    }
    for example in table.examples where !example.command.contains("--config") {
      let words = example.command.replacing("\"$(cat /etc/parley/secret)\"", with: "s")
      #expect(words.hasPrefix(program.rawValue + " "))
      let line = words.dropFirst(program.rawValue.count + 1)
      #expect(throws: Never.self, "\(line)") { try Start(program, String(line)).settings() }
    }
  }

  @Test(arguments: ["--help", "-h", "--realm x --help", "--nonsense --help", "--realm --help"])
  func `Help is shown whatever else is wrong`(line: String) throws {
    guard case .help(let text) = try Start(.turnd, line).outcome() else {
      Issue.record("no help for \(line)")
      return
    }
    #expect(text.hasPrefix("turnd "))
  }

  @Test func `The version is shown`() throws {
    guard case .version(let text) = try Start(.stund, "--version").outcome() else {
      Issue.record("no version")
      return
    }
    #expect(text == "stund \(Release.version)")
  }

  @Test func `Help and version end with 0 on standard output`() async {
    let help = await #expect(
      processExitsWith: .exitCode(0), observing: [\.standardOutputContent, \.standardErrorContent]
    ) {
      _ = Machine.settings(program: "turnd") { () throws(ConfigurationError) in
        try Start(.turnd, "--help").outcome()
      }
    }
    let text = String(decoding: help?.standardOutputContent ?? [], as: UTF8.self)
    #expect(text.contains("Usage: turnd [OPTIONS]"))
  }

  @Test func `A mistake ends with 64 and one line on standard error`() async {
    let result = await #expect(
      processExitsWith: .exitCode(64), observing: [\.standardErrorContent]
    ) {
      _ = Machine.settings(program: "turnd") { () throws(ConfigurationError) in
        try Start(.turnd, "--threads none").outcome()
      }
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    let expected = "turnd: --threads: \"none\" is not a number from 1 to 256 or auto"
    #expect(text.split(separator: "\n").contains { $0 == expected })
  }

  @Test func `The real reader says why a file can not be read`() throws {
    let start = ["--config", "/nonexistent/parley.json5"]
    #expect(
      throws: ConfigurationError(
        "--config: \"/nonexistent/parley.json5\" can not be read (no such file)")
    ) {
      try ServerConfiguration.load(
        program: .turnd, arguments: start, environment: [:], readFile: Machine.readFile)
    }
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).json5")
    try Data("{ threads: 5 }".utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let outcome = try ServerConfiguration.load(
      program: .stund, arguments: ["--config", file.path], environment: [:],
      readFile: Machine.readFile)
    guard case .run(let settings) = outcome else { return }
    #expect(settings.threads == 5)
  }

  @Test func `Near words are suggested and far ones are not`() {
    let words = ["listen", "realm", "relay-ip", "port-range"]
    #expect(Suggestion.nearest(to: "lsiten", among: words) == "listen")
    #expect(Suggestion.nearest(to: "ip", among: words) == nil)
    #expect(Suggestion.nearest(to: "range", among: words) == "port-range")
    #expect(Suggestion.nearest(to: "", among: words) == nil)
    #expect(Suggestion.distance("abcd", "acbd") == 1)
    #expect(Suggestion.distance("kitten", "sitting") == 3)
  }
}
