// How often something may happen.

/// How often something may happen: so often a second in the long run, and so often at once.
public struct Rate: Hashable, Sendable {
  /// In the long run; 1 to 1,000,000,000.
  public var perSecond: Int
  /// At once, at least 1.
  public var burst: Int

  /// - Parameters:
  ///   - perSecond: how often in the long run, 1 to 1,000,000,000.
  ///   - burst: how often at once, at least 1.
  public init(perSecond: Int, burst: Int) {
    self.perSecond = perSecond
    self.burst = burst
  }

  /// So often in the long run, and as many times more at once as this one allows.
  func scaled(to perSecond: Int) -> Rate {
    Rate(perSecond: perSecond, burst: burst * perSecond / self.perSecond)
  }
}

/// What a client may send, by the kinds that are counted apart.
public struct ClientRates: Hashable, Sendable {
  /// Candidates and their ends.
  public var candidate = Rate(perSecond: 50, burst: 500)
  /// Offers and answers.
  public var description = Rate(perSecond: 10, burst: 100)
  /// Messages.
  public var message = Rate(perSecond: 50, burst: 200)
  /// All else.
  public var other = Rate(perSecond: 20, burst: 60)

  /// The rates of Docs/protocol.md.
  public init() {}

  /// Those rates, but for so many messages a second in the long run, and as many candidates; at
  /// once as many times more as there.
  public init(messagesPerSecond: Int) {
    let (messages, candidates) = (message, candidate)
    message = messages.scaled(to: messagesPerSecond)
    candidate = candidates.scaled(to: messagesPerSecond)
  }
}
