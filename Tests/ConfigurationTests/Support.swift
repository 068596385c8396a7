// Loads configurations from synthetic sources, for the tests beside it.

import Testing

@testable import Configuration

struct NoSuchFile: Error, CustomStringConvertible {
  var description: String { "no such file" }
}

/// The sources of one start of a program.
struct Start {
  var program = Program.turnd
  var arguments: [String] = []
  var environment: [String: String] = [:]
  var files: [String: String] = [:]

  init(
    _ program: Program = .turnd, _ line: String = "", environment: [String: String] = [:],
    file: String? = nil
  ) {
    self.program = program
    self.arguments = line.split(separator: " ").map(String.init)
    self.environment = environment
    if let file {
      arguments += ["--config", "/etc/p.json5"]
      files["/etc/p.json5"] = file
    }
  }

  func outcome() throws(ConfigurationError) -> Outcome<ServerConfiguration> {
    try ServerConfiguration.load(
      program: program, arguments: arguments, environment: environment
    ) { path in
      guard let text = files[path] else { throw NoSuchFile() }
      return Array(text.utf8)
    }
  }

  func settings(_ location: SourceLocation = #_sourceLocation) throws -> ServerConfiguration {
    switch try outcome() {
    case .run(let settings): return settings
    case .help(let text), .version(let text):
      Issue.record("not a start: \(text)", sourceLocation: location)
      throw NoSuchFile()
    }
  }

  /// The message of a start that fails; it is one line and not too long.
  func refusal(_ location: SourceLocation = #_sourceLocation) -> String {
    do throws(ConfigurationError) {
      let outcome = try outcome()
      Issue.record("starts: \(outcome)", sourceLocation: location)
      return ""
    } catch {
      #expect(!error.message.contains("\n"), sourceLocation: location)
      #expect(error.message.count <= 200, sourceLocation: location)
      return error.message
    }
  }
}

/// What turnd needs to start at all.
let enough = "--relay-ip 192.0.2.7 --user ann:pw "
