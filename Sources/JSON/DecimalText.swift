// Whole numbers as people write them, without the heap.

/// A whole number in decimal digits.
public struct DecimalText: Sendable {
  private static let countMax = 20

  private var bytes = InlineArray<20, UInt8>(repeating: 0)
  private var first = countMax

  /// The shortest form of `value`.
  public init(_ value: Int64) {
    var rest = value.magnitude
    repeat {
      first -= 1
      bytes[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    } while rest > 0
    if value < 0 {
      first -= 1
      bytes[first] = UInt8(ascii: "-")
    }
  }

  /// Bytes of it, 1 to 20.
  public var count: Int { Self.countMax - first }

  fileprivate func append(to output: inout [UInt8]) {
    for index in first..<Self.countMax { output.append(bytes[index]) }
  }
}

extension [UInt8] {
  /// Appends the digits of a number.
  public mutating func append(_ number: DecimalText) { number.append(to: &self) }
}
