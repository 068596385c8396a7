// The command line of `parley-load signal`.

internal import Configuration
internal import NetTypes

extension SignalOptions {
  static let command = "signal"

  static let table = OptionTable<SignalOptions>(
    program: Commands.program,
    summary: "signal fills rooms with peers that send each other messages, and checks that each "
      + "arrives once and in order",
    groups: [
      OptionGroup("Server", server), OptionGroup("Load", load), OptionGroup("Connections", joining),
      OptionGroup("Output", output),
    ],
    arguments: .init(command) { settings, words in try settings.check(words) },
    examples: [
      (
        "parley-load signal --rooms 100 --peers 4 --rate 10 --seconds 30",
        "100 rooms of 4 peers, 10 messages a second from each, for half a minute:"
      ),
      (
        "parley-load signal --rooms 100 --to peer --in-flight 8 --pid 4711",
        "As fast as it goes, and what it costs the server of that process id:"
      ),
      (
        "parley-load signal --rooms 500 --peers 4 --rate 1 --storm all",
        "2,000 connections cut at once, half-way through:"
      ),
      (
        "parley-load signal --rooms 3750 --peers 4 --rate 0 --pid 4711",
        "15,000 idle connections, and their memory:"
      ),
      (
        "parley-load signal --rooms 100 --total 40000 --plot latency.svg",
        "Latency from 5,000 to 40,000 messages a second, as a picture:"
      ),
    ])

  private static let server: [Option<SignalOptions>] = [
    .value(
      "url", "ws://HOST:PORT/PATH", default: defaultURL, help: "The signaling, without TLS."
    ) {
      guard let url = SignalURL($1) else {
        throw MalformedValue.isNot(
          "ws://HOST:PORT/PATH with an IP address or localhost, such as \(defaultURL)")
      }
      $0.url = url
    },
    Commands.process { $0.process = $1 },
    .toggle(
      "echo", help: "It is no signaling, but sends back what it gets: each message to its sender."
    ) { $0.fanOut = .echo },
    Commands.allowRemote { $0.allowsRemote = true },
  ]

  private static let load: [Option<SignalOptions>] = [
    .value("rooms", "N", default: "1", help: "Rooms, at the same time.") {
      $0.rooms = try OptionValues.number($1, in: 1...connectionsMax)
    },
    .value("peers", "N", default: "2", help: "Peers in each room.") {
      $0.peers = try OptionValues.number($1, in: 1...peersMax)
    },
    .value(
      "rate", "N", default: "10",
      help: "Messages that each peer sends a second, 0 for none; the server's own limit is 50 "
        + "unless its --message-rate says otherwise."
    ) {
      $0.perSecond = try OptionValues.number($1, in: 0...perSecondMax)
    },
    .value("total", "N", help: "Messages a second of all peers together; --rate does not count.") {
      $0.total = try OptionValues.number($1, in: 1...perSecondMax)
    },
    .value(
      "in-flight", "N",
      help: "No rate: as fast as it goes, with so many messages of each peer under way."
    ) {
      $0.inFlight = try OptionValues.number($1, in: 1...inFlightMax)
    },
    .value("seconds", "N", default: "10", help: "How long messages are sent.") {
      $0.seconds = try OptionValues.number($1, in: 1...secondsMax)
    },
    .value("messages", "N", help: "How many each peer sends; --seconds does not count.") {
      $0.messages = try OptionValues.number($1, in: 1...messagesMax)
    },
    .value(
      "to", "WORD", default: FanOut.both.rawValue,
      help: "For whom messages are: peer, one of the room in turn, as a candidate; room, all "
        + "others; both, by turns."
    ) {
      guard let fanOut = FanOut.choices.first(where: { [word = $1] in $0.rawValue == word }) else {
        throw MalformedValue(
          "is not one of \(FanOut.choices.map(\.rawValue).joined(separator: ", "))")
      }
      if $0.fanOut != .echo { $0.fanOut = fanOut }
    },
    .value("size", "BYTES", default: "300", help: "Of each message, as JSON.") {
      $0.size = try OptionValues.number($1, in: MessageForm.sizeMin...MessageForm.sizeMax)
    },
  ]

  private static let joining: [Option<SignalOptions>] = [
    .value("joins-per-second", "N", help: "How fast rooms are filled; else as fast as it goes.") {
      $0.joinsPerSecond = try OptionValues.number($1, in: 1...perSecondMax)
    },
    .toggle(
      "only-joins",
      help: "No messages: each peer joins, leaves, and joins again, at --joins-per-second of all."
    ) { $0.onlyJoins = true },
    .value(
      "storm", "all|N",
      help: "Half-way through, cut all connections at once, or N a second, and come back to the "
        + "same sessions."
    ) {
      $0.storm =
        $1 == "all" ? .all : .perSecond(try OptionValues.number($1, in: 1...perSecondMax))
    },
  ]

  private static let output: [Option<SignalOptions>] = [
    Commands.json { $0.json = true }, Commands.progress { $0.wantsProgress = true },
    Commands.plot(of: "--total, or --rate") { $0.plot = $1 },
  ]
}
