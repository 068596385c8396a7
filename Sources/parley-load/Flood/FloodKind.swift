// The ways to misbehave that a flood run knows.

/// What the offender of a run does while calm peers are measured.
enum FloodKind: String, CaseIterable, Sendable {
  /// 100,000 messages a second from one peer.
  case messages
  /// A peer that is sent much and reads nothing.
  case neverReads = "never-reads"
  /// Heads of requests, TLS handshakes and frames, a byte a second.
  case byteASecond = "byte-a-second"
  /// Ten thousand connections that say nothing.
  case halfOpen = "half-open"
  /// Small compressed messages that are large ones, and offers of compression that are too.
  case bomb
  /// No misbehaviour: a room of a thousand, with one who speaks as fast as is allowed.
  case hotRoom = "hot-room"

  /// For people.
  var title: String {
    switch self {
    case .messages: "100,000 messages a second"
    case .neverReads: "a peer that never reads"
    case .byteASecond: "a byte a second"
    case .halfOpen: "10,000 half-open connections"
    case .bomb: "decompression bombs"
    case .hotRoom: "a room of 1,000 with one speaker"
    }
  }
}
