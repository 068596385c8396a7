// The commands of parleyctl: their words, what help says, and what each asks of the server.

import AdminAPI
import Configuration

/// What is asked of the server, or of parleyctl itself.
enum Command: Equatable, Sendable {
  case rooms
  case room(String)
  case allocations
  case watch
  case kick(room: String, peer: String)
  case closeRoom(String)
  case say(room: String, text: String)
  case drain
  case completion(Shell)

  /// A row of the table of commands.
  struct Row: Sendable {
    let word: CommandWord
    let name: String
    let operands: [String]
    /// Makes the command of as many words as there are operands, none of them empty.
    let make: @Sendable ([String]) throws(MalformedValue) -> Command

    init(
      _ name: String, _ operands: [String] = [], choices: [String] = [], help: String,
      make: @escaping @Sendable ([String]) throws(MalformedValue) -> Command
    ) {
      self.name = name
      self.operands = operands
      self.make = make
      word = CommandWord(name, operands, choices: choices, help: help)
    }
  }

  static let rows: [Row] = [
    Row("rooms", help: "All rooms, and how many are in each.") { _ in .rooms },
    Row("room", ["NAME"], help: "Who is in one room, and how each is doing.") { .room($0[0]) },
    Row("allocations", help: "Who uses the relay, and what went through it.") { _ in
      .allocations
    },
    Row("watch", help: "All of it, drawn anew every second, until q or Ctrl-C.") { _ in .watch },
    Row("kick", ["ROOM", "PEER"], help: "Send a peer away for good.") {
      .kick(room: $0[0], peer: $0[1])
    },
    Row("close-room", ["ROOM"], help: "Send everybody in a room away.") { .closeRoom($0[0]) },
    Row("say", ["ROOM", "TEXT"], help: "Tell everybody in a room something.") {
      .say(room: $0[0], text: $0[1])
    },
    Row("drain", help: "Take nothing new, and end when nothing is left.") { _ in .drain },
    Row(
      "completion", ["SHELL"], choices: Shell.allCases.map(\.rawValue),
      help: "Print the script that completes these words in bash, zsh or fish."
    ) { words throws(MalformedValue) in
      guard let shell = Shell(rawValue: words[0]) else {
        throw MalformedValue("names no shell that there is a script for; give bash, zsh or fish")
      }
      return .completion(shell)
    },
  ]

  /// Reads the words of a command line that are no options.
  init(words: [String]) throws(MalformedValue) {
    let names = Self.rows.map(\.name)
    let list = names.dropLast().joined(separator: ", ") + " and " + (names.last ?? "")
    guard let word = words.first else {
      throw MalformedValue("is asked for; there are \(list)")
    }
    guard let row = Self.rows.first(where: { $0.name == word }) else {
      let near = Suggestion.nearest(to: word, among: names)
      throw MalformedValue(
        near.map { "is no command; did you mean \($0)?" } ?? "is no command; there are \(list)")
    }
    let operands = Array(words.dropFirst())
    let usage = row.operands.isEmpty ? "" : ": \(row.word.usage)"
    guard operands.count <= row.operands.count else {
      throw MalformedValue("has a word too many\(usage)")
    }
    guard operands.count == row.operands.count, !operands.contains("") else {
      let missing = operands.firstIndex(of: "") ?? operands.count
      throw MalformedValue("lacks \(row.operands[missing])\(usage)")
    }
    self = try row.make(operands)
  }
}
