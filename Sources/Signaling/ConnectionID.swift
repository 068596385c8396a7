// The name by which the driver and the core speak of one connection.

/// One connection; the driver gives the numbers and never gives one twice.
public struct ConnectionID: Hashable, Sendable {
  /// The driver's number.
  public let rawValue: UInt64

  /// - Parameter rawValue: the driver's number.
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}
