// What a relay run can be told.

internal import Configuration
internal import NetTypes

/// How clients and server wrap payloads.
enum Framing: String, Sendable {
  case channels, indications
}

/// Which way packets go between a client and its peer.
enum Direction: String, CaseIterable, Sendable {
  case toPeer = "to-peer"
  case toClient = "to-client"
  case both

  var isUp: Bool { self != .toClient }
  var isDown: Bool { self != .toPeer }
}

/// The settings of a relay run.
struct RelayOptions: Sendable {
  static let clientsMax = 30_000
  /// In all. Each costs a bit of memory for each way it goes.
  static let packetsMax = 1_000_000_000
  /// In all.
  static let perSecondMax = 5_000_000
  /// A payload that a Data indication still carries over a link of 1,500 bytes is 1,400; loopback
  /// bears more.
  static let sizeMax = 8_192
  static let burstMax = 64
  static let secondsDefault = 10
  /// Of each of several runs.
  static let secondsOfEach = 3

  var server = SocketAddress(.loopbackV4, port: 3_478)
  var user: (name: String, password: Secret)?
  var secret: Secret?
  var process: Int32?
  var clients = 2
  var perSecond = 50
  var packets: Int?
  var seconds: Int?
  var size = 160
  var burst = 1
  var direction = Direction.both
  var isPaired = false
  /// Sockets on the far side; `nil`: one for each client.
  var peers: Int?
  /// Whether the server is a forwarder without TURN; see ``BareHandshake``.
  var isBare = false
  var transport = Transport.udp
  /// The certificates that a server's has to lead to, over TLS.
  var trusted = ""
  var serverName = "localhost"
  var usesChannels = false
  var usesIndications = false
  var spins = false
  var allowsRemote = false
  var allocatesOnly = false
  var allocationsPerSecond: Int?
  var holdSeconds = 2
  var findsMax = false
  var plot: String?
  var showsProgress = false
  var expectsNoLoss = false
  var json = false

  var framing: Framing { usesIndications ? .indications : .channels }

  /// Streams of packets: each client's, each peer's, or both. In pairs there are no peers.
  var flowsPerClient: Int { !isPaired && direction == .both ? 2 : 1 }

  var perSecondInAll: Int { clients * flowsPerClient * perSecond }

  var peerSockets: Int { isPaired || allocatesOnly ? 0 : min(clients, peers ?? clients) }

  var packetsTowardsClient: Int {
    !allocatesOnly && (isPaired || direction.isDown) ? packetsPerSender : 0
  }

  var packetsTowardsPeer: Int {
    !allocatesOnly && !isPaired && direction.isUp ? packetsPerSender : 0
  }

  /// STUN messages, and on streams ChannelData too, are multiples of 4 bytes (RFC 8656 §12.5).
  var alignment: Int { framing == .indications || transport != .udp ? 4 : 1 }

  /// Bursts that each sender sends at most.
  var burstsPerSender: Int { max(1, (packets ?? perSecond * secondsOrDefault) / burst) }

  private var secondsOrDefault: Int {
    seconds ?? (findsMax || plot != nil ? Self.secondsOfEach : Self.secondsDefault)
  }

  var packetsPerSender: Int { burstsPerSender * burst }

  /// When sending ends though not everything is sent: at `--seconds`, with a little time for what
  /// is due last, or when the tool is far behind its own schedule.
  var sendingMax: Duration {
    .seconds(packets == nil ? secondsOrDefault : seconds ?? patience)
      + .milliseconds(100)
  }

  /// For `--packets` without `--seconds`.
  private var patience: Int { 2 * (packetsPerSender / perSecond) + Self.secondsDefault }

  func check(_ words: [String]) throws(MalformedValue) {
    try Commands.check(words)
    try Commands.check(server, allowsRemote: allowsRemote)
    if isBare { try checkBare() }
    guard isBare || (user == nil) != (secret == nil) else {
      throw MalformedValue("needs either --user NAME:PASSWORD or --secret TEXT")
    }
    guard (transport == .tls) == !trusted.isEmpty else {
      throw MalformedValue("needs --trust FILE for --transport tls, and for that alone")
    }
    guard !allocatesOnly || !findsMax && plot == nil else {
      throw MalformedValue("sends nothing with --allocations-only: no --find-max, no --plot")
    }
    guard !findsMax || plot == nil else {
      throw MalformedValue("takes --find-max or --plot, not both")
    }
    guard !isPaired || clients.isMultiple(of: 2) else {
      throw MalformedValue("needs an even number of --clients, as they work in pairs")
    }
    guard !isPaired || direction == .both else {
      throw MalformedValue("takes no --direction with --pairs: both of a pair send")
    }
    guard !usesChannels || !usesIndications else {
      throw MalformedValue("takes --channels or --indications, not both")
    }
    guard packets?.isMultiple(of: burst) ?? true else {
      throw MalformedValue("needs --packets to be a multiple of --burst")
    }
    guard perSecondInAll <= Self.perSecondMax else {
      throw MalformedValue("sends at most \(Self.perSecondMax) packets a second in all")
    }
    guard clients * flowsPerClient * packetsPerSender <= Self.packetsMax else {
      throw MalformedValue("sends at most \(Self.packetsMax) packets in all")
    }
  }

  private func checkBare() throws(MalformedValue) {
    guard server.ip.family == .v4, transport == .udp, !isPaired, !usesIndications, !allocatesOnly
    else {
      throw MalformedValue(
        "takes with --bare neither IPv6, streams, --pairs, --indications nor --allocations-only: "
          + "a bare forwarder knows none of it")
    }
    guard user == nil, secret == nil else {
      throw MalformedValue("takes no credentials with --bare")
    }
  }
}
