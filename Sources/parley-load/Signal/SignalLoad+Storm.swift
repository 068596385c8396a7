// The part of a signaling run in which connections break and come back.

internal import EventLoop
internal import NetTypes

/// How many connections are cut.
enum StormRate: Equatable, Sendable {
  /// All at once.
  case all
  case perSecond(Int)
}

/// A time in which each connection is cut once.
struct Storm: Sendable {
  private let rate: StormRate
  private let start: Instant
  /// Peers whose turn was, by their places.
  private(set) var reached = 0
  private(set) var isOver = false

  init(_ rate: StormRate, at start: Instant) {
    self.rate = rate
    self.start = start
  }

  /// The places of those whose turn has come.
  mutating func next(of count: Int, now: Instant) -> Range<Int> {
    guard now >= start else { return 0..<0 }
    let before = reached
    switch rate {
    case .all: reached = count
    case .perSecond(let rate):
      let elapsed = (now - start).wholeNanoseconds
      reached = min(count, 1 + Int(elapsed) / 1_000 * rate / 1_000_000)
    }
    isOver = reached == count
    return before..<reached
  }
}

/// Who has to come back, and how many are about to.
struct ReturnQueue {
  /// Connections that are opened at the same time.
  static let underWayMax = 2_048

  private var waiting: [SignalPeer] = []
  private var done = 0
  private var isWaiting: Set<Int> = []
  private(set) var underWay = 0
  /// Cut, and not back.
  private(set) var away = 0

  var isIdle: Bool { away == 0 }

  mutating func left() { away += 1 }

  mutating func add(_ peer: SignalPeer) {
    if isWaiting.insert(peer.place).inserted { waiting.append(peer) }
  }

  mutating func next() -> SignalPeer? {
    guard underWay < Self.underWayMax, done < waiting.count else { return nil }
    let peer = waiting[done]
    done += 1
    isWaiting.remove(peer.place)
    if done == waiting.count {
      waiting.removeAll(keepingCapacity: true)
      done = 0
    }
    underWay += 1
    return peer
  }

  /// An attempt has failed.
  mutating func failed() { underWay -= 1 }
  /// One is back.
  mutating func returned() {
    underWay -= 1
    away -= 1
  }
  /// One will never be.
  mutating func ended() { returned() }
}

extension SignalLoad {
  func advanceStorm(now: Instant) {
    guard let places = storm?.next(of: peers.count, now: now) else { return }
    for peer in peers[places] where peer.stage == .joined {
      results.cuts += 1
      if results.cuts == 1 { results.firstCut = now }
      peer.cut(now: Clock.now())
      returning.left()
      returning.add(peer)
    }
    startReturns()
  }

  func startReturns() {
    while let peer = returning.next() {
      guard peer.stage == .away else {
        returning.failed()
        continue
      }
      do {
        try peer.connect(door, on: loop)
      } catch {
        returnFailed(peer, "\(error)")
      }
    }
  }

  func returnFailed(_ peer: SignalPeer, _ problem: String) {
    results.failedReturns[problem, default: 0] += 1
    returning.failed()
    peer.waitToReturn(now: Clock.now())
  }

  /// - Parameter ack: what the server has got of it.
  func returned(_ peer: SignalPeer, ack: Int, now: Instant) {
    results.returned(after: (now - peer.cutAt).wholeNanoseconds, now: now)
    returning.returned()
    peer.rewind(to: ack)
    sendOwed(by: peer, now: now)
    startReturns()
  }
}
