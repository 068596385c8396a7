// The table of all options of the servers.

import NetTypes

extension ServerConfiguration {
  typealias ServerOption = Option<ServerConfiguration>

  /// The table of one program, as flags, variables, file keys and help show it.
  public static func table(for program: Program) -> OptionTable<ServerConfiguration> {
    let offered = rows.map { group in
      OptionGroup(group.title, group.rows.filter { $0.programs.contains(program) }.map(\.option))
    }
    let missing = rows.flatMap(\.rows).filter { !$0.programs.contains(program) }
    let elsewhere = missing.map { row in
      let owners = Program.allCases.filter(row.programs.contains).map(\.rawValue)
      return (row.option.name, owners.joined(separator: " and "))
    }
    var table = OptionTable<ServerConfiguration>(
      program: program.rawValue, summary: program.summary, environmentPrefix: "PARLEY",
      groups: offered, examples: program.examples,
      elsewhere: Dictionary(elsewhere) { first, _ in first })
    table.foreign = .turnserver
    return table
  }

  struct Row: Sendable {
    let programs: Set<Program>
    let option: ServerOption
  }

  static let all: Set<Program> = [.parleyd, .stund, .turnd]
  static let relays: Set<Program> = [.parleyd, .turnd]
  static let signaling: Set<Program> = [.parleyd]
  static let developmentName = "dev"

  private static let rows: [(title: String, rows: [Row])] = [
    ("Listening", listening), ("Certificate", certificates), ("Joining", joining),
    ("Relay", relaying), ("Allocations", allocating), ("Credentials", credentials),
    ("Running", running),
  ]

  private static let listening = [
    Row(
      programs: all,
      option: ServerOption.list(
        "listen", "udp|tcp|tls|dtls:HOST:PORT", default: ["udp:0.0.0.0:3478"],
        help: "Serve STUN and TURN here; HOST is an IP address, IPv6 in brackets. UDP and DTLS may"
          + " share a port."
      ) {
        $0.listeners.append(try OptionValues.listener($1))
      }.defaulting(to: ["udp:127.0.0.1:3478"], with: developmentName)),
    Row(
      programs: [.stund],
      option: ServerOption.list(
        "nat-discovery", "HOST:PORT",
        help: "Let clients examine their NAT (RFC 5780): another address of this host, and another"
          + " port, than --listen has. Answers are then longer than requests."
      ) {
        $0.natDiscovery.append(try OptionValues.address($1))
      }.noting(default: "off")),
    Row(
      programs: all,
      option: ServerOption.list(
        "proxy-from", "CIDR",
        help: "Take the word of load balancers here on whom they speak for (PROXY protocol 2)."
      ) {
        $0.proxies.append(try OptionValues.cidr($1))
      }),
    Row(
      programs: all,
      option: ServerOption.value(
        "max-half-open", "N", default: "4096",
        help: "The most TCP connections that have proved nothing yet; one source has a 16th of it."
      ) {
        $0.halfOpenMax = try OptionValues.number($1, in: 1...1_000_000)
      }),
    Row(
      programs: signaling,
      option: ServerOption.value(
        "http", "HOST:PORT", default: "0.0.0.0:8080",
        help: "Serve the pages, the library and the signaling here, over TCP."
      ) {
        $0.http = try OptionValues.address($1)
      }.defaulting(to: ["127.0.0.1:8080"], with: developmentName)),
    Row(
      programs: signaling,
      option: ServerOption.list(
        "trust-forwarded", "CIDR",
        help: "Take the word of HTTP proxies here on whose request it is."
      ) {
        $0.trustedForwarders.append(try OptionValues.cidr($1))
      }),
    Row(
      programs: signaling,
      option: ServerOption.value(
        "forwarded-header", "WORD", default: ForwardedHeader.xForwardedFor.rawValue,
        help: "Where they say it: x-forwarded-for, or forwarded (RFC 7239). Only one, for the other"
          + " may be a client's own."
      ) {
        $0.forwardedHeader = try OptionValues.word($1, as: ForwardedHeader.self)
      }),
    Row(
      programs: signaling,
      option: ServerOption.list(
        "allow-origin", "ORIGIN",
        help: "Let pages of this origin use the signaling, or * for all; the server's own may."
      ) {
        $0.allowedOrigins.append(try OptionValues.origin($1))
      }.reloadable),
    Row(
      programs: signaling,
      option: ServerOption.value(
        "max-connections", "N", default: "auto",
        help: "The most TCP connections for pages and signaling, or auto for half of the open"
          + " descriptors that are allowed, up to 20000; the relay has the rest of them."
      ) {
        $0.maxConnections =
          $1 == "auto" ? nil : try OptionValues.number($1, in: 1...1_000_000, or: " or auto")
      }),
    Row(
      programs: signaling,
      option: ServerOption.value(
        "max-peers", "N", default: "32", help: "The most peers in one room."
      ) {
        $0.maxPeersPerRoom = try OptionValues.number($1, in: 2...1000)
      }),
    Row(
      programs: signaling,
      option: ServerOption.value(
        "message-rate", "N", default: "50",
        help: "The most messages a second, and as many ICE candidates, from one peer in the long"
          + " run; clients are told."
      ) {
        $0.messageRate = try OptionValues.number($1, in: 1...1_000_000)
      }),
    Row(
      programs: signaling,
      option: ServerOption.value(
        "max-connection-age", "SECONDS", default: "0",
        help: "Have browsers replace signaling connections that are older, and go on where they"
          + " were; 0 for never."
      ) {
        $0.maxConnectionAge =
          $1 == "0" ? nil : .seconds(try OptionValues.number($1, in: 60...604_800, or: " or 0"))
      }),
  ]

  private static let relaying = [
    Row(
      programs: relays,
      option: ServerOption.list(
        "relay-ip", "ADDRESS",
        help: "The address of this host that peers reach: one for IPv4, one for IPv6."
      ) {
        $0.relayAddresses.append(try OptionValues.relayAddress($1))
      }.noting(default: "the address in --listen")),
    Row(
      programs: relays,
      option: ServerOption.list(
        "external-ip", "PUBLIC[/ADDRESS]",
        help: "What clients and peers are told instead of the relay's address, or of this one: the"
          + " address that a one-to-one NAT has for it, with the same ports."
      ) {
        $0.givenExternal.append(try OptionValues.external($1))
      }),
    Row(
      programs: relays,
      option: ServerOption.value(
        "port-range", "A-B", default: PortRange.dynamic.text, help: "Ports of the relay."
      ) {
        $0.portRange = try OptionValues.portRange($1)
      }),
    Row(
      programs: relays,
      option: ServerOption.list(
        "allow-peer", "CIDR",
        help: "Relay to these, though private, loopback and link-local peers are refused."
      ) {
        $0.allowedPeers.append(try OptionValues.cidr($1))
      }.reloadable),
    Row(
      programs: relays,
      option: ServerOption.list("deny-peer", "CIDR", help: "Never relay to these.") {
        $0.deniedPeers.append(try OptionValues.cidr($1))
      }.reloadable),
    Row(
      programs: relays,
      option: ServerOption.value(
        "user-quota", "N", default: "0",
        help: "The most relayed addresses of one user at a time; 0 for no limit of its own."
      ) {
        let quota = try OptionValues.number($1, in: 0...65_535)
        $0.userQuota = quota == 0 ? nil : quota
      }.reloadable),
    Row(
      programs: relays,
      option: ServerOption.value(
        "total-quota", "N", default: "16384", help: "The most relayed addresses at a time."
      ) {
        $0.totalQuota = try OptionValues.number($1, in: 1...1_000_000)
      }.reloadable),
    Row(
      programs: relays,
      option: ServerOption.value(
        "allocation-bandwidth", "BYTES", default: "0",
        help: "The most bytes a second that one allocation passes, each way, as 125000, 125k or"
          + " 1M; 0 for no limit."
      ) {
        $0.allocationBandwidth = try OptionValues.bytesPerSecond($1)
      }),
    Row(
      programs: relays,
      option: ServerOption.value(
        "user-bandwidth", "BYTES", default: "0",
        help: "The same for all allocations of one user together."
      ) {
        $0.userBandwidth = try OptionValues.bytesPerSecond($1)
      }),
    Row(
      programs: relays,
      option: ServerOption.toggle(
        "no-tcp-relay",
        help: "Relay UDP alone, to nobody over TCP (RFC 6062), whatever clients ask for."
      ) {
        $0.relaysTCP = false
      }),
    Row(
      programs: relays,
      option: ServerOption.toggle(
        "legacy-channels",
        help: "Let clients of RFC 5766 bind the channels 0x5000 to 0x7FFF too."
      ) {
        $0.hasLegacyChannels = true
      }.reloadable),
    Row(
      programs: signaling,
      option: ServerOption.value(
        "relay-policy", "WORD", default: RelayPolicy.fallback.rawValue,
        help: "When browsers use the relay: always, fallback (direct first), on-demand (told of"
          + " only when the direct way failed) or never."
      ) {
        $0.relayPolicy = try OptionValues.word($1, as: RelayPolicy.self)
      }.defaulting(to: [RelayPolicy.always.rawValue], with: developmentName)),
    Row(
      programs: signaling,
      option: ServerOption.list(
        "turn-url", "URL",
        help: "What clients are told, where that differs: turn:relay.example.org:3478."
      ) {
        $0.givenURLs.append(try OptionValues.iceURL($1))
      }.noting(default: "from --listen and --relay-ip").reloadable),
  ]

  private static let running = [
    Row(
      programs: relays,
      option: ServerOption.value(
        ForeignFile.turnserver.option, "FILE",
        help: "Read options from coturn's file, too; what it has and this server does not is told"
          + " to the log."
      ) { _, _ in }),
    Row(
      programs: relays,
      option: ServerOption.toggle(
        developmentName,
        help: "Try it on this machine: loopback addresses and peers, no credentials needed, and"
          + " all media through the relay."
      ) {
        $0.isDevelopment = true
        $0.allowedPeers += [
          CIDR(IPAddress(127, 0, 0, 0), prefixLength: 8),
          CIDR(IPAddress.loopbackV6, prefixLength: 128),
        ].compactMap { $0 }
      }),
    Row(
      programs: all,
      option: ServerOption.value(
        "threads", "N", default: "auto",
        help: "Event loops, 1 to 256, or auto for one per processor."
      ) {
        $0.requestedThreads =
          $1 == "auto" ? nil : try OptionValues.number($1, in: 1...256, or: " or auto")
      }),
    Row(
      programs: all,
      option: ServerOption.value(
        "pin", "LIST",
        help: "Run an event loop on each of these processors, as 0-3,6, and have it stay there."
      ) {
        $0.processors = try OptionValues.processors($1)
      }.noting(default: "the system moves loops as it likes")),
    Row(
      programs: relays,
      option: ServerOption.value(
        "admin", "HOST:PORT|unix:PATH",
        help: "Answer parleyctl here. Whoever reaches it sees rooms and users."
      ) {
        $0.admin = try OptionValues.admin($1)
      }.noting(default: "nowhere").defaulting(to: ["127.0.0.1:8081"], with: developmentName)),
    Row(
      programs: relays,
      option: ServerOption.value(
        "drain-deadline", "SECONDS", default: "3600",
        help: "Told to drain (SIGUSR1, parleyctl drain), take no new allocations and end when none"
          + " is left, or after so long."
      ) {
        $0.drainDeadline = try OptionValues.seconds($1)
      }.reloadable),
    Row(
      programs: relays,
      option: ServerOption.value(
        "stop-grace", "SECONDS", default: "5",
        help: "Told to stop (SIGTERM, SIGINT), drain for so long at most; 0 ends at once."
      ) {
        $0.stopGrace = try OptionValues.seconds($1)
      }.defaulting(to: ["0"], with: developmentName).reloadable),
    Row(
      programs: all,
      option: ServerOption.value(
        "log-level", "LEVEL", default: "info",
        help: "Show events up to error, warning, info or debug, on standard error."
      ) {
        $0.logLevel = try OptionValues.logLevel($1)
      }.reloadable),
    Row(
      programs: relays,
      option: ServerOption.toggle(
        "log-private", help: "Show addresses and user names in the log, not tags for them."
      ) {
        $0.logsPrivateValues = true
      }.reloadable),
  ]
}

extension Program {
  fileprivate var summary: String {
    switch self {
    case .parleyd: "is one server for WebRTC: signaling, STUN and TURN, and a page to try them"
    case .stund: "tells clients their public address (STUN)"
    case .turnd: "relays media between peers that can not reach one another (TURN and STUN)"
    }
  }

  fileprivate var examples: [(command: String, meaning: String)] {
    switch self {
    case .parleyd:
      [
        ("parleyd --dev", "Everything on this machine, without any set-up:"),
        (
          "parleyd --relay-ip 192.0.2.7 --secret \"$(cat /etc/parley/secret)\""
            + " --http 127.0.0.1:8080", "Behind a web server that does HTTPS:"
        ),
        ("parleyd --config /etc/parley/parleyd.json5", "From a file:"),
      ]
    case .stund:
      [("stund --listen udp:0.0.0.0:3478 --listen udp:[::]:3478", "For IPv4 and IPv6:")]
    case .turnd:
      [
        (
          "turnd --relay-ip 192.0.2.7 --realm example.org --user ann:password",
          "A relay for one user:"
        ),
        (
          "turnd --listen udp:127.0.0.1:3478 --user ann:password --allow-peer 127.0.0.0/8",
          "A relay for tests on one machine:"
        ),
        ("turnd --config /etc/parley/turnd.json5", "From a file:"),
      ]
    }
  }
}
