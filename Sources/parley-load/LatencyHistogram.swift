// Counts durations in buckets of fixed relative width: percentiles at no memory per value.

/// A histogram of durations in nanoseconds. A value is kept to better than 1 part in 128, from one
/// nanosecond to 18 minutes; what is longer counts as the longest.
struct LatencyHistogram: Sendable {
  /// Each power of two is cut into this many buckets, as a power of two itself.
  private static let subBits = 7
  private static let subCount = 1 << subBits
  static let longestNs: Int64 = (1 << 40) - 1

  private var buckets = [UInt64](repeating: 0, count: bucket(of: longestNs) + 1)
  private(set) var count: UInt64 = 0
  private(set) var maxNs: Int64 = 0

  /// A negative duration counts as 0.
  mutating func record(_ nanoseconds: Int64) {
    let value = min(max(0, nanoseconds), Self.longestNs)
    buckets[Self.bucket(of: value)] += 1
    count += 1
    if value > maxNs { maxNs = value }
  }

  mutating func add(_ other: LatencyHistogram) {
    for (index, bucket) in other.buckets.enumerated() { buckets[index] += bucket }
    count += other.count
    maxNs = max(maxNs, other.maxNs)
  }

  /// The nearest-rank percentile: the smallest value that at least `percent` of all do not exceed,
  /// rounded up to the end of its bucket. 0 when there are no values.
  ///
  /// - Parameter percent: above 0, at most 100.
  func percentileNs(_ percent: Double) -> Int64 {
    guard count > 0 else { return 0 }
    let rank = max(1, UInt64((percent / 100 * Double(count)).rounded(.up)))
    var seen: UInt64 = 0
    for (index, bucket) in buckets.enumerated() {
      seen += bucket
      if seen >= rank { return min(Self.upperBound(of: index), maxNs) }
    }
    return maxNs
  }

  /// Values below 2 × `subCount` have a bucket each.
  private static func bucket(of value: Int64) -> Int {
    let bits = Int64.bitWidth - value.leadingZeroBitCount
    let shift = max(0, bits - (subBits + 1))
    return shift * subCount + Int(value >> Int64(shift))
  }

  private static func upperBound(of index: Int) -> Int64 {
    let shift = max(0, index / subCount - 1)
    let lowest = Int64(index - shift * subCount) << Int64(shift)
    return lowest + (1 << Int64(shift)) - 1
  }
}
