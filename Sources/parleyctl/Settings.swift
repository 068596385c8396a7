// What parleyctl can be told: where the server is, and what to show of it.

import AdminAPI
import Configuration
import NetTypes

/// What is asked of the server.
enum Command: Equatable, Sendable {
  case rooms
  case room(String)
  case allocations
  case drain

  /// Reads the words of a command line that are no options.
  init(words: [String]) throws(MalformedValue) {
    switch words.first {
    case "rooms" where words.count == 1: self = .rooms
    case "allocations" where words.count == 1: self = .allocations
    case "drain" where words.count == 1: self = .drain
    case "room" where words.count == 2 && !words[1].isEmpty: self = .room(words[1])
    case "room" where words.count > 2: throw MalformedValue("has a word too many: room NAME")
    case "room": throw MalformedValue("lacks the name of the room: room NAME")
    case "rooms", "allocations", "drain": throw MalformedValue("has a word too many")
    case nil: throw MalformedValue("is asked for; give rooms, room NAME, allocations or drain")
    case let word?:
      let near = Suggestion.nearest(to: word, among: ["rooms", "room", "allocations", "drain"])
      throw MalformedValue(
        near.map { "is no command; did you mean \($0)?" }
          ?? "is no command; there are rooms, room NAME, allocations and drain")
    }
  }
}

/// The settings of one run.
struct Settings: Equatable, Sendable {
  var admin = AdminAddress.tcp(SocketAddress(.loopbackV4, port: 0))
  var printsJSON = false
  var command = Command.rooms
  /// Seconds after which a server that drains ends; `nil` for the server's own.
  var deadlineSeconds: Int?

  var path: AdminPath {
    switch command {
    case .rooms: .rooms
    case .room(let name): .room(name)
    case .allocations: .allocations
    case .drain: .drain(deadlineSeconds: deadlineSeconds)
    }
  }

  static let table = OptionTable<Settings>(
    program: "parleyctl",
    summary: "shows the rooms and allocations of a running server, and lets it drain",
    environmentPrefix: "PARLEY", readsFile: false,
    groups: [
      OptionGroup(
        "Options",
        [
          .value(
            "admin", "HOST:PORT|unix:PATH", default: "127.0.0.1:8081",
            help: "Where the server answers: its own --admin."
          ) {
            $0.admin = try OptionValues.admin($1)
          },
          .toggle("json", help: "Print what the server says as JSON, for programs.") {
            $0.printsJSON = true
          },
          .value(
            "deadline", "SECONDS",
            help: "With drain: end after so long, whatever is left."
          ) {
            $0.deadlineSeconds = Int(try OptionValues.seconds($1).components.seconds)
          }.noting(default: "the server's --drain-deadline"),
        ])
    ],
    arguments: .init("rooms | room NAME | allocations | drain") {
      $0.command = try Command(words: $1)
    },
    examples: [
      ("parleyctl rooms", "All rooms, and how many are in each:"),
      ("parleyctl room tea", "Who is in one room, and what they said:"),
      ("parleyctl allocations", "Who uses the relay, and what went through it:"),
      ("parleyctl drain --deadline 600", "Take nothing new, and end in ten minutes at most:"),
      (
        "parleyctl --admin unix:/run/parley/admin.sock --json allocations",
        "The same for programs, from a server with a Unix socket:"
      ),
    ])
}
