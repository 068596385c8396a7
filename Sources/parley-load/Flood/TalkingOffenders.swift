// Offenders in a room: one who says too much, and one who listens to nothing.

internal import EventLoop
internal import JSON
internal import NetTypes

/// One peer of a calm room that sends 100,000 messages a second to everybody, and comes back as
/// soon as it is thrown out.
final class MessageFlood: Offender, @unchecked Sendable {
  static let perSecond: Int64 = 100_000

  private var peer: FloodConnection?
  private var isIn = false
  private var since = Instant.zero
  /// Messages that were due, and those of them that the socket took.
  private var due: Int64 = 0
  private var sent = 0

  override var interval: Duration { .milliseconds(1) }

  override func begin() {
    since = scene.loop.now
    peer = connect()
  }

  override func received(_ text: Span<UInt8>, on connection: FloodConnection) {
    isIn = true
  }

  override func tick(now: Instant) {
    let wanted = (now - since).wholeNanoseconds / (1_000_000_000 / Self.perSecond)
    // The schedule does not wait for the socket; what it does not take is not sent later.
    let batch = min(wanted - due, 1_000)
    due = wanted
    guard isIn, let peer, peer.isOpen else { return }
    for _ in 0..<batch {
      peer.add { Array(#"{"type":"message","seq":\#($0),"data":0}"#.utf8) }
    }
    if peer.room > 1 << 19 { sent += Int(batch) }
    peer.flush()
  }

  override func lost(_ connection: FloodConnection) {
    isIn = false
    peer = isActive ? connect() : nil
  }

  override var findings: [FloodFinding] {
    [
      FloodFinding("flood_due", "messages it wanted to send", Int(due)),
      FloodFinding("flood_sent", "messages it sent", sent),
    ]
  }
}

/// A peer of a calm room that never reads, and an accomplice who sends it as much as is allowed.
final class DeafPeer: Offender, @unchecked Sendable {
  /// Less than the 50 a second that are allowed, each of nearly the largest size.
  private static let pause = Duration.milliseconds(25)
  /// After so long it looks how its connection ended, and begins again.
  private static let deafness = Duration.seconds(3)

  private var parser = JSONObjectParser(sizeMax: 1 << 20)
  private var accomplice: FloodConnection?
  private var deaf: FloodConnection?
  private var deafName: String?
  private var deafUntil = Instant.distantFuture
  private var sent = 0
  private let padding = SignalFrames.padding(60_000, sender: 0)

  override var interval: Duration { Self.pause }

  override func begin() { accomplice = connect() }

  override func received(_ text: Span<UInt8>, on connection: FloodConnection) {
    do throws(JSONError) { try parser.parse(text) } catch { return }
    guard parser.string("type") == "joined" else { return }
    if connection === accomplice {
      deaf = connect()
    } else if connection === deaf {
      deafName = parser.string("peer")
      connection.goDeaf()
      deafUntil = scene.loop.now + Self.deafness
    }
  }

  override func tick(now: Instant) {
    if now >= deafUntil {
      deafUntil = .distantFuture
      deafName = nil
      deaf?.listenAgain()
      return
    }
    guard let deafName, let accomplice, accomplice.isOpen, accomplice.room > 1 << 17 else { return }
    accomplice.add {
      SignalFrames.message(seq: $0, to: deafName, data: padding)
    }
    accomplice.flush()
    sent += 1
  }

  override func lost(_ connection: FloodConnection) {
    guard isActive else { return }
    if connection === accomplice {
      deaf?.close()
      accomplice = connect()
    } else {
      deafName = nil
      deaf = connect()
    }
  }

  override var findings: [FloodFinding] {
    [FloodFinding("flood_sent", "messages of 60,000 bytes sent to it", sent)]
  }
}
