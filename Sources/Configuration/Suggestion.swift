// Guesses what a misspelled word was meant to be.

/// Finds the nearest of some words.
public enum Suggestion {
  /// The word that is few typing errors away (a third of its letters), or begins as `word` does;
  /// `nil` when none is near.
  public static func nearest(to word: String, among candidates: [String]) -> String? {
    let word = word.lowercased()
    let ranked = candidates.map { (distance: distance(word, $0), candidate: $0) }
    let best = ranked.min { $0.distance < $1.distance }
    if let best, best.distance <= max(1, best.candidate.count / 3) { return best.candidate }
    guard word.count >= 3 else { return nil }
    return candidates.first { $0.hasPrefix(word) || $0.hasSuffix("-" + word) }
  }

  /// Letters to add, drop, change or swap with their neighbour, to make one word the other.
  static func distance(_ left: String, _ right: String) -> Int {
    let (left, right) = (Array(left.prefix(64)), Array(right.prefix(64)))
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for (row, letter) in left.enumerated() {
      var current = [row + 1]
      for (column, other) in right.enumerated() {
        var cost = min(
          last[column] + (letter == other ? 0 : 1), last[column + 1] + 1, current[column] + 1)
        if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
          cost = min(cost, beforeLast[column - 1] + 1)
        }
        current.append(cost)
      }
      beforeLast = last
      last = current
    }
    return last[right.count]
  }
}
