// Whether media goes through the relay.

/// The policy about relaying, as a peer is told it.
public enum RelayPolicy: String, Hashable, Sendable, CaseIterable {
  /// Everything through the relay.
  case always
  /// Directly where that works.
  case fallback
  /// No TURN servers until the peer says that the direct way failed.
  case onDemand = "on-demand"
  /// No relay at all.
  case never
}
