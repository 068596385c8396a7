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
  var usesChannels = false
  var usesIndications = false
  var spins = false
  var allowsRemote = false
  var expectsNoLoss = false
  var json = false

  var framing: Framing { usesIndications ? .indications : .channels }

  /// Streams of packets: each client's, each peer's, or both. In pairs there are no peers.
  var flowsPerClient: Int { !isPaired && direction == .both ? 2 : 1 }

  /// Bursts that each sender sends at most.
  var burstsPerSender: Int {
    max(1, (packets ?? perSecond * (seconds ?? Self.secondsDefault)) / burst)
  }

  var packetsPerSender: Int { burstsPerSender * burst }

  /// When sending ends though not everything is sent: at `--seconds`, with a little time for what
  /// is due last, or when the tool is far behind its own schedule.
  var sendingMax: Duration {
    .seconds(seconds ?? 2 * (packetsPerSender / perSecond) + Self.secondsDefault)
      + .milliseconds(100)
  }

  func check(_ words: [String]) throws(MalformedValue) {
    try Commands.check(words)
    try Commands.check(server, allowsRemote: allowsRemote)
    guard (user == nil) != (secret == nil) else {
      throw MalformedValue("needs either --user NAME:PASSWORD or --secret TEXT")
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
    guard clients * flowsPerClient * perSecond <= Self.perSecondMax else {
      throw MalformedValue("sends at most \(Self.perSecondMax) packets a second in all")
    }
    guard clients * flowsPerClient * packetsPerSender <= Self.packetsMax else {
      throw MalformedValue("sends at most \(Self.packetsMax) packets in all")
    }
  }
}
