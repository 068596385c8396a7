// How many discovery answers each part of the Internet gets in a second.

public import NetTypes

/// Counts answers by the prefix they go to, in a table that never grows: prefixes that share a
/// place share its budget. Who sends with the address of another is held back by what that one's
/// network may get, so an answer that is longer than its request floods nobody.
public struct DiscoveryBudget: Sendable {
  /// Far more than a network full of clients that examine their NAT needs.
  public static let answersPerSecondMax: UInt16 = 100
  static let places = 4_096

  private var counts = [UInt16](repeating: 0, count: places)
  private var second: Int64 = .min
  private let seed: UInt64

  /// - Parameter seed: hidden from clients, so that none can choose who shares its place.
  public init(seed: UInt64) { self.seed = seed }

  /// Whether one more answer may go to `client`; counts it.
  public mutating func take(for client: IPAddress, now: Instant) -> Bool {
    let current = now.nanoseconds / 1_000_000_000
    if current != second {
      second = current
      for index in counts.indices { counts[index] = 0 }
    }
    // A /24 of IPv4 and a /48 of IPv6 are one network.
    let prefix = client.family == .v4 ? client.low >> 8 : client.high >> 16
    var mixed = SplitMix64(seed: seed ^ prefix)
    let place = Int(mixed.next() % UInt64(Self.places))
    guard counts[place] < Self.answersPerSecondMax else { return false }
    counts[place] += 1
    return true
  }
}
