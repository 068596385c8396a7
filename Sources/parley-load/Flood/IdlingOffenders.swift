// Offenders who hold connections: by a byte a second, and by nothing at all.

internal import EventLoop
internal import NetTypes

/// Connections that send a byte a second: a third of them the head of a request, a third a TLS
/// handshake, a third a frame.
final class Dribble: Offender, @unchecked Sendable {
  private static let each = 30
  /// Members of one of its rooms.
  private static let perRoom = 10

  private enum Means: Int, CaseIterable {
    case head, handshake, frame
  }

  private struct Dribbling {
    let means: Means
    var rest: ArraySlice<UInt8>
    var isReady: Bool
  }

  private var dribbling: [Int: Dribbling] = [:]
  private var bytesSent = 0
  private var ends: [Means: Int] = [:]

  override var interval: Duration { .seconds(1) }

  override func begin() {
    for means in Means.allCases {
      for _ in 0..<Self.each { start(means) }
    }
  }

  private func start(_ means: Means) {
    let connection = connect()
    dribbling[connection.number] = Dribbling(
      means: means, rest: bytes(means)[...], isReady: false)
  }

  private func bytes(_ means: Means) -> [UInt8] {
    let filler = [UInt8](repeating: UInt8(ascii: "a"), count: 4_000)
    switch means {
    case .head: return Array("GET /signal HTTP/1.1\r\nX-Filler: ".utf8) + filler
    // A record of a handshake, and in it a ClientHello that is longer (RFC 8446 §4, §5.1).
    case .handshake: return [0x16, 3, 1, 0x0F, 0xFF, 1, 0, 0x0F, 0xFB] + filler
    // A text of 60,000 bytes, masked by zeros (RFC 6455 §5.2).
    case .frame: return [0x81, 0xFE, 0xEA, 0x60, 0, 0, 0, 0] + filler
    }
  }

  override func connected(_ connection: FloodConnection) {
    guard let means = dribbling[connection.number]?.means else { return }
    if means == .frame {
      connection.upgrade()
    } else {
      dribbling[connection.number]?.isReady = true
    }
  }

  override func opened(_ connection: FloodConnection) {
    connection.join("\(scene.room)-dribble-\(connection.number / Self.perRoom)")
  }

  override func received(_ text: Span<UInt8>, on connection: FloodConnection) {
    dribbling[connection.number]?.isReady = true
  }

  override func tick(now: Instant) {
    for (number, entry) in dribbling where entry.isReady {
      guard let byte = entry.rest.first else { continue }
      live[number]?.send(raw: [byte])
      dribbling[number]?.rest = entry.rest.dropFirst()
      bytesSent += 1
    }
  }

  override func lost(_ connection: FloodConnection) {
    guard let entry = dribbling.removeValue(forKey: connection.number) else { return }
    ends[entry.means, default: 0] += 1
    if isActive { start(entry.means) }
  }

  override var findings: [FloodFinding] {
    [
      FloodFinding("heads_ended", "slow heads that were ended", ends[.head] ?? 0),
      FloodFinding("handshakes_ended", "slow handshakes that were ended", ends[.handshake] ?? 0),
      FloodFinding("frames_ended", "slow frames that were ended", ends[.frame] ?? 0),
      FloodFinding("bytes_sent", "bytes it sent", bytesSent),
    ]
  }
}

/// Ten thousand connections that say nothing; whichever is closed is opened again.
final class HalfOpenFlood: Offender, @unchecked Sendable {
  static let wanted = 10_000
  /// Opened at one tick, of ten milliseconds: 5,000 a second.
  private static let perTick = 50

  private var openMost = 0
  private var established = 0

  override func tick(now: Instant) {
    for _ in 0..<min(Self.perTick, Self.wanted - live.count) { _ = connect() }
  }

  override func connected(_ connection: FloodConnection) {
    established += 1
    openMost = max(openMost, live.count)
  }

  override var findings: [FloodFinding] {
    [
      FloodFinding("established", "TCP connections that were established", established),
      FloodFinding("open_most", "open or opening at a time, at most", openMost),
    ]
  }
}
