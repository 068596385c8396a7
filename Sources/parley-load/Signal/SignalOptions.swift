// What `parley-load signal` can be told.

internal import Configuration
internal import NetTypes

/// The settings of a signaling run.
struct SignalOptions: Sendable {
  /// One process has 20,000 descriptors on most systems; for more, run several.
  static let connectionsMax = 19_000
  static let peersMax = 1_000
  static let messagesMax = 1_000_000
  static let deliveriesMax = 1_000_000_000
  static let perSecondMax = 1_000_000
  static let inFlightMax = 1_000
  static let secondsMax = 86_400

  static let defaultURL = "ws://127.0.0.1:8080/signal"

  var url: SignalURL?
  var rooms = 1
  var peers = 2
  var seconds = 10
  /// Of each peer, in the place of `seconds`.
  var messages: Int?
  /// Of each peer.
  var perSecond = 10
  /// Of all peers, in the place of `perSecond`.
  var total: Int?
  /// Messages of each peer that are under way, in the place of a rate.
  var inFlight: Int?
  var joinsPerSecond: Int?
  /// Peers join and leave, and that is all.
  var onlyJoins = false
  var storm: StormRate?
  var fanOut = FanOut.both
  var size = 300
  var process: Int32?
  var allowsRemote = false
  var json = false
  var wantsProgress = false
  var plot: String?

  var connections: Int { rooms * peers }
  var isEcho: Bool { fanOut == .echo }
  var showsProgress: Bool { Progress.isShown(isAsked: wantsProgress) }

  /// Messages a second, of all.
  var totalPerSecond: Int { inFlight == nil ? total ?? perSecond * connections : 0 }

  /// Messages of each peer; 0 where their number is not known before.
  var messagesEach: Int {
    if inFlight != nil { return 0 }
    return messages ?? (totalPerSecond * seconds + connections - 1) / connections
  }

  /// No message has this number or a higher one.
  var messagesMost: Int { inFlight == nil ? messagesEach : Int(UInt32.max) }

  /// How long sending takes when all goes well.
  var duration: Duration {
    guard messages != nil, totalPerSecond > 0 else { return .seconds(seconds) }
    return .milliseconds(1_000 * messagesEach * connections / totalPerSecond)
  }

  /// The load in words.
  var summary: String { onlyJoins ? "\(who), who only join and leave" : "\(shape), \(pace)" }

  /// The same without how much it is.
  var shape: String { "\(who), \(size) bytes\(whom)" }

  private var who: String {
    isEcho ? "\(connections) connections" : "\(rooms) rooms of \(peers) peers"
  }

  private var whom: String {
    switch fanOut {
    case .both: " to one or all"
    case .peer: " to one"
    case .room: " to all"
    case .echo: " and back"
    }
  }

  private var pace: String {
    if let inFlight { return "\(inFlight) messages of each under way" }
    let rate = totalPerSecond
    return rate == 0 ? "idle" : "\(Decimal.grouped(Double(rate))) messages/s"
  }

  /// When sending ends though not everything is sent: the tool is far behind its own schedule.
  var sendingMax: Duration {
    var most = duration * 2 + .seconds(10)
    if case .perSecond(let rate) = storm { most += .seconds(connections / rate) }
    return most
  }
}

extension SignalOptions {
  func check(_ words: [String]) throws(MalformedValue) {
    try Commands.check(words)
    if let url { try Commands.check(url.address, allowsRemote: allowsRemote) }
    try checkSizes()
    try checkModes()
  }

  func checkSizes() throws(MalformedValue) {
    guard connections <= Self.connectionsMax else {
      throw MalformedValue("opens at most \(Self.connectionsMax) connections: rooms × peers")
    }
    guard totalPerSecond <= Self.perSecondMax else {
      throw MalformedValue("sends at most \(Self.perSecondMax) messages a second in all")
    }
    guard connections * max(1, peers - 1) * messagesEach <= Self.deliveriesMax else {
      throw MalformedValue(
        "leads to at most \(Self.deliveriesMax) deliveries: fewer --seconds or --messages")
    }
  }

  private func checkModes() throws(MalformedValue) {
    if isEcho {
      guard storm == nil, !onlyJoins else {
        throw MalformedValue("has nothing to come back to or to join at an echo: no --echo")
      }
    } else if peers < 2 {
      throw MalformedValue("wants at least 2 peers in a room; only --echo does with one")
    }
    if inFlight != nil {
      guard storm == nil, messages == nil, total == nil, plot == nil else {
        throw MalformedValue(
          "has no rate with --in-flight: no --storm, --messages, --total or --plot beside it")
      }
    }
    guard plot == nil || !onlyJoins else {
      throw MalformedValue("sends no messages with --only-joins: no --plot beside it")
    }
  }
}
