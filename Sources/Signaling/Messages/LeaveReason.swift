// Why a member is gone.

/// What the others in the room are told about a member that is gone.
public enum LeaveReason: String, Hashable, Sendable, CaseIterable {
  /// It said `leave`.
  case left
  /// Its connection broke.
  case lost
  /// Nothing was heard of it.
  case timeout
  /// It read too slowly.
  case slow
  /// A newer connection of its session took over.
  case replaced
  /// It broke the protocol.
  case error
}
