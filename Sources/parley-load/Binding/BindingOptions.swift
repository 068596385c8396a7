// What a run of Binding requests can be told.

internal import Configuration
internal import NetTypes

/// The settings of a run of Binding requests.
struct BindingOptions: Sendable {
  static let command = "stun"
  static let clientsMax = 10_000
  static let perSecondMax = 5_000_000
  static let burstMax = 64
  static let requestsMax = 1_000_000_000
  static let secondsDefault = 10
  /// Of each of several runs.
  static let secondsOfEach = 3

  var server = SocketAddress(.loopbackV4, port: 3_478)
  var process: Int32?
  var clients = 1
  var perSecond = 1_000
  var burst = 1
  var seconds: Int?
  var findsMax = false
  var spins = false
  var allowsRemote = false
  var showsProgress = false
  var json = false

  var secondsOfRun: Int { seconds ?? (findsMax ? Self.secondsOfEach : Self.secondsDefault) }

  /// Bursts that each client sends at most.
  var burstsPerClient: Int { max(1, perSecond * secondsOfRun / burst) }

  func check(_ words: [String]) throws(MalformedValue) {
    try Commands.check(words)
    try Commands.check(server, allowsRemote: allowsRemote)
    guard clients * perSecond <= Self.perSecondMax else {
      throw MalformedValue("sends at most \(Self.perSecondMax) requests a second in all")
    }
    guard clients * burstsPerClient * burst <= Self.requestsMax else {
      throw MalformedValue("sends at most \(Self.requestsMax) requests in all")
    }
  }

  /// The same at another rate.
  func at(_ rate: Int) -> BindingOptions {
    var options = self
    options.perSecond = rate
    return options
  }
}

extension BindingOptions {
  static let table = OptionTable<BindingOptions>(
    program: Commands.program,
    summary: "stun asks a STUN server who is asking, and counts what it answers",
    groups: [
      OptionGroup("Server", server), OptionGroup("Load", load), OptionGroup("Output", output),
    ],
    arguments: .init(command) { settings, words in try settings.check(words) },
    examples: [
      (
        "parley-load stun --server 127.0.0.1:3478 --clients 20 --rate 5000 --pid $(pidof stund)",
        "100,000 requests a second, and what they cost the server:"
      )
    ])

  private static let server: [Option<BindingOptions>] = [
    .value("server", "HOST:PORT", default: "127.0.0.1:3478", help: "The server, over UDP.") {
      $0.server = try OptionValues.address($1)
    },
    Commands.process { $0.process = $1 },
    Commands.allowRemote { $0.allowsRemote = true },
  ]

  private static let load: [Option<BindingOptions>] = [
    .value("clients", "N", default: "1", help: "Clients, each with a socket.") {
      $0.clients = try OptionValues.number($1, in: 1...clientsMax)
    },
    .value("rate", "N", default: "1000", help: "Requests per second of each client.") {
      $0.perSecond = try OptionValues.number($1, in: 1...perSecondMax)
    },
    .value("burst", "N", default: "1", help: "Requests of one client that leave at once.") {
      $0.burst = try OptionValues.number($1, in: 1...burstMax)
    },
    Option.value("seconds", "N", help: "For how long.") {
      $0.seconds = try OptionValues.number($1, in: 1...3_600)
    }.noting(default: "\(secondsDefault), or \(secondsOfEach) for each of several runs"),
    .toggle(
      "find-max",
      help: "Search for the highest rate at which less than 0.1 % is lost, beginning with --rate."
    ) {
      $0.findsMax = true
    },
    .toggle("spin", help: "Never sleep: a core at 100 %, but requests leave evenly.") {
      $0.spins = true
    },
  ]

  private static let output: [Option<BindingOptions>] = [
    Commands.progress { $0.showsProgress = true },
    Commands.json { $0.json = true },
  ]
}
