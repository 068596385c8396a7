// How often each of a few kinds was seen.

/// A kind of message, with a small number of its own.
protocol Counted: Hashable, CaseIterable, Sendable {
  /// 0 to `Tally.kindsMax` less one.
  var place: Int { get }
}

/// Counts by kind in a fixed place: thousands of sessions have two each, so no dictionaries.
struct Tally<Kind: Counted>: Sendable {
  private var counts = InlineArray<16, UInt32>(repeating: 0)

  /// None of anything.
  init() {}

  mutating func count(_ kind: Kind) { counts[kind.place] &+= 1 }

  /// The counts of what was seen at all.
  var byKind: [Kind: Int] {
    var result: [Kind: Int] = [:]
    for kind in Kind.allCases where counts[kind.place] > 0 {
      result[kind] = Int(counts[kind.place])
    }
    return result
  }
}

extension ClientMessage.Kind: Counted {
  var place: Int {
    switch self {
    case .join: 0
    case .offer: 1
    case .answer: 2
    case .candidate: 3
    case .endOfCandidates: 4
    case .message: 5
    case .ice: 6
    case .report: 7
    case .kick: 8
    case .closeRoom: 9
    case .leave: 10
    case .ping: 11
    case .invalid: 12
    }
  }
}

extension ServerMessage.Kind: Counted {
  var place: Int {
    switch self {
    case .joined: 0
    case .presence: 1
    case .offer: 2
    case .answer: 3
    case .candidate: 4
    case .endOfCandidates: 5
    case .message: 6
    case .notice: 7
    case .ice: 8
    case .error: 9
    case .pong: 10
    }
  }
}
