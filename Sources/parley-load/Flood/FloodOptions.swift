// What `parley-load flood` can be told.

internal import Configuration
internal import NetTypes

/// The settings of a flood run.
struct FloodOptions: Sendable {
  /// An address of this machine that the calm peers do not have.
  static let defaultSource = IPAddress(127, 0, 0, 66)

  var kind = FloodKind.messages
  /// The peers that are measured; half of their messages come before the flood.
  var calm = SignalOptions()
  var seconds = 10
  var source: IPAddress? = defaultSource
}

extension FloodOptions {
  static let command = "flood"
  private static let kinds = FloodKind.allCases.map(\.rawValue)

  static let table = OptionTable<FloodOptions>(
    program: Commands.program,
    summary: "flood measures calm peers, before and while one client misbehaves: "
      + FloodKind.allCases.map { "\($0.rawValue) (\($0.title))" }.joined(separator: ", "),
    groups: [
      OptionGroup("Server", server), OptionGroup("Calm peers", load),
      OptionGroup("Output", [Commands.json { $0.calm.json = true }]),
    ],
    arguments: .init("\(command) \(kinds.joined(separator: "|"))") { settings, words in
      try settings.check(words)
    },
    examples: [
      (
        "parley-load flood messages --rooms 50 --seconds 10",
        "200 peers in 50 rooms, ten seconds of calm and ten with a flood in one of the rooms:"
      )
    ])

  private static let server: [Option<FloodOptions>] = [
    .value(
      "url", "ws://HOST:PORT/PATH", default: SignalOptions.defaultURL,
      help: "The signaling, without TLS."
    ) {
      guard let url = SignalURL($1) else {
        throw MalformedValue.isNot(
          "ws://HOST:PORT/PATH with an IP address or localhost, such as "
            + SignalOptions.defaultURL)
      }
      $0.calm.url = url
    },
    .value(
      "from", "ADDRESS|any", default: defaultSource.text,
      help: "The address that the offender has, or any for that of the calm peers."
    ) {
      if $1 == "any" {
        $0.source = nil
      } else if let address = IPAddress($1) {
        $0.source = address
      } else {
        throw MalformedValue.isNot("an IP address of this machine, or any")
      }
    },
    Commands.allowRemote { $0.calm.allowsRemote = true },
  ]

  private static let load: [Option<FloodOptions>] = [
    .value("rooms", "N", default: "50", help: "Rooms, at the same time; the flood is in one.") {
      $0.calm.rooms = try OptionValues.number($1, in: 2...SignalOptions.connectionsMax)
    },
    .value("peers", "N", default: "4", help: "Peers in each room.") {
      $0.calm.peers = try OptionValues.number($1, in: 2...SignalOptions.peersMax)
    },
    .value("rate", "N", default: "10", help: "Messages per second that each peer sends.") {
      $0.calm.perSecond = try OptionValues.number($1, in: 1...SignalOptions.perSecondMax)
    },
    .value("seconds", "N", default: "10", help: "How long it is calm, and then not.") {
      $0.seconds = try OptionValues.number($1, in: 1...600)
    },
  ]

  private mutating func check(_ words: [String]) throws(MalformedValue) {
    guard words.count == 2, let kind = FloodKind(rawValue: words[1]) else {
      let kinds = Self.kinds.joined(separator: ", ")
      throw MalformedValue("has to be \(Self.command) and one of \(kinds)")
    }
    self.kind = kind
    calm.messages = 2 * seconds * calm.perSecond
    try calm.checkSizes()
    guard let url = calm.url else { return }
    try Commands.check(url.address, allowsRemote: calm.allowsRemote)
    // The other family, or another machine: the system knows best.
    if source?.family != url.address.ip.family || !Commands.isLoopback(url.address.ip) {
      source = nil
    }
  }
}
