// What `parley-load signal` can be told.

internal import Configuration
internal import NetTypes

/// The settings of a signaling run.
struct SignalOptions: Sendable {
  static let connectionsMax = 4_000
  static let peersMax = 500
  static let messagesMax = 1_000_000
  static let deliveriesMax = 100_000_000
  static let perSecondMax = 1_000_000

  static let defaultURL = "ws://127.0.0.1:8080/signal"

  var url: SignalURL?
  var rooms = 1
  var peers = 2
  var messages = 100
  var perSecond = 10
  var size = 100
  var allowsRemote = false
  var json = false

  var connections: Int { rooms * peers }

  /// When sending ends though not everything is sent: the tool is far behind its own schedule.
  var sendingMax: Duration { .seconds(2 * (messages / perSecond) + 10) }
}

extension SignalOptions {
  static let command = "signal"

  static let table = OptionTable<SignalOptions>(
    program: Commands.program,
    summary: "signal fills rooms with peers that send each other messages, and checks that each "
      + "arrives once and in order",
    groups: [
      OptionGroup("Server", server), OptionGroup("Load", load), OptionGroup("Output", output),
    ],
    arguments: .init(command) { settings, words in try settings.check(words) },
    examples: [
      (
        "parley-load signal --rooms 100 --peers 4 --messages 300 --rate 10",
        "100 rooms of 4 peers, 10 messages a second from each, for half a minute:"
      )
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
    Commands.allowRemote { $0.allowsRemote = true },
  ]

  private static let load: [Option<SignalOptions>] = [
    .value("rooms", "N", default: "1", help: "Rooms, at the same time.") {
      $0.rooms = try OptionValues.number($1, in: 1...connectionsMax)
    },
    .value("peers", "N", default: "2", help: "Peers in each room.") {
      $0.peers = try OptionValues.number($1, in: 2...peersMax)
    },
    .value(
      "messages", "N", default: "100",
      help: "Messages that each peer sends: every second one to all others, the rest to one."
    ) {
      $0.messages = try OptionValues.number($1, in: 1...messagesMax)
    },
    .value(
      "rate", "N", default: "10",
      help: "Messages per second that each peer sends; the server's own limit is 50."
    ) {
      $0.perSecond = try OptionValues.number($1, in: 1...perSecondMax)
    },
    .value("size", "BYTES", default: "100", help: "Bytes of padding in each message.") {
      $0.size = try OptionValues.number($1, in: 0...SignalFrames.paddingMax)
    },
  ]

  private static let output: [Option<SignalOptions>] = [Commands.json { $0.json = true }]

  private func check(_ words: [String]) throws(MalformedValue) {
    try Commands.check(words)
    if let url { try Commands.check(url.address, allowsRemote: allowsRemote) }
    try checkSizes()
  }

  func checkSizes() throws(MalformedValue) {
    guard connections <= Self.connectionsMax else {
      throw MalformedValue("opens at most \(Self.connectionsMax) connections: rooms × peers")
    }
    guard connections * perSecond <= Self.perSecondMax else {
      throw MalformedValue("sends at most \(Self.perSecondMax) messages a second in all")
    }
    guard connections * (peers - 1) * messages <= Self.deliveriesMax else {
      throw MalformedValue("leads to at most \(Self.deliveriesMax) deliveries: fewer --messages")
    }
  }
}
