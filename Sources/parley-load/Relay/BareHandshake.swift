// How a client asks a forwarder that knows nothing of TURN for a way to its peer.

internal import NetTypes
internal import TURNClient

/// The client's first datagram is the peer's IPv4 address and port, big-endian; the answer is those
/// of the socket that the forwarder opened for it. From then on all that comes goes through as it
/// is. A packet of a run is longer than either.
struct BareHandshake {
  static let length = 6
  private static let pause = Duration.milliseconds(500)
  private static let triesMax = 7

  let request: [UInt8]
  private var tries = 0
  private var due = Instant.distantFuture

  init(peer: SocketAddress) {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: UInt32(truncatingIfNeeded: peer.ip.low))
    bytes.append(bigEndian: peer.port)
    request = bytes
  }

  /// It is sent now.
  mutating func begin(now: Instant) {
    tries = 1
    due = now + Self.pause
  }

  /// What an answer says.
  mutating func answered(_ bytes: Span<UInt8>) -> TURNClient.Event? {
    guard bytes.count == Self.length else { return nil }
    due = .distantFuture
    let ip = IPAddress(v4: bytes.uint32(at: 0))
    return .allocated(relay: SocketAddress(ip, port: bytes.uint16(at: 4)), lifetime: .zero)
  }

  /// Whether to send it again; `nil`: it is in vain.
  mutating func advance(to now: Instant) -> Bool? {
    guard now >= due else { return false }
    tries += 1
    due = now + Self.pause
    return tries <= Self.triesMax ? true : nil
  }
}
