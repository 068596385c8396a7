// A TCP connection between a relay and a peer, until and while a client's is joined to it.

internal import NetTypes
internal import STUN

/// RFC 6062 §3: a peer data connection.
struct PeerConnection {
  enum State {
    /// On its way to the peer; who asked for it gets the answer.
    case connecting(Request, AuthenticatedUser)
    /// For its ConnectionBind.
    case waiting
    /// Joined to a client data connection.
    case bound
  }

  /// CONNECTION-ID: random, but for the index of the loop in its last byte.
  let id: UInt32
  let allocation: SlabHandle
  let peer: SocketAddress
  /// When it ends unless its state has changed; nothing once it is bound.
  var until: Instant
  var state: State
}

/// Which of the event loops this is: a connection is made on one, and bound where the client comes.
public struct LoopPlace: Sendable {
  public let index: Int
  public let count: Int

  /// - Parameters:
  ///   - index: 0..<`count`.
  ///   - count: 1...256, since a CONNECTION-ID has a byte for it.
  public init(index: Int, count: Int) {
    precondition((1...256).contains(count) && (0..<count).contains(index))
    self.index = index
    self.count = count
  }

  public static let only = LoopPlace(index: 0, count: 1)
}
