// How much strangers are told: a bound on answers to those who have proved nothing.

public import NetTypes

/// A rate of answers for each network that asks: whoever sends with the address of another makes
/// the server say no more than that to that one's network (RFC 8489 §16.1.2).
///
/// A table of fixed size. Each entry is a bucket that fills up in a second, kept as the one
/// instant at which it will be full. Where a set of entries is taken, the one that is full first
/// makes room: forged sources by the million push each other out, not their victim.
public struct ReplyBudget: Sendable {
  /// IPv4 networks are told apart by /24, those of IPv6 by /56: what one customer has.
  static let prefixLengthV4 = 24
  static let prefixLengthV6 = 56
  private static let ways = 4
  private static let sets = 1_024
  /// Networks that are remembered.
  public static let networksMax = ways * sets
  /// How long a bucket takes to fill up: what it holds is the rate of this time.
  private static let burst = Duration.seconds(1)

  private struct Bucket {
    var network: UInt64
    var fullAt: Instant
  }

  private let hashKey: HashKey
  /// `nil` for no bound.
  private let interval: Duration?
  private var buckets: [Bucket]

  /// - Parameter perSecond: answers for each network; 0 for no bound.
  public init(perSecond: Int, _ hashKey: HashKey) {
    self.hashKey = hashKey
    interval = perSecond > 0 ? .seconds(1) / perSecond : nil
    let none = Bucket(network: .max, fullAt: Instant(nanoseconds: 0))
    buckets = interval == nil ? [] : Array(repeating: none, count: Self.networksMax)
  }

  /// Whether `client` may be answered once more; counts the answer if so.
  public mutating func spend(for client: IPAddress, now: Instant) -> Bool {
    guard let interval else { return true }
    let network = Self.network(of: client)
    let index = find(network)
    let isKnown = buckets[index].network == network
    let fullAt = isKnown ? max(buckets[index].fullAt, now) : now
    guard fullAt + interval <= now + Self.burst else { return false }
    buckets[index] = Bucket(network: network, fullAt: fullAt + interval)
    return true
  }

  /// Whether ``spend(for:now:)`` would say no.
  public func isSpent(for client: IPAddress, now: Instant) -> Bool {
    guard let interval else { return false }
    let bucket = buckets[find(Self.network(of: client))]
    return bucket.network == Self.network(of: client)
      && max(bucket.fullAt, now) + interval > now + Self.burst
  }

  /// The network's bucket, or the one of its set that is full first.
  private func find(_ network: UInt64) -> Int {
    let set = Int(truncatingIfNeeded: hashKey.hash(network) % UInt64(Self.sets)) * Self.ways
    var oldest = set
    for index in set..<set + Self.ways {
      if buckets[index].network == network { return index }
      if buckets[index].fullAt < buckets[oldest].fullAt { oldest = index }
    }
    return oldest
  }

  /// A number for the network: one of IPv6 leaves the upper bits free, which one of IPv4 sets.
  private static func network(of address: IPAddress) -> UInt64 {
    switch address.family {
    case .v4: address.low >> UInt64(32 - prefixLengthV4) | 0xffff_ffff_0000_0000
    case .v6: address.high >> UInt64(64 - prefixLengthV6)
    }
  }
}
