// The command line of a relay run.

internal import Configuration
internal import NetTypes

extension RelayOptions {
  static let command = "relay"

  static let table = OptionTable<RelayOptions>(
    program: Commands.program,
    summary: "relay sends numbered packets through a TURN server, between clients and peers of its "
      + "own, and counts what arrives",
    groups: [
      OptionGroup("Server", server), OptionGroup("Clients", clients), OptionGroup("Load", load),
      OptionGroup("Allocations", allocations), OptionGroup("Output", output),
    ],
    arguments: .init(command) { settings, words in try settings.check(words) },
    examples: [
      (
        "parley-load relay --server 127.0.0.1:3478 --user alice:secret --clients 20 --rate 50",
        "20 voice calls of 10 seconds, over channels:"
      ),
      (
        "parley-load relay --secret shared --clients 20 --rate 8000 --size 1200 --burst 16 "
          + "--pid $(pidof turnd)",
        "Video frames of 16 packets both ways, with credentials made from the server's shared "
          + "secret, and what they cost the server:"
      ),
    ])

  private static let server: [Option<RelayOptions>] = [
    .value("server", "HOST:PORT", default: "127.0.0.1:3478", help: "The TURN server.") {
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
    .value(
      "transport", "udp|tcp|tls", default: "udp", help: "Between the clients and the server."
    ) {
      guard let transport = Transport.allCases.first(where: { [value = $1] in $0.text == value }),
        transport != .dtls
      else { throw MalformedValue.isNot("one of udp, tcp, tls") }
      $0.transport = transport
    },
    .value(
      "trust", "FILE", help: "PEM file of the certificates that vouch for the server, over TLS."
    ) {
      $0.trusted = try OptionValues.text($1, bytesMax: 4_096)
    },
    .value(
      "server-name", "NAME", default: "localhost", help: "The name in the server's certificate."
    ) {
      $0.serverName = try OptionValues.text($1, bytesMax: 255)
    },
    .toggle(
      "bare",
      help:
        "The server is a forwarder without TURN, which is told the peer's IPv4 address and port "
        + "in six bytes and answers with its own: to know what relaying costs at least."
    ) {
      $0.isBare = true
    },
    Commands.process { $0.process = $1 },
    Commands.allowRemote { $0.allowsRemote = true },
  ]

  private static let clients: [Option<RelayOptions>] = [
    .value("clients", "N", default: "2", help: "Clients, each with an allocation.") {
      $0.clients = try OptionValues.number($1, in: 1...clientsMax)
    },
    .toggle(
      "pairs",
      help: "Let clients send to one another, two and two, so that each packet passes the server "
        + "twice; without this, each has a peer that is a plain socket."
    ) {
      $0.isPaired = true
    },
    Option.value(
      "peers", "N", help: "Sockets on the far side, for several clients each."
    ) {
      $0.peers = try OptionValues.number($1, in: 1...clientsMax)
    }.noting(default: "one for each client"),
    .toggle("channels", help: "Send over channels, with 4 bytes of framing. The default.") {
      $0.usesChannels = true
    },
    .toggle("indications", help: "Send in Send indications instead.") {
      $0.usesIndications = true
    },
  ]

  private static let load: [Option<RelayOptions>] = [
    .value(
      "direction", "to-peer|to-client|both", default: "both",
      help: "Who sends: the clients, their peers, or both."
    ) {
      $0.direction = try OptionValues.word($1, as: Direction.self)
    },
    .value("rate", "N", default: "50", help: "Packets per second that each of them sends.") {
      $0.perSecond = try OptionValues.number($1, in: 1...perSecondMax)
    },
    .value("size", "BYTES", default: "160", help: "Bytes of a payload.") {
      $0.size = try OptionValues.number($1, in: NumberedPayload.sizeMin...sizeMax)
    },
    .value(
      "burst", "N", default: "1",
      help: "Packets of one sender that leave at once, as those of a video frame do; that many "
        + "less often."
    ) {
      $0.burst = try OptionValues.number($1, in: 1...burstMax)
    },
    Option.value("packets", "N", help: "Packets that each of them sends.") {
      $0.packets = try OptionValues.number($1, in: 1...packetsMax)
    }.noting(default: "the rate for as long as --seconds says"),
    Option.value("seconds", "N", help: "Stop sending after this time.") {
      $0.seconds = try OptionValues.number($1, in: 1...3_600)
    }.noting(
      default: "\(secondsDefault), or \(secondsOfEach) for each of several runs, or what --packets "
        + "need"),
    .toggle(
      "find-max",
      help: "Search for the highest rate at which less than 0.1 % is lost, beginning with --rate."
    ) {
      $0.findsMax = true
    },
    .toggle(
      "spin",
      help: "Never sleep: a core at 100 %, but packets leave evenly and no latency has the time in "
        + "it that this tool needs to wake up."
    ) {
      $0.spins = true
    },
  ]

  private static let allocations: [Option<RelayOptions>] = [
    .toggle(
      "allocations-only",
      help: "Send no packets: make the allocations, hold them, refresh each once, give them back."
    ) {
      $0.allocatesOnly = true
    },
    Option.value("allocation-rate", "N", help: "Allocations begun per second.") {
      $0.allocationsPerSecond = try OptionValues.number($1, in: 1...1_000_000)
    }.noting(default: "as fast as the server answers 64 at a time"),
    .value("hold", "SECONDS", default: "2", help: "Hold them so long, with --allocations-only.") {
      $0.holdSeconds = try OptionValues.number($1, in: 0...3_600)
    },
  ]

  private static let output: [Option<RelayOptions>] = [
    .toggle("expect-no-loss", help: "Exit with 1 when a packet is lost.") {
      $0.expectsNoLoss = true
    },
    Commands.progress { $0.showsProgress = true },
    Commands.plot(of: "--rate") { $0.plot = $1 },
    Commands.json { $0.json = true },
  ]
}
