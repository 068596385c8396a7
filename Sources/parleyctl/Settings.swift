// What parleyctl can be told: where the server is, and what to show or do of it.

import AdminAPI
import Configuration
import NetTypes

/// The settings of one run.
struct Settings: Equatable, Sendable {
  var admin = AdminAddress.tcp(SocketAddress(.loopbackV4, port: 0))
  var printsJSON = false
  var command = Command.rooms
  /// Whose rooms; `nil` for those of all.
  var tenant: String?
  /// What those are told who are sent away.
  var reason: String?
  /// Whether to draw but one screen.
  var once = false
  /// Seconds after which a server that drains ends; `nil` for the server's own.
  var deadlineSeconds: Int?

  /// Where the server has what is asked for; `nil` when it is not asked, or more than once.
  var path: AdminPath? {
    switch command {
    case .rooms: .rooms(tenant: tenant)
    case .room(let name): .room(target(name))
    case .allocations: .allocations
    case .kick(let room, let peer): .change(target(room), .kick(peer: peer, reason: reason))
    case .closeRoom(let room): .change(target(room), .close(reason: reason))
    case .say(let room, let text): .change(target(room), .say(text: text))
    case .drain: .drain(deadlineSeconds: deadlineSeconds)
    case .watch, .completion: nil
    }
  }

  private func target(_ room: String) -> RoomTarget { RoomTarget(room, tenant: tenant) }

  static let table = OptionTable<Settings>(
    program: "parleyctl",
    summary: "shows the rooms and allocations of a running server, and acts on them",
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
          .value("tenant", "NAME", help: "Only the rooms of this tenant.") { $0.tenant = $1 },
          .value("reason", "TEXT", help: "With kick and close-room: what the peers are told.") {
            $0.reason = $1
          },
          .toggle("once", help: "With watch: draw one screen and end.") { $0.once = true },
          .value(
            "deadline", "SECONDS",
            help: "With drain: end after so long, whatever is left."
          ) {
            $0.deadlineSeconds = Int(try OptionValues.seconds($1).components.seconds)
          }.noting(default: "the server's --drain-deadline"),
        ])
    ],
    arguments: .init("COMMAND …", commands: Command.rows.map(\.word)) {
      $0.command = try Command(words: $1)
    },
    examples: [
      ("parleyctl room tea", "Who is in one room, and how each is doing:"),
      ("parleyctl --reason \"be kind\" kick tea p3h8c5tnye", "Send somebody away:"),
      ("parleyctl drain --deadline 600", "Take nothing new, and end in ten minutes at most:"),
      ("source <(parleyctl completion bash)", "Complete these words in this shell:"),
      (
        "parleyctl --admin unix:/run/parley/admin.sock --json allocations",
        "For programs, from a server with a Unix socket:"
      ),
    ])
}
