// Random numbers for who needs many: drawn by the page, since each draw has its price.

internal import COpenSSL

/// OpenSSL's generator, as ``SecureRandom`` is, for one thread: an allocation takes several words,
/// and one word costs as much as a page. What was given out is gone from here.
public final class RandomPool: RandomNumberGenerator {
  private static let wordCount = 64

  private var words = InlineArray<64, UInt64>(repeating: 0)
  private var left = 0

  public init() {}

  public func next() -> UInt64 {
    if left == 0 { fill() }
    left -= 1
    let word = words[left]
    words[left] = 0
    return word
  }

  private func fill() {
    let done = unsafe withUnsafeMutableBytes(of: &words) { page in
      unsafe RAND_bytes(
        page.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(page.count))
    }
    // As in ``SecureRandom``: guessable numbers would be worse than stopping.
    precondition(done == 1, "no randomness from the system")
    left = Self.wordCount
  }
}
