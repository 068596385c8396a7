// Whom the clients and peers of a run tell what comes.

internal import NetTypes

/// The run that clients and peers belong to.
protocol ClientHost: AnyObject {
  /// There are datagrams at the client's socket.
  func drain(_ client: RelayClient)
  /// There are datagrams at the peer's socket.
  func drain(_ peer: PlainPeer)
  /// A frame came on the client's stream.
  func received(_ bytes: Span<UInt8>, _ frame: Range<Int>, on client: RelayClient, now: Instant)
  /// The client's connection is gone.
  func disconnected(_ client: RelayClient, now: Instant)
}
