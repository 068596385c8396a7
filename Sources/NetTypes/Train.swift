// Datagrams of one sender that lie one behind the other in a buffer, as the kernel hands them over.

/// Datagrams that all have one size but for the last, which may be shorter. Whoever takes one knows
/// by ``count`` how many are left.
public struct Train: Equatable, Sendable {
  /// Where those are that nobody has taken yet.
  public private(set) var rest: Range<Int>
  /// Bytes of each datagram but the last.
  public let size: Int
  /// How many nobody has taken yet. A single empty datagram is one.
  public private(set) var count: Int

  /// A datagram that came alone.
  @inlinable public init(_ datagram: Range<Int>) {
    self.init(datagram, size: datagram.count)
  }

  /// - Parameter size: of each datagram but the last; 0 only where `range` is empty.
  @inlinable public init(_ range: Range<Int>, size: Int) {
    precondition(size > 0 || range.isEmpty)
    self.init(rest: range, size: size, count: Self.count(range.count, size))
  }

  @usableFromInline init(rest: Range<Int>, size: Int, count: Int) {
    self.rest = rest
    self.size = size
    self.count = count
  }

  @usableFromInline static func count(_ bytes: Int, _ size: Int) -> Int {
    bytes <= size ? 1 : (bytes + size - 1) / size
  }

  /// Takes the next datagram.
  public mutating func next() -> Range<Int>? {
    guard count > 0 else { return nil }
    let end = min(rest.lowerBound + size, rest.upperBound)
    return take(1, upTo: end)
  }

  /// Takes as many of the next as have one size: all that are left, or all but a shorter last one.
  public mutating func nextAlike() -> (range: Range<Int>, count: Int)? {
    guard count > 0 else { return nil }
    let alike = rest.count < count * size && count > 1 ? count - 1 : count
    return (take(alike, upTo: min(rest.lowerBound + alike * size, rest.upperBound)), alike)
  }

  private mutating func take(_ taken: Int, upTo end: Int) -> Range<Int> {
    let range = rest.lowerBound..<end
    rest = end..<rest.upperBound
    count -= taken
    return range
  }
}
