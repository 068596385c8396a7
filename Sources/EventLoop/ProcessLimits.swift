// How many descriptors the process may have open, for those who plan with them.

internal import CLinux

public enum ProcessLimits {
  /// For listeners, loops, the admin endpoint and the log, whatever clients do.
  private static let descriptorsKept = 128

  /// Raises the number of open descriptors to what the system allows; returns that.
  @discardableResult
  public static func raiseDescriptorLimit() -> Int { Int(parley_raise_descriptor_limit()) }

  /// Raises the limit, and returns how many descriptors clients may have of it; at least 1.
  public static func descriptorsForClients() -> Int {
    max(1, raiseDescriptorLimit() - descriptorsKept)
  }
}
