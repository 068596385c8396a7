// Runs what is to be measured between two marks, so that a profiler can count what it costs.

import CMarks

/// Measures cases one after the other; callgrind's even dumps are what lies between the marks.
struct Ruler {
  /// How often a case runs before it counts: caches are filled, arrays have grown.
  private static let warmUps = 64
  /// How often it runs while it counts.
  static let runs = 256

  /// The names that were asked for; empty for all.
  let wanted: Set<String>
  /// Cases that did not do what they are there for.
  private(set) var failed: [String] = []

  init(_ wanted: Set<String>) { self.wanted = wanted }

  /// - Parameters:
  ///   - units: packets or messages of one run.
  ///   - body: one run; false if it was not what the name says.
  @inline(never)
  mutating func measure(_ name: String, units: Int = 1, _ body: () -> Bool) {
    guard wanted.isEmpty || wanted.contains(name) else { return }
    var good = 0
    for _ in 0..<Self.warmUps where body() { good += 1 }
    parley_mark()
    for _ in 0..<Self.runs where body() { good += 1 }
    parley_mark()
    if good != Self.warmUps + Self.runs { failed.append(name) }
    print(name, Self.runs * units)
  }
}
