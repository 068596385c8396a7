// The two numbered lanes of a session.

/// Client to server: which number must come next.
struct InboundLane: Sendable {
  enum Verdict: Equatable {
    case next
    case seenBefore
    case gap
  }

  /// The highest number up to which everything came; what `ack` says.
  private(set) var last: Int64

  /// - Parameter last: the number of the message that began the session.
  init(last: Int64) { self.last = last }

  /// Takes the number of a message that uses one up.
  mutating func take(_ number: Int64) -> Verdict {
    if number <= last { return .seenBefore }
    guard number - last == 1 else { return .gap }
    last = number
    return .next
  }

  /// Takes the next number for a message whose own cannot be read. The sender has used one up and
  /// will go on with the one behind it.
  mutating func takeUnread() -> Verdict {
    last += 1
    return .next
  }

  /// Judges the number of a `ping`, which repeats the last one used.
  func look(at number: Int64) -> Verdict {
    number > last ? .gap : .next
  }
}

/// Server to client: the numbers given out and those the client has confirmed.
///
/// This is the place of a replay ring: it would hold the messages in `acknowledged + 1 ... last`.
struct OutboundLane: Sendable {
  /// The last number given out; 0 before the first.
  private(set) var last: Int64 = 0
  /// The highest number the client says it has received everything up to.
  private(set) var acknowledged: Int64 = 0

  /// The number of the next message.
  mutating func number() -> Int64 {
    last += 1
    return last
  }

  /// False when the client confirms what was never sent.
  mutating func acknowledge(_ number: Int64) -> Bool {
    guard number <= last else { return false }
    acknowledged = max(acknowledged, number)
    return true
  }
}
