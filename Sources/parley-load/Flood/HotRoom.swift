// No offender: a room of a thousand.

internal import NetTypes

/// A thousand members of one room, of whom one speaks to all as fast as the server allows.
final class HotRoom: Offender, @unchecked Sendable {
  static let members = 1_000
  /// Who come at the same time.
  private static let joiningMax = 32

  private var connections: [FloodConnection] = []
  private var joined: Set<Int> = []
  private var said = 0
  private var heard = 0

  /// The 50 messages a second that one peer may send.
  override var interval: Duration { .milliseconds(20) }

  override func prepare() {
    isReady = false
    for _ in 0..<Self.joiningMax { connections.append(connect()) }
  }

  override func opened(_ connection: FloodConnection) {
    connection.join("\(scene.room)-hot")
  }

  override func received(_ text: Span<UInt8>, on connection: FloodConnection) {
    if isActive { heard += 1 }
    guard joined.insert(connection.number).inserted else { return }
    if connections.count < Self.members { connections.append(connect()) }
    if joined.count == Self.members { isReady = true }
  }

  override func lost(_ connection: FloodConnection) {
    // Better a smaller room than a run that never begins.
    if joined.insert(connection.number).inserted, connections.count < Self.members {
      connections.append(connect())
    }
    if joined.count == Self.members { isReady = true }
  }

  override func tick(now: Instant) {
    guard let speaker = connections.first, speaker.isOpen else { return }
    speaker.add { Array(#"{"type":"message","seq":\#($0),"data":"\#(Self.text)"}"#.utf8) }
    speaker.flush()
    said += 1
  }

  private static let text = SignalFrames.padding(100, sender: 0)

  override var findings: [FloodFinding] {
    [
      FloodFinding("hot_members", "members of the hot room", joined.count),
      FloodFinding("hot_said", "messages said to all of it", said),
      FloodFinding("hot_heard", "messages heard there", heard),
    ]
  }
}
