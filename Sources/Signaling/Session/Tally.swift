// How often each of a few kinds was seen.

/// A kind of message, with a small number of its own.
public protocol Counted: Hashable, CaseIterable, Sendable {
  /// 0 to 15.
  var place: Int { get }
}

/// Counts by kind in a fixed place: every message is counted, and thousands of sessions have two of
/// these each, so no dictionaries.
public struct Tally<Kind: Counted, Count: FixedWidthInteger & Sendable>: Sendable, Equatable {
  private var counts = InlineArray<16, Count>(repeating: 0)

  /// None of anything.
  public init() {}

  /// How often `kind` was seen.
  public subscript(kind: Kind) -> Int { Int(counts[kind.place]) }

  mutating func count(_ kind: Kind) { counts[kind.place] &+= 1 }

  /// Adds what was seen elsewhere.
  mutating func add(_ other: Tally) {
    for place in counts.indices { counts[place] &+= other.counts[place] }
  }

  /// The counts of what was seen at all.
  public var byKind: [Kind: Int] {
    var result: [Kind: Int] = [:]
    for kind in Kind.allCases where self[kind] > 0 { result[kind] = self[kind] }
    return result
  }

  public static func == (one: Tally, other: Tally) -> Bool { one.byKind == other.byKind }
}

extension ClientMessage.Kind: Counted {
  /// Its place in a `Tally`.
  public var place: Int {
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
  /// Its place in a `Tally`.
  public var place: Int {
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
