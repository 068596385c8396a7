// How much memory a message takes while it is kept.

extension ServerMessage {
  /// Bytes of a message around what its sender gave.
  private static let envelope = 64

  /// About the bytes of its text.
  var byteCount: Int {
    switch self {
    case .joined: Self.envelope
    case .presence(let changes): Self.envelope + changes.count * 128
    case .offer(let from, let payload), .answer(let from, let payload),
      .candidate(let from, let payload), .message(let from, let payload):
      Self.envelope + from.text.utf8.count + payload.bytes.count
    case .endOfCandidates(let from, let payload):
      Self.envelope + from.text.utf8.count + (payload?.bytes.count ?? 0)
    case .notice(let text): Self.envelope + text.utf8.count
    case .ice(let offer): Self.envelope + offer.servers.count * 256
    case .error(let error): Self.envelope + 64 + error.text.utf8.count
    case .pong: Self.envelope
    }
  }
}
