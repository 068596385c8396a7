// The two numbered lanes of a session.

internal import NetTypes

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

/// Server to client: the numbers given out, those the client has confirmed, and what it has not.
struct OutboundLane: Sendable {
  /// The last number given out.
  private(set) var last: Int64
  /// The highest number the client says it has received everything up to.
  private(set) var acknowledged: Int64
  /// What is kept of the messages in `acknowledged + 1 ... last`.
  private(set) var ring: ReplayRing

  /// A lane whose numbers up to `last` are done with.
  init(last: Int64) {
    self.last = last
    acknowledged = last
    ring = ReplayRing(first: last + 1)
  }

  /// Gives `message` the next number, which is then the last, and keeps it until it is
  /// acknowledged.
  mutating func number(
    _ message: ServerMessage, now: Instant, limits: ReplayLimits
  ) -> Dropped {
    last += 1
    return ring.append(message, now: now, limits: limits)
  }

  /// False when the client confirms what was never sent.
  mutating func acknowledge(_ number: Int64) -> Bool {
    guard number <= last else { return false }
    acknowledged = max(acknowledged, number)
    ring.acknowledge(number)
    return true
  }

  /// Forgets what is too old to be sent again; how many messages that were.
  mutating func age(until instant: Instant) -> Int { ring.age(until: instant) }
}
