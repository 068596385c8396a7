// What a client reports of the way that its media goes.

/// The candidate pair that ICE selected toward one peer (RFC 8445 §12), as the client says.
public struct SelectedPair: Hashable, Sendable {
  /// The type of a candidate (RFC 8839 §5.1); raw values are those of the browser's statistics.
  public enum CandidateType: String, Hashable, Sendable, CaseIterable {
    /// An address of the machine itself.
    case host
    /// An address that a STUN server saw.
    case serverReflexive = "srflx"
    /// An address that the other peer saw.
    case peerReflexive = "prflx"
    /// An address of the relay.
    case relay
  }

  /// What carries the media.
  public enum TransportProtocol: String, Hashable, Sendable, CaseIterable {
    /// UDP.
    case udp
    /// TCP.
    case tcp
  }

  /// The reporter's own side.
  public var local: CandidateType
  /// The peer's side.
  public var remote: CandidateType
  /// What is between them.
  public var transport: TransportProtocol

  /// A pair of candidates over a transport.
  public init(local: CandidateType, remote: CandidateType, transport: TransportProtocol) {
    self.local = local
    self.remote = remote
    self.transport = transport
  }

  /// Whether a relay is on the way.
  public var isRelayed: Bool { local == .relay || remote == .relay }
}
