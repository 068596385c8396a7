// Compares bytes at the speed of memory.

internal import Glibc

extension Span where Element == UInt8 {
  /// Whether the bytes of `range` are those of `other` that begin at `start`. Both must lie inside.
  @inline(__always)
  public func holds(_ other: Span<UInt8>, from start: Int, at range: Range<Int>) -> Bool {
    let mine = extracting(range)
    let theirs = other.extracting(start..<start + range.count)
    return unsafe mine.withUnsafeBufferPointer { mine in
      unsafe theirs.withUnsafeBufferPointer { theirs in
        guard let a = mine.baseAddress, let b = theirs.baseAddress else { return true }
        return unsafe memcmp(a, b, mine.count) == 0
      }
    }
  }
}
