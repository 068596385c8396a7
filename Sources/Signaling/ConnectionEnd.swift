// How connections end that did not say good-bye.

/// Why a connection of a member is no more. After all but `error` its session goes on for a while.
public enum ConnectionEnd: String, Hashable, Sendable, CaseIterable {
  /// It broke, or was closed by the client.
  case lost
  /// Nothing was heard of it.
  case silent
  /// It read too slowly.
  case slow
  /// It was as old as connections may get.
  case aged
  /// Its client broke the protocol.
  case error
}
