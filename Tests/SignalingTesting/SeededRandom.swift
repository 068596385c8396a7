// Randomness that a seed repeats.

internal import NetTypes

/// The same numbers again for the same seed, in the forms that a simulation wants.
public struct SeededRandom: RandomNumberGenerator, Sendable {
  private var numbers: SplitMix64

  /// - Parameter seed: any number.
  public init(seed: UInt64) { numbers = SplitMix64(seed: seed) }

  public mutating func next() -> UInt64 { numbers.next() }

  /// A number from 0 to `bound - 1`; nearly even, which is enough here and fast.
  public mutating func below(_ bound: Int) -> Int {
    precondition(bound > 0, "there is a number below the bound")
    return Int(next() % UInt64(bound))
  }

  /// A number of `range`.
  public mutating func within(_ range: ClosedRange<Int64>) -> Int64 {
    range.lowerBound + Int64(next() % UInt64(range.upperBound - range.lowerBound + 1))
  }

  /// True in `percent` of a hundred cases.
  public mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
}
