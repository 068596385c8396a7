// The command line of parleyctl.

import AdminAPI
import Configuration
import NetTypes
import Testing

@testable import parleyctl

@Suite struct SettingsTests {
  private func settings(
    _ arguments: [String], _ environment: [String: String] = [:]
  ) throws -> Settings? {
    let outcome = try Settings.table.parse(
      into: Settings(), arguments: arguments, environment: environment, readFile: { _ in [] })
    if case .run(let settings) = outcome { return settings }
    return nil
  }

  private func message(_ arguments: [String]) -> String? {
    do {
      _ = try settings(arguments)
      return nil
    } catch {
      return (error as? ConfigurationError)?.message
    }
  }

  @Test func `Each command has its words`() throws {
    #expect(try settings(["rooms"])?.command == .rooms)
    #expect(try settings(["room", "tea"])?.command == .room("tea"))
    #expect(try settings(["allocations", "--json"])?.command == .allocations)
    #expect(try settings(["allocations", "--json"])?.printsJSON == true)
    #expect(try settings(["kick", "tea", "p1"])?.command == .kick(room: "tea", peer: "p1"))
    let kick = try settings(["--reason", "be kind", "kick", "tea", "p1", "--tenant", "acme"])?.path
    #expect(
      kick == .change(RoomTarget("tea", tenant: "acme"), .kick(peer: "p1", reason: "be kind")))
    #expect(kick?.method == "POST")
    #expect(kick?.encoded == "/rooms/tea/kick?peer=p1&reason=be%20kind&tenant=acme")
    #expect(try settings(["close-room", "tea"])?.path?.encoded == "/rooms/tea/close")
    #expect(try settings(["say", "tea", "a b"])?.path?.encoded == "/rooms/tea/say?text=a%20b")
    #expect(try settings(["rooms", "--tenant", "acme"])?.path?.encoded == "/rooms?tenant=acme")
    #expect(try settings(["watch", "--once"])?.once == true)
    #expect(try settings(["completion", "zsh"])?.command == .completion(.zsh))
    #expect(try settings(["drain"])?.path == .drain(deadlineSeconds: nil))
    let hurried = try settings(["drain", "--deadline", "60"])?.path
    #expect(hurried == .drain(deadlineSeconds: 60))
    #expect(hurried?.method == "POST" && hurried?.encoded == "/drain?deadline=60")
  }

  @Test func `The server is where a flag, a variable or the default says`() throws {
    #expect(try settings(["rooms"])?.admin.description == "127.0.0.1:8081")
    let variables = ["PARLEY_ADMIN": "unix:/run/x.sock"]
    #expect(try settings(["rooms"], variables)?.admin == .unix(path: "/run/x.sock"))
    let flag = ["rooms", "--admin", "[::1]:9"]
    #expect(try settings(flag, variables)?.admin.description == "[::1]:9")
  }

  @Test func `The file of the servers is not looked at`() throws {
    #expect(try settings(["rooms"], ["PARLEY_CONFIG": "/nowhere"])?.command == .rooms)
    #expect(message(["--config", "x", "rooms"])?.contains("--config is no option") == true)
  }

  private static let commands =
    "rooms, room, allocations, watch, kick, close-room, say, drain and completion"

  @Test(
    arguments: [
      ([], "nothing is asked for; there are \(Self.commands)"),
      (["romms"], "\"romms\" is no command; did you mean rooms?"),
      (["alocations"], "\"alocations\" is no command; did you mean allocations?"),
      (["xyzzy"], "\"xyzzy\" is no command; there are \(Self.commands)"),
      (["room"], "\"room\" lacks NAME: room NAME"),
      (["room", ""], "\"room \" lacks NAME: room NAME"),
      (["kick", "tea"], "\"kick tea\" lacks PEER: kick ROOM PEER"),
      (["say", "tea", "hello", "you"], "\"say tea hello you\" has a word too many: say ROOM TEXT"),
      (["completion"], "\"completion\" lacks SHELL: completion SHELL"),
      (["room", "a", "b"], "\"room a b\" has a word too many: room NAME"),
      (["rooms", "a"], "\"rooms a\" has a word too many"),
    ] as [([String], String)])
  func `A mistake is told in a line that helps`(words: [String], text: String) {
    #expect(message(words) == text)
  }

  @Test func `Help names the commands and the options and fits a terminal`() {
    let help = Settings.table.help
    for word in Command.rows.map(\.word.usage) + ["--json", "--admin", "PARLEY_ADMIN"] {
      #expect(help.contains(word))
    }
    #expect(!help.contains("--config"))
    #expect(help.split(separator: "\n").allSatisfy { $0.count <= 80 })
  }
}
