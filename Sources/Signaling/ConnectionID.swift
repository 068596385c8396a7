// The name by which the driver and the core speak of one connection.

/// One connection; the driver gives the numbers and never gives one twice.
public struct ConnectionID: Hashable, Sendable {
  /// The driver's number.
  public let rawValue: UInt64

  /// - Parameter rawValue: the driver's number.
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  /// Spreads the driver's numbers, which nobody else can choose, over a table (Knuth, TAOCP 3,
  /// section 6.4: multiplication by the golden ratio).
  var hash: UInt64 { (rawValue &* 0x9E37_79B9_7F4A_7C15) >> 32 }
}
