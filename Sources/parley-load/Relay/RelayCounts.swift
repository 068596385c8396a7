// What one stretch of sending counted.

internal import NetTypes
internal import Traffic

struct RelayCounts {
  /// From when a packet was due to having read it.
  private(set) var latency = LatencyHistogram()
  /// How long after its time a packet left.
  private(set) var lag = LatencyHistogram()
  private(set) var sent = 0
  private(set) var received = 0
  private(set) var duplicates = 0
  private(set) var reordered = 0
  private(set) var corrupt = 0
  var foreign = 0
  /// Packets of the schedule that were not reached.
  var unsent = 0
  /// Packets that the system did not take.
  private(set) var refused = 0
  private(set) var problems: [String: Int] = [:]
  private var firstSent = Instant.zero
  private var lastSent = Instant.zero
  private var lastReceived = Instant.zero

  /// Whether all that was sent has come.
  var isComplete: Bool { received >= sent }
  var lost: Int { sent - received }

  @inline(__always)
  mutating func left(
    _ outcome: TrainSender.Outcome, of count: Int, at time: Instant, due: Instant
  ) {
    if sent == 0 { firstSent = time }
    sent += outcome.sent
    lastSent = time
    lag.record(time.nanoseconds - due.nanoseconds)
    guard outcome.sent < count else { return }
    refused += count - outcome.sent
    let reason = outcome.isFull ? "a full buffer" : "errno \(outcome.code)"
    problems["packets were refused by the system for \(reason)", default: 0] += count - outcome.sent
  }

  /// Judges what came in `range` of `bytes`.
  @inline(__always)
  mutating func received(
    _ bytes: Span<UInt8>, _ range: Range<Int>, as payload: NumberedPayload, in inbox: inout Inbox,
    at now: Instant
  ) {
    switch payload.check(bytes, range, from: inbox.sender) {
    case .foreign: foreign += 1
    case .corrupt: corrupt += 1
    case .valid(let number, let due):
      switch inbox.tracker.record(number) {
      case .inOrder, .reordered:
        received += 1
        lastReceived = now
        latency.record(now.nanoseconds - due.nanoseconds)
      case .duplicate: break
      case .outOfRange: corrupt += 1
      }
    }
  }

  mutating func tally(_ tracker: SequenceTracker) {
    duplicates += tracker.duplicates
    reordered += tracker.reordered
  }

  var sentPerSecond: Double { rate(sent, until: lastSent) }
  var receivedPerSecond: Double { rate(received, until: lastReceived) }

  /// The first packet marks the beginning, so it is not counted.
  private func rate(_ count: Int, until end: Instant) -> Double {
    let seconds = Double((end - firstSent).wholeNanoseconds) / 1e9
    return count > 1 && seconds > 0 ? Double(count - 1) / seconds : 0
  }

  /// The error codes that a person can do something about.
  static func explain(_ method: String, code: Int) -> String {
    let hint =
      switch code {
      case 401: "wrong user or password"
      case 403: "the server refuses this peer; --allow-peer 127.0.0.0/8 lets loopback be one"
      case 437: "the server lost the allocation"
      case 486: "the user's quota of allocations is used up"
      case 508: "the server's capacity is used up"
      default: "see RFC 8656 §19"
      }
    return "\(method) refused with \(code): \(hint)"
  }
}
