// Reading a configuration again: what changes, what waits, and what a mistake does.

import Logging
import NetTypes
import Synchronization
import Testing

@testable import Configuration

@Suite("A configuration that is read again")
struct RunningConfigurationTests {
  /// A file that somebody edits.
  private final class EditedFile: Sendable {
    let text: Mutex<String>
    init(_ text: String) { self.text = Mutex(text) }
    func put(_ text: String) { self.text.withLock { $0 = text } }
  }

  private func start(
    _ file: EditedFile, _ program: Program = .turnd, _ line: String = "",
    environment: [String: String] = [:]
  ) throws -> RunningConfiguration {
    let arguments = line.split(separator: " ").map(String.init) + ["--config", "/etc/p.json5"]
    let sources = RunningConfiguration.Sources(
      program: program, arguments: arguments, environment: environment
    ) { _ in Array(file.text.withLock { $0 }.utf8) }
    guard case .run(let values) = try sources.read() else { throw NoSuchFile() }
    return try RunningConfiguration(sources, values)
  }

  private let head = "\"relay-ip\": \"192.0.2.7\", "

  @Test func `what may change does, and its name is told`() throws {
    let file = EditedFile("{\(head) user: 'ann:pw' }")
    var running = try start(file)
    file.put(
      "{\(head) user: ['ann:pw', 'bob:pw'], secret: 's', 'deny-peer': '8.8.8.0/24',"
        + " 'user-quota': 3, 'total-quota': 9, 'stop-grace': 1, 'log-level': 'debug' }")
    let change = try running.readAgain()
    #expect(
      change.taken.sorted()
        == [
          "deny-peer", "log-level", "secret", "stop-grace", "total-quota", "user", "user-quota",
        ])
    #expect(change.waiting.isEmpty)
    #expect(running.settings.users.map(\.name) == ["ann", "bob"])
    #expect(running.settings.secrets.map(\.text) == ["s"])
    #expect(running.settings.deniedPeers.map(\.text) == ["8.8.8.0/24"])
    #expect(running.settings.userQuota == 3 && running.settings.totalQuota == 9)
    #expect(running.settings.logLevel == .debug && running.settings.stopGrace == .seconds(1))
    let again = try running.readAgain()
    #expect(again == RunningConfiguration.Change())
  }

  @Test func `what may not change keeps its value and is named, and the rest changes`() throws {
    let file = EditedFile("{\(head) user: 'ann:pw', listen: 'udp:192.0.2.7:3478' }")
    var running = try start(file)
    file.put(
      "{ 'relay-ip': '192.0.2.8', user: 'eve:pw', listen: 'udp:192.0.2.7:3479', threads: 7,"
        + " realm: 'other' }")
    let change = try running.readAgain()
    #expect(change.taken == ["user"])
    #expect(change.waiting.sorted() == ["listen", "realm", "relay-ip", "threads"])
    #expect(running.settings.listeners.map(\.address.port) == [3_478])
    #expect(running.settings.relayAddresses.map(\.text) == ["192.0.2.7"])
    #expect(running.settings.realm == "parley")
    #expect(running.settings.users.map(\.name) == ["eve"])
    // It still waits the next time.
    let again = try running.readAgain()
    #expect(again.waiting.count == 4)
  }

  @Test(arguments: [
    ("{ user: 'ann' }", "\"user\": the value (not shown) is not NAME:PASSWORD"),
    ("{ usr: 'ann:pw' }", "did you mean \"user\"?"), ("{", "/etc/p.json5"),
    ("{ 'deny-peer': '10.0.0.0/33' }", "is not a block of addresses"),
    ("{}", "no credentials: give --secret SECRET or --user NAME:PASSWORD"),
    ("{ user: ['a:b', 'a:c'] }", "the name \"a\" is given twice"),
  ])
  func `a mistake leaves everything as it was, and says what is wrong`(
    text: String, message: String
  ) throws {
    let file = EditedFile("{\(head) user: 'ann:pw', 'deny-peer': '8.8.8.0/24' }")
    var running = try start(file)
    file.put(text)
    let error = #expect(throws: ConfigurationError.self) { try running.readAgain() }
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    #expect(running.settings.users.map(\.name) == ["ann"])
    #expect(running.settings.deniedPeers.count == 1)
    let isTaken = running.reload()
    #expect(!isTaken)
    file.put("{\(head) user: 'bob:pw' }")
    let isTakenNow = running.reload()
    #expect(isTakenNow)
    #expect(running.settings.users.map(\.name) == ["bob"])
  }

  @Test func `flags and variables go on winning over the file`() throws {
    let file = EditedFile("{ user: 'ann:pw' }")
    var running = try start(
      file, .turnd, "--relay-ip 192.0.2.7 --deny-peer 8.8.8.8/32",
      environment: ["PARLEY_SECRET": "s"])
    file.put("{ user: 'bob:pw', secret: 't', 'deny-peer': '9.9.9.9/32' }")
    let change = try running.readAgain()
    #expect(change.taken == ["user"])
    #expect(running.settings.secrets.map(\.text) == ["s"])
    #expect(running.settings.deniedPeers.map(\.text) == ["8.8.8.8/32"])
  }

  @Test("Trap 40: without credentials nothing starts, and nothing goes on without them either")
  func openRelay() throws {
    let file = EditedFile("{\(head) user: 'ann:pw' }")
    var running = try start(file)
    file.put("{\(head) }")
    #expect(throws: ConfigurationError.self) { try running.readAgain() }
    #expect(running.settings.users.map(\.name) == ["ann"])
    for program in [Program.turnd, .parleyd] {
      #expect(
        Start(program, "--relay-ip 192.0.2.7").refusal()
          == "no credentials: give --secret SECRET or --user NAME:PASSWORD, or --dev to try it here"
      )
    }
  }

  @Test func `the file of tenants is read again, all of it or nothing`() throws {
    let file = EditedFile("{ tenants: { a: { keys: [{ secret: '\(secret)' }] } } }")
    let sources = RunningConfiguration.Sources(
      program: .parleyd, arguments: ["--dev", "--tenants", "/t.json5"], environment: [:]
    ) { _ in Array(file.text.withLock { $0 }.utf8) }
    guard case .run(let values) = try sources.read() else { throw NoSuchFile() }
    var running = try RunningConfiguration(sources, values)
    #expect(try running.readAgain() == RunningConfiguration.Change())
    file.put("{ tenants: { b: { keys: [{ secret: '\(secret)' }] } } }")
    #expect(try running.readAgain() == RunningConfiguration.Change(taken: ["tenants"]))
    #expect(running.settings.tenants.map(\.id) == ["b"])
    file.put("{ tenants: { c: { keys: [{ secret: '\(secret)' }] }, d: {} } }")
    #expect(throws: ConfigurationError.self) { try running.readAgain() }
    #expect(running.settings.tenants.map(\.id) == ["b"])
  }

  private let secret = "a secret of thirty-two bytes, no less"
}
