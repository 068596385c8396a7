// What the server says.

/// A message to clients; its number is given beside it, for each recipient apart. What one peer
/// says to another is here as it came, shared by all who get it; the large ones are references, so
/// that it is small.
public enum ServerMessage: Hashable, Sendable {
  /// You are in.
  indirect case joined(Joined)
  /// Who came, who went, whose connection is broken; in order.
  case presence([PresenceChange])
  /// An SDP offer.
  case offer(from: PeerID, sdp: RawJSON)
  /// An SDP answer.
  case answer(from: PeerID, sdp: RawJSON)
  /// An ICE candidate.
  case candidate(from: PeerID, candidate: RawJSON)
  /// No more candidates of one ICE generation.
  case endOfCandidates(from: PeerID, usernameFragment: RawJSON?)
  /// Anything, from another member.
  case message(from: PeerID, data: RawJSON)
  /// The operator's words.
  case notice(String)
  /// Fresh ICE servers.
  case ice(ICEOffer)
  /// Something was wrong.
  indirect case error(ErrorMessage)
  /// Answer to `ping`; everything up to the number `ack` was received.
  case pong(ack: Int64)

  /// Which kind of message this is.
  public var kind: Kind {
    switch self {
    case .joined: .joined
    case .presence: .presence
    case .offer: .offer
    case .answer: .answer
    case .candidate: .candidate
    case .endOfCandidates: .endOfCandidates
    case .message: .message
    case .notice: .notice
    case .ice: .ice
    case .error: .error
    case .pong: .pong
    }
  }

  /// The number of every session's first message.
  public static let firstNumber: Int64 = 1

  /// The kinds of messages; raw values are the `type`s of the protocol.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// `joined`.
    case joined
    /// `presence`.
    case presence
    /// `offer`.
    case offer
    /// `answer`.
    case answer
    /// `candidate`.
    case candidate
    /// `end-of-candidates`.
    case endOfCandidates = "end-of-candidates"
    /// `message`.
    case message
    /// `notice`.
    case notice
    /// `ice`.
    case ice
    /// `error`.
    case error
    /// `pong`.
    case pong
  }
}
