// What the commands of this program have in common.

internal import Configuration
internal import EventLoop
internal import NetTypes

/// The settings of a command line that names no command.
struct NoOptions: Sendable {}

enum Commands {
  static let program = "parley-load"
  private static let names = [
    RelayOptions.command, BindingOptions.command, SignalOptions.command, FloodOptions.command,
  ]

  /// For help, and to say what is wrong when no command is named.
  static let table = OptionTable<NoOptions>(
    program: program,
    summary: "puts a bounded load on a server and says what became of it",
    groups: [],
    arguments: .init(
      names.joined(separator: "|") + " …"
    ) { _, words in
      throw MalformedValue(
        "is no command: the first word is one of \(names.joined(separator: ", "))")
    },
    examples: [
      ("parley-load relay --help", "Packets through a TURN server:"),
      ("parley-load stun --help", "Binding requests to a STUN server:"),
      ("parley-load signal --help", "Messages between the peers of rooms:"),
      ("parley-load flood --help", "The same beside a client that misbehaves:"),
    ])

  /// A load on somebody else's machine is an attack; so that is never an accident.
  static func allowRemote<Settings>(
    set: @escaping @Sendable (inout Settings) -> Void
  ) -> Option<Settings> {
    .toggle(
      "allow-remote", help: "Let the target be another machine; only loopback is without this.",
      set: set)
  }

  static func json<Settings>(
    set: @escaping @Sendable (inout Settings) -> Void
  ) -> Option<Settings> {
    .toggle("json", help: "Report as one JSON object in one line.", set: set)
  }

  static func progress<Settings>(
    set: @escaping @Sendable (inout Settings) -> Void
  ) -> Option<Settings> {
    .toggle(
      "progress", help: "Say each second how it goes, on standard error, as at a terminal.",
      set: set)
  }

  static func process<Settings>(
    set: @escaping @Sendable (inout Settings, Int32) -> Void
  ) -> Option<Settings> {
    .value(
      "pid", "PID", help: "Tell what the process of this number, the server, takes of the machine."
    ) {
      let process = try OptionValues.number($1, in: 1...4_194_304)
      guard ProcessUsage(of: Int32(process)) != nil else {
        throw MalformedValue("is no process that runs")
      }
      set(&$0, Int32(process))
    }
  }

  /// - Parameter load: what grows from step to step, as an option: "--rate".
  static func plot<Settings>(
    of load: String, set: @escaping @Sendable (inout Settings, String) -> Void
  ) -> Option<Settings> {
    .value(
      "plot", "FILE",
      help: "Run at \(PlotRun.steps) growing parts of \(load), and draw latency over load: an SVG."
    ) { set(&$0, $1) }
  }

  /// The command is one word, first.
  static func check(_ words: [String]) throws(MalformedValue) {
    guard words.count == 1 else { throw MalformedValue("is one word too many") }
  }

  static func check(_ target: SocketAddress, allowsRemote: Bool) throws(MalformedValue) {
    guard allowsRemote || isLoopback(target.ip) else {
      throw MalformedValue(
        "is for servers on loopback, and \(target.text) is another machine: --allow-remote lets it")
    }
  }

  /// Where a socket is bound that talks to `target`: on loopback towards loopback, else on all
  /// addresses; any port.
  static func localAddress(towards target: SocketAddress) -> SocketAddress {
    let isV4 = target.ip.family == .v4
    if isLoopback(target.ip) {
      return SocketAddress(isV4 ? .loopbackV4 : .loopbackV6, port: 0)
    }
    return SocketAddress(isV4 ? IPAddress(0, 0, 0, 0) : IPAddress(v6High: 0, low: 0), port: 0)
  }

  static func isLoopback(_ ip: IPAddress) -> Bool {
    switch ip.family {
    case .v4: ip.low >> 24 == 127
    case .v6: ip == .loopbackV6
    }
  }
}
