// What `parley-load turn` can be told.

internal import Configuration
internal import NetTypes

/// How clients and server wrap payloads.
enum Framing: String, Sendable {
  case channels, indications
}

/// The settings of a relay run.
struct TurnOptions: Sendable {
  static let clientsMax = 4_000
  static let packetsMax = 100_000_000
  static let perSecondMax = 1_000_000
  /// A payload that a Data indication still carries over a link of 1,500 bytes is 1,400; loopback
  /// bears more.
  static let sizeMax = 8_192

  var server = SocketAddress(.loopbackV4, port: 3_478)
  var user: (name: String, password: Secret)?
  var secret: Secret?
  var clients = 2
  var perSecond = 50
  var packets: Int?
  var seconds: Int?
  var size = 160
  var usesChannels = false
  var usesIndications = false
  var spins = false
  var allowsRemote = false
  var expectsNoLoss = false
  var json = false

  var framing: Framing { usesIndications ? .indications : .channels }

  /// What each client sends at most.
  var packetsPerClient: Int { packets ?? perSecond * (seconds ?? Self.secondsDefault) }

  static let secondsDefault = 10

  /// When sending ends though not everything is sent: at `--seconds`, with a little time for what
  /// is due last, or when the tool is far behind its own schedule.
  var sendingMax: Duration {
    .seconds(seconds ?? 2 * (packetsPerClient / perSecond) + Self.secondsDefault)
      + .milliseconds(100)
  }
}

extension TurnOptions {
  static let command = "turn"

  static let table = OptionTable<TurnOptions>(
    program: Commands.program,
    summary: "turn sends numbered packets through a TURN server, between pairs of clients of its "
      + "own, and counts what arrives",
    groups: [
      OptionGroup("Server", server), OptionGroup("Load", load), OptionGroup("Output", output),
    ],
    arguments: .init(command) { settings, words in try settings.check(words) },
    examples: [
      (
        "parley-load turn --server 127.0.0.1:3478 --user alice:secret --clients 20 --rate 50",
        "20 voice calls of 10 seconds, over channels:"
      ),
      (
        "parley-load turn --secret shared --clients 2 --packets 100000 --rate 10000 --size 1200 "
          + "--expect-no-loss",
        "A stream of large packets each way that must arrive whole, with credentials made from "
          + "the server's shared secret:"
      ),
    ])

  private static let server: [Option<TurnOptions>] = [
    .value("server", "HOST:PORT", default: "127.0.0.1:3478", help: "The TURN server, over UDP.") {
      $0.server = try OptionValues.address($1)
    },
    .value("user", "NAME:PASSWORD", help: "The credentials of all clients.") {
      guard let colon = $1.firstIndex(of: ":"), colon != $1.startIndex else {
        throw MalformedValue.isNot("NAME:PASSWORD")
      }
      $0.user = (String($1[..<colon]), Secret(String($1[$1.index(after: colon)...])))
    }.secret,
    .value(
      "secret", "TEXT", help: "Make credentials for each client from the server's shared secret."
    ) {
      $0.secret = Secret(try OptionValues.text($1, bytesMax: 1_024))
    }.secret,
    Commands.allowRemote { $0.allowsRemote = true },
  ]

  private static let load: [Option<TurnOptions>] = [
    .value(
      "clients", "N", default: "2",
      help: "Clients, an even number: each sends to its partner, and both at once."
    ) {
      $0.clients = try OptionValues.number($1, in: 2...clientsMax)
    },
    .value("rate", "N", default: "50", help: "Packets per second that each client sends.") {
      $0.perSecond = try OptionValues.number($1, in: 1...perSecondMax)
    },
    Option.value("packets", "N", help: "Packets that each client sends.") {
      $0.packets = try OptionValues.number($1, in: 1...packetsMax)
    }.noting(default: "the rate for as long as --seconds says"),
    Option.value("seconds", "N", help: "Stop sending after this time.") {
      $0.seconds = try OptionValues.number($1, in: 1...3_600)
    }.noting(default: "\(secondsDefault), or what --packets need"),
    .value("size", "BYTES", default: "160", help: "Bytes of a payload.") {
      $0.size = try OptionValues.number($1, in: NumberedPayload.sizeMin...sizeMax)
    },
    .toggle("channels", help: "Send over channels, with 4 bytes of framing. The default.") {
      $0.usesChannels = true
    },
    .toggle("indications", help: "Send in Send indications instead.") {
      $0.usesIndications = true
    },
    .toggle(
      "spin",
      help: "Never sleep: a core at 100 %, but packets leave evenly and no latency has the time in "
        + "it that this tool needs to wake up."
    ) {
      $0.spins = true
    },
  ]

  private static let output: [Option<TurnOptions>] = [
    .toggle("expect-no-loss", help: "Exit with 1 when a packet is lost.") {
      $0.expectsNoLoss = true
    },
    Commands.json { $0.json = true },
  ]

  private func check(_ words: [String]) throws(MalformedValue) {
    try Commands.check(words)
    try Commands.check(server, allowsRemote: allowsRemote)
    guard (user == nil) != (secret == nil) else {
      throw MalformedValue("needs either --user NAME:PASSWORD or --secret TEXT")
    }
    guard clients.isMultiple(of: 2) else {
      throw MalformedValue("needs an even number of --clients, as they work in pairs")
    }
    guard !usesChannels || !usesIndications else {
      throw MalformedValue("takes --channels or --indications, not both")
    }
    guard clients * perSecond <= Self.perSecondMax else {
      throw MalformedValue("sends at most \(Self.perSecondMax) packets a second in all")
    }
    guard clients * packetsPerClient <= Self.packetsMax else {
      throw MalformedValue("sends at most \(Self.packetsMax) packets in all")
    }
  }
}
