// What every way to misbehave has in common: a thread of its own, connections, and what became of
// them.

internal import EventLoop
internal import NetTypes
internal import Synchronization
internal import Traffic

/// Where a flood takes place.
struct FloodScene {
  let url: SignalURL
  let loop: EventLoop
  /// The address that the offender has; another than the calm peers, as it would.
  let source: SocketAddress?
  /// A room of calm peers.
  let room: String
}

/// One misbehaving client. Everything but `isReady` happens on the loop of its scene, and what it
/// has found is read when that no longer runs: hence `@unchecked Sendable`.
class Offender: DeadlineHandler, FloodConnectionOwner, @unchecked Sendable {
  let scene: FloodScene
  private let ready = Atomic<Bool>(true)
  private(set) var isActive = false
  private var made = 0
  /// Those that have not ended, by their numbers.
  private(set) var live: [Int: FloodConnection] = [:]
  /// Close codes of the server, and how often each came.
  private var codes: [UInt16: Int] = [:]
  /// Connections that ended without a close frame.
  private(set) var cut = 0
  private var nextTick = Instant.distantFuture
  private var random = SplitMix64(seed: 1)

  init(_ scene: FloodScene) { self.scene = scene }

  /// How often ``tick(now:)`` is called, on average: what came at the rate at which calm peers send
  /// would meet always the same of them.
  var interval: Duration { .milliseconds(10) }

  // MARK: The run, on any thread

  /// Whether the calm peers may begin.
  var isReady: Bool {
    get { ready.load(ordering: .acquiring) }
    set { ready.store(newValue, ordering: .releasing) }
  }

  func prepareSoon() {
    scene.loop.submit { [self] in
      ThreadTurns.last.take()
      scene.loop.add(self)
      prepare()
    }
  }

  func beginSoon() {
    scene.loop.submit { [self] in
      isActive = true
      nextTick = scene.loop.now
      begin()
    }
  }

  func endSoon() {
    scene.loop.submit { [self] in
      isActive = false
      nextTick = .distantFuture
    }
  }

  // MARK: For those who misbehave

  /// What has to be there before the calm peers are measured.
  func prepare() {}
  func begin() {}
  func tick(now: Instant) {}
  func connected(_ connection: FloodConnection) { connection.upgrade() }
  func opened(_ connection: FloodConnection) { connection.join(scene.room) }
  func received(_ text: Span<UInt8>, on connection: FloodConnection) {}
  /// What the report shows besides how its connections ended.
  var findings: [FloodFinding] { [] }
  func lost(_ connection: FloodConnection) {}

  func connect() -> FloodConnection {
    made += 1
    let connection = FloodConnection(made, scene, of: self)
    live[made] = connection
    connection.connect()
    return connection
  }

  func ended(_ connection: FloodConnection, code: UInt16?) {
    live[connection.number] = nil
    if let code { codes[code, default: 0] += 1 } else { cut += 1 }
    lost(connection)
  }

  // MARK: Time and report

  var nextDeadline: Instant? { isActive ? nextTick : nil }

  func advance(to now: Instant) {
    nextTick = now + interval * Int.random(in: 50...150, using: &random) / 100
    tick(now: now)
  }

  var allFindings: [FloodFinding] {
    let closes = codes.sorted { $0.key < $1.key }.map {
      FloodFinding("closed_\($0.key)", "its connections closed with \($0.key)", $0.value)
    }
    return [FloodFinding("connections_made", "connections it made", made)] + findings + closes
      + [FloodFinding("connections_cut", "its connections cut without a close frame", cut)]
  }
}

/// A row of the report.
struct FloodFinding: Sendable {
  let key: String
  let label: String
  let count: Int

  init(_ key: String, _ label: String, _ count: Int) {
    self.key = key
    self.label = label
    self.count = count
  }
}
