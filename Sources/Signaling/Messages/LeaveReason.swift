// Why a member is gone.

/// What the others in the room are told about a member that is gone.
public enum LeaveReason: String, Hashable, Sendable, CaseIterable {
  /// It said `leave`.
  case left
  /// Its connection broke, and it did not come back in time.
  case timeout
  /// Somebody with the same granted name entered.
  case replaced
  /// A moderator or the operator removed it.
  case kicked
  /// The room was closed.
  case closed
  /// It broke the protocol, or sent far too much.
  case error
}
