// What the server says.

/// A message to clients; its number is given beside it, for each recipient apart.
public enum ServerMessage: Hashable, Sendable {
  /// You are in.
  case joined(Joined)
  /// Somebody entered. The newcomer is the polite one, so the recipient never is.
  case peerJoined(PeerID, name: DisplayName)
  /// Somebody is gone.
  case peerLeft(PeerID, LeaveReason)
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
  /// Fresh ICE servers.
  case ice(ICEOffer)
  /// Something was wrong.
  case error(ErrorMessage)
  /// Answer to `ping`; everything up to the number `ack` was received.
  case pong(ack: Int64)

  /// Which kind of message this is.
  public var kind: Kind {
    switch self {
    case .joined: .joined
    case .peerJoined: .peerJoined
    case .peerLeft: .peerLeft
    case .offer: .offer
    case .answer: .answer
    case .candidate: .candidate
    case .endOfCandidates: .endOfCandidates
    case .message: .message
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
    /// `peer-joined`.
    case peerJoined = "peer-joined"
    /// `peer-left`.
    case peerLeft = "peer-left"
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
    /// `ice`.
    case ice
    /// `error`.
    case error
    /// `pong`.
    case pong
  }
}

/// The state that a new member begins with.
public struct Joined: Hashable, Sendable {
  /// Somebody who was there before; toward all of them the newcomer is the polite one.
  public struct Peer: Hashable, Sendable {
    /// Its name in messages.
    public var peer: PeerID
    /// Its name for people.
    public var name: DisplayName

    /// One entry of the roster.
    public init(peer: PeerID, name: DisplayName) {
      self.peer = peer
      self.name = name
    }
  }

  /// The highest number received from this client: its `join`.
  public var ack: Int64
  /// The room entered.
  public var room: RoomName
  /// The newcomer's own name in messages.
  public var peer: PeerID
  /// The newcomer's secret.
  public var session: SessionSecret
  /// Whether the session of `resume` goes on with everything replayed.
  public var resumed: Bool
  /// Who was there before, in the order of their joins.
  public var peers: [Peer]
  /// Where to find STUN and TURN.
  public var ice: ICEOffer
  /// The operator's policy.
  public var relay: RelayPolicy
  /// What the client has to keep to.
  public var limits: SignalingLimits
}
