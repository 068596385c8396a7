// What a TURNServer says to do: with one datagram by value, and with the world in a list.

public import NetTypes

/// What becomes of the datagram that was just handed in.
public enum Verdict: Equatable, Sendable {
  case drop(DropReason)
  /// Send ``TURNServer/reply`` back to where the datagram came from.
  case reply
  /// Send ``TURNServer/reply`` from the server address to the client address of this 5-tuple, one
  /// of which is not what the datagram says (RFC 5780 §6.1).
  case replyElsewhere(FiveTuple)
  /// An effect has to be carried out first; its result gives the next verdict.
  case pending
  /// Send the range of the buffer from the relay's socket to the peer, on request so that no router
  /// cuts it up (RFC 8656 §14); and so on with as many as `count` says, each of which is where the
  /// one before is in its own datagram of the train.
  case toPeer(
    relay: SlabHandle, peer: SocketAddress, Range<Int>, dontFragment: Bool = false, count: Int = 1)
  /// The stream that the request came on moves to this loop, where it is handled again.
  case moveStream(loop: Int)
  /// Send ``TURNServer/reply``; from then on the stream is the client's half of this connection,
  /// and what comes on it is the peer's (RFC 6062 §5.4).
  case bindStream(SlabHandle)
  /// Send the range of the buffer to the client, from the server address it knows, framed.
  case toClient(allocation: SlabHandle, FiveTuple, Range<Int>, Framing)
}

/// What goes around a payload on its way to a client. The buffer that it is in is only read, for
/// more may lie in front of it and behind.
public struct Framing: Equatable, Sendable {
  /// Datagrams of equal length in the range, each of which is framed.
  public let count: Int
  /// Bytes of ``TURNServer/header`` that go in front of each.
  public let header: Int
  /// Zeros that go behind each.
  public let padding: Int
}

/// Whose counters a datagram that leaves is counted in.
public enum Recipient: Equatable, Sendable {
  /// In none: an answer is no traffic.
  case asker
  /// The client of this allocation.
  case client(SlabHandle)
  /// A peer of this relay.
  case peer(SlabHandle)
}

extension Verdict {
  /// Who gets what is to be sent, and how much of it is counted as sent already.
  public var load: (recipient: Recipient, traffic: Traffic) {
    switch self {
    case .toPeer(let relay, _, let range, _, let count):
      (.peer(relay), Traffic(packets: UInt64(count), bytes: UInt64(count * range.count)))
    case .toClient(let allocation, _, let range, let framing):
      (.client(allocation), framing.traffic(of: range.count))
    case .drop, .reply, .replyElsewhere, .pending, .moveStream, .bindStream:
      (.asker, Traffic(packets: 1, bytes: 0))
    }
  }
}

extension Framing {
  /// What `bytes` of payload are on the wire.
  public func traffic(of bytes: Int) -> Traffic {
    Traffic(packets: UInt64(count), bytes: UInt64(bytes + count * (header + padding)))
  }
}

/// What is to be done besides, in order, before the next input.
public enum Effect: Equatable, Sendable {
  /// Open a UDP socket at this address and answer with
  /// ``TURNServer/relayOpened(_:_:now:effects:)``.
  case openRelay(SlabHandle, SocketAddress)
  /// Listen for TCP connections at this address and answer in the same way.
  case listenRelay(SlabHandle, SocketAddress)
  case closeRelay(SlabHandle)
  /// Read the relay's socket no longer, and keep it, so that nobody else gets the port: for the
  /// loop that opens a relay at its address next, or until the port goes back to the pool.
  case parkRelay(SlabHandle)
  /// Connect to a peer over TCP, from the address of a relay that listens, and answer with
  /// ``TURNServer/peerConnected(_:ok:now:effects:)``.
  case connect(SlabHandle, relay: SlabHandle, from: SocketAddress, to: SocketAddress)
  /// Close both halves of a connection.
  case closeConnection(SlabHandle)
  /// Send a message to the client at this 5-tuple.
  case send(FiveTuple, [UInt8])
  /// Ask every other loop by ``TURNServer/announce(_:now:effects:)``, and answer with
  /// ``TURNServer/loopsAnswered(_:_:onLoop:)``.
  case askLoops(SlabHandle, MoveRequest)
  /// Get the allocation of this 5-tuple by ``TURNServer/depart(_:now:)`` of that loop, answer with
  /// ``TURNServer/adopt(_:now:effects:)`` or ``TURNServer/notFetched(_:)``, and hand in again what
  /// came meanwhile.
  case fetch(FiveTuple, onLoop: Int)
  /// An allocation came to be, or ended with these final counters.
  case started(AllocationID)
  case ended(AllocationRecord)
}

/// What became of ``Effect/openRelay(_:_:)`` or ``Effect/listenRelay(_:_:)``.
public enum RelayOpening: Sendable {
  case opened
  /// Another socket of this host has the port: one may try another.
  case portInUse
  /// No port would do: there are no descriptors left, or the address is gone.
  case failed
}

/// Why a datagram was not answered or not relayed: each has a counter.
public enum DropReason: Int, CaseIterable, Sendable {
  /// Neither STUN nor ChannelData by its first byte, or empty.
  case notRecognized
  /// Not a well-formed STUN message.
  case malformedSTUN
  /// ChannelData shorter than its header says, or with more than padding behind it.
  case malformedChannelData
  /// A response, or an indication that only a server sends.
  case unexpectedClass
  /// A request of a method that is not served.
  case unknownMethod
  /// Data or ChannelData on a 5-tuple without allocation.
  case noAllocation
  /// A channel number that is not bound.
  case noChannel
  /// No live permission for the peer.
  case noPermission
  /// A peer that the filter refuses.
  case forbiddenPeer
  /// A Send indication without peer or data, of the other family, or with unknown attributes.
  case badIndication
  /// A TCP connection of a peer, with no room for it.
  case connectionLimit
  /// A datagram for a relay that is gone.
  case noRelay
  /// More than `--allocation-bandwidth` lets pass now.
  case allocationBandwidth
  /// More than `--user-bandwidth` lets pass now.
  case userBandwidth
  /// An ICMP error of a kind that is none of the client's business (RFC 8656 §11.5).
  case irrelevantICMP
  /// For a client whose stream takes less than comes: the oldest of what waited, for the newest.
  case clientTooSlow
  /// For a client whose connection is closed and that has not come back with its ticket yet.
  case clientAway
  /// Longer than a ChannelData or Data indication can carry, or than a request may be.
  case tooLong
  /// NAT behaviour discovery for a network that has got its share of answers.
  case discoveryBudget
  /// A request that was to be refused, of a network that was refused too often.
  case unauthenticatedRate
}

/// An allocation as it is, or was at its end.
public struct AllocationRecord: Equatable, Sendable {
  public let id: AllocationID
  public let username: String
  public let fiveTuple: FiveTuple
  /// One, or an IPv4 and an IPv6 address.
  public let relayAddresses: [SocketAddress]
  public let age: Duration
  /// Zero for one that ended.
  public let timeToLive: Duration
  public let permissions: Int
  public let channels: Int
  public let counters: AllocationCounters
}
