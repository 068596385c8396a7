// Finds the highest rate that passes, from one try to the next.

/// Grows by half until a rate fails, then halves the gap until it is small. A rate that fails is
/// tried once more: one hiccup of the machine is not the limit.
struct RateSearch: Sendable {
  /// The gap at which it ends, as a part of the rate.
  private static let gap = 0.02
  private static let growth = 1.5
  private static let triesMax = 64

  /// What to try next; `nil`: it is over.
  private(set) var next: Int?
  /// The highest that passed; 0 when none did.
  private(set) var best = 0
  private let most: Int
  private var failed: Int?
  private var failedOnce = false
  private var tries = 0

  /// - Parameters:
  ///   - first: to begin with, at least 1.
  ///   - most: never tried beyond.
  init(from first: Int, most: Int) {
    next = min(first, most)
    self.most = most
  }

  mutating func record(passed: Bool) {
    guard let rate = next else { return }
    tries += 1
    if passed {
      best = max(best, rate)
      failedOnce = false
    } else if !failedOnce {
      failedOnce = true
      return
    } else {
      failed = rate
      failedOnce = false
    }
    next = tries < Self.triesMax ? following() : nil
  }

  private func following() -> Int? {
    guard let failed else {
      return best < most ? min(most, max(best + 1, Int(Double(best) * Self.growth))) : nil
    }
    let middle = (best + failed) / 2
    return Double(failed - best) > max(1, Double(failed) * Self.gap) ? middle : nil
  }
}
