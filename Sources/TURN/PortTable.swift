// The ports of one relay address: free, taken, resting or set aside.

public import NetTypes

/// Every port of a range in one of four states. Taking a free one is O(1); only where free ports
/// have run out, or pairs are rare, is the range searched.
public struct PortTable: Sendable {
  /// How long a port that the system refused is not tried again.
  public static let asideLifetime = Duration.seconds(60)

  private enum State: Sendable { case free, taken, resting, aside }

  private struct Port: Sendable {
    var state = State.free
    /// Free: where it is in its list. Resting or aside: who came before, or -1.
    var place: Int32 = -1
    /// Resting or aside: who came after, or -1.
    var next: Int32 = -1
    var until = Instant(nanoseconds: 0)
  }

  /// Those who wait for their time, in one line for each reason.
  private enum Waiting: Int { case resting, aside }

  /// Ports that wait for their time, first come first.
  private struct Line: Sendable {
    var first: Int32 = -1
    var last: Int32 = -1
  }

  private let first: Int
  private let rest: Duration
  /// By number, from ``first`` on.
  private var ports: [Port]
  /// The free ones in no order: those with even numbers, and those with odd ones.
  private var free: [[Int32]] = [[], []]
  private var lines = InlineArray<2, Line>(repeating: Line())

  /// - Parameter rest: how long a port that was given back is not taken again, unless nothing else
  ///   is left.
  public init(_ range: PortRange, rest: Duration) {
    first = Int(range.first)
    self.rest = rest
    ports = Array(repeating: Port(), count: Int(range.last) - Int(range.first) + 1)
    for index in ports.indices { insertFree(index) }
  }

  /// How many could be taken now.
  public var freeCount: Int { free[0].count + free[1].count }

  /// Takes a port; `nil` when there is none of this kind, resting ones included.
  public mutating func take(
    _ kind: PortKind, now: Instant, using random: inout some RandomNumberGenerator
  ) -> UInt16? {
    while let index = due(.resting, now) { wake(index, from: .resting) }
    while let index = due(.aside, now) { wake(index, from: .aside) }
    guard let index = pick(kind, using: &random) ?? longestResting(kind) else { return nil }
    claim(index)
    if kind == .pair { claim(index + 1) }
    return UInt16(first + index)
  }

  /// Gives back a port that was taken; any other is left as it is.
  public mutating func free(_ port: UInt16, now: Instant) {
    guard let index = taken(port) else { return }
    append(index, to: .resting, until: now + rest)
  }

  /// Puts away a port that was taken and that the system refused.
  public mutating func setAside(_ port: UInt16, now: Instant) {
    guard let index = taken(port) else { return }
    append(index, to: .aside, until: now + Self.asideLifetime)
  }

  private func taken(_ port: UInt16) -> Int? {
    let index = Int(port) - first
    return ports.indices.contains(index) && ports[index].state == .taken ? index : nil
  }

  // MARK: Choosing

  private func pick(_ kind: PortKind, using random: inout some RandomNumberGenerator) -> Int? {
    let even = first & 1
    switch kind {
    case .any:
      guard freeCount > 0 else { return nil }
      let choice = Int.random(in: 0..<freeCount, using: &random)
      let split = free[0].count
      return Int(choice < split ? free[0][choice] : free[1][choice - split])
    case .even:
      return free[even].randomElement(using: &random).map { Int($0) }
    case .pair:
      let count = free[even].count
      guard count > 0 else { return nil }
      // From a random one on, in no order: few steps as long as pairs are plenty.
      let start = Int.random(in: 0..<count, using: &random)
      for step in 0..<count {
        let index = Int(free[even][(start + step) % count])
        if isState(index + 1, .free) { return index }
      }
      return nil
    }
  }

  private func longestResting(_ kind: PortKind) -> Int? {
    var index = Int(lines[Waiting.resting.rawValue].first)
    while index >= 0 {
      let isEven = (first + index) & 1 == 0
      switch kind {
      case .any: return index
      case .even: if isEven { return index }
      case .pair:
        let even = isEven ? index : index - 1
        if isUsable(even), isUsable(even + 1) { return even }
      }
      index = Int(ports[index].next)
    }
    return nil
  }

  private func isState(_ index: Int, _ state: State) -> Bool {
    ports.indices.contains(index) && ports[index].state == state
  }

  private func isUsable(_ index: Int) -> Bool {
    isState(index, .free) || isState(index, .resting)
  }

  private mutating func claim(_ index: Int) {
    if ports[index].state == .free { removeFree(index) } else { unlink(index, from: .resting) }
    ports[index].state = .taken
  }

  // MARK: Free ports

  private mutating func insertFree(_ index: Int) {
    ports[index].state = .free
    ports[index].place = Int32(free[index & 1].count)
    free[index & 1].append(Int32(index))
  }

  /// The last of the list takes the place of the one that goes.
  private mutating func removeFree(_ index: Int) {
    let place = Int(ports[index].place)
    guard let last = free[index & 1].popLast() else { return }
    guard Int(last) != index else { return }
    free[index & 1][place] = last
    ports[Int(last)].place = Int32(place)
  }

  // MARK: Waiting ports

  private func due(_ line: Waiting, _ now: Instant) -> Int? {
    let first = lines[line.rawValue].first
    guard first >= 0, ports[Int(first)].until <= now else { return nil }
    return Int(first)
  }

  private mutating func wake(_ index: Int, from line: Waiting) {
    unlink(index, from: line)
    insertFree(index)
  }

  private mutating func append(_ index: Int, to line: Waiting, until: Instant) {
    let last = lines[line.rawValue].last
    ports[index] = Port(
      state: line == .resting ? .resting : .aside, place: last, next: -1, until: until)
    if last >= 0 { ports[Int(last)].next = Int32(index) }
    if last < 0 { lines[line.rawValue].first = Int32(index) }
    lines[line.rawValue].last = Int32(index)
  }

  private mutating func unlink(_ index: Int, from line: Waiting) {
    let (before, after) = (ports[index].place, ports[index].next)
    if before >= 0 { ports[Int(before)].next = after }
    if after >= 0 { ports[Int(after)].place = before }
    if before < 0 { lines[line.rawValue].first = after }
    if after < 0 { lines[line.rawValue].last = before }
  }
}
