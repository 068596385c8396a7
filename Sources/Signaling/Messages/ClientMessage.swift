// What clients say.

/// A message from a client.
public struct ClientMessage: Hashable, Sendable {
  /// The number of every session's first message.
  public static let joinNumber: Int64 = 1

  /// Its `seq`, not negative; nil when the text was too broken to have one.
  public var number: Int64?
  /// What it says.
  public var body: Body

  /// A message `body` with the number `number`.
  public init(number: Int64?, body: Body) {
    self.number = number
    self.body = body
  }

  /// What a message says.
  public enum Body: Hashable, Sendable {
    /// Enter a room.
    case join(JoinRequest)
    /// An SDP offer for one peer; the description is a JSON string.
    case offer(to: PeerID, sdp: RawJSON)
    /// An SDP answer for one peer; the description is a JSON string.
    case answer(to: PeerID, sdp: RawJSON)
    /// An ICE candidate for one peer; an `RTCIceCandidateInit` object.
    case candidate(to: PeerID, candidate: RawJSON)
    /// No more candidates of one ICE generation.
    case endOfCandidates(to: PeerID, usernameFragment: RawJSON?)
    /// Anything, for one peer or for all others.
    case message(to: PeerID?, data: RawJSON)
    /// Fresh ICE servers, please; with the relay where the direct way failed.
    case ice(relay: Bool)
    /// The way that the media takes toward one peer.
    case report(peer: PeerID, pair: SelectedPair)
    /// That peer has to go.
    case kick(PeerID, Reason)
    /// Everybody has to go.
    case closeRoom(Reason)
    /// Gone for good.
    case leave
    /// Heartbeat; everything up to the number `ack` was received, and the last answer took `rttMs`.
    case ping(ack: Int64, rttMs: Int64? = nil)
    /// What could not be understood, and the error that says why.
    case invalid(ErrorCode, detail: String)

    /// Which kind of message this is.
    public var kind: Kind {
      switch self {
      case .join: .join
      case .offer: .offer
      case .answer: .answer
      case .candidate: .candidate
      case .endOfCandidates: .endOfCandidates
      case .message: .message
      case .ice: .ice
      case .report: .report
      case .kick: .kick
      case .closeRoom: .closeRoom
      case .leave: .leave
      case .ping: .ping
      case .invalid: .invalid
      }
    }
  }

  /// The kinds of messages; raw values are the `type`s of the protocol, `invalid` apart.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// `join`.
    case join
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
    /// `report`.
    case report
    /// `kick`.
    case kick
    /// `close-room`.
    case closeRoom = "close-room"
    /// `leave`.
    case leave
    /// `ping`.
    case ping
    /// Anything that is none of the others.
    case invalid
  }
}
