// An allocation with its permissions and channels (RFC 8656 §3.2).

internal import NetTypes
internal import STUN

/// RFC 8656 §3.3: peers at this address may send, on any port.
struct Permission: Sendable {
  let peer: IPAddress
  var expiresAt: Instant
}

/// RFC 8656 §12: a channel number that stands for a peer.
struct ChannelBinding: Sendable {
  let number: UInt16
  let peer: SocketAddress
  var expiresAt: Instant
}

/// What went through an allocation, cumulative, in datagrams and bytes.
public struct Traffic: Equatable, Sendable {
  public var packets: UInt64 = 0
  public var bytes: UInt64 = 0

  @inlinable public mutating func count(_ length: Int) {
    packets &+= 1
    bytes &+= UInt64(length)
  }

  @inlinable mutating func count(_ more: Traffic) {
    packets &+= more.packets
    bytes &+= more.bytes
  }

  @inlinable mutating func uncount(_ less: Traffic) {
    packets &-= less.packets
    bytes &-= less.bytes
  }

  public static func + (a: Traffic, b: Traffic) -> Traffic {
    Traffic(packets: a.packets &+ b.packets, bytes: a.bytes &+ b.bytes)
  }

  public init(packets: UInt64 = 0, bytes: UInt64 = 0) {
    self.packets = packets
    self.bytes = bytes
  }
}

/// Both sides and both directions of an allocation's data; control messages are not counted.
///
/// The client's side counts UDP payloads as they are on the wire, TURN framing included; the peers'
/// side counts application payloads. What arrives is counted when it arrives, whether it is relayed
/// or not; what leaves is counted only when the kernel took it.
public struct AllocationCounters: Equatable, Sendable {
  public var fromClient = Traffic()
  public var toClient = Traffic()
  public var fromPeers = Traffic()
  public var toPeers = Traffic()
  /// Datagrams that arrived for this allocation and were not relayed.
  public var drops: UInt64 = 0

  public init() {}

  public static func + (a: AllocationCounters, b: AllocationCounters) -> AllocationCounters {
    var sum = AllocationCounters()
    sum.fromClient = a.fromClient + b.fromClient
    sum.toClient = a.toClient + b.toClient
    sum.fromPeers = a.fromPeers + b.fromPeers
    sum.toPeers = a.toPeers + b.toPeers
    sum.drops = a.drops &+ b.drops
    return sum
  }
}

/// Names an allocation for ever: random, so that no restart and no other server repeats it.
public struct AllocationID: Hashable, Sendable {
  public let high: UInt64
  public let low: UInt64

  init(using random: inout some RandomNumberGenerator) {
    high = random.next()
    low = random.next()
  }

  /// 32 hexadecimal digits.
  public var text: String {
    [high, low].map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }.joined()
  }
}

/// What a packet needs stands at the front, in a few lines of the processor's cache: with thousands
/// of allocations it is mostly somewhere else when it is wanted.
struct Allocation: Sendable {
  var fiveTuple: FiveTuple
  /// The connection of the client is closed, and it is awaited on another.
  var isDetached = false
  /// Between relay and peers; TCP is RFC 6062.
  var transport = RequestedTransport.udp
  var permissions: [Permission] = []
  var channels: [ChannelBinding] = []
  var ends: RelayEnds
  var counters = AllocationCounters()
  var meter = Meter(nil, nil)

  let id: AllocationID
  let username: String
  /// What it is counted under.
  let account: String
  /// Of the Allocate that made it: a retransmission gets the same answer (RFC 8656 §5).
  let transaction: TransactionID
  /// The family that was asked for besides and could not be had.
  let failure: FamilyFailure?
  /// The RESERVATION-TOKEN of the next port, when EVEN-PORT asked for one.
  let token: UInt64?
  /// With mobility: shows that a client on another 5-tuple is this one (RFC 8016).
  var ticket: MobilityTicket?
  /// The 5-tuple that the client announced and was not heard from yet.
  var move: PendingMove?
  let createdAt: Instant
  /// Of the newest token, where it was made by one.
  var grant: TokenGrant?
  /// Those to and from peers, over TCP only.
  var connections: [SlabHandle] = []

  var expiresAt: Instant { ends.expiresAt }

  /// RFC 8656 §8.1: the end of one family takes its permissions and channels along.
  mutating func removeEnd(_ family: IPAddress.Family) {
    ends[family] = nil
    permissions.removeAll { $0.peer.family == family }
    channels.removeAll { $0.peer.ip.family == family }
  }

  // MARK: Permissions

  /// Whether `peer` may be relayed to and from. Traffic extends nothing (RFC 8656 §9).
  func permits(_ peer: IPAddress, now: Instant) -> Bool {
    for permission in permissions where permission.peer == peer {
      return permission.expiresAt > now
    }
    return false
  }

  /// Installs or refreshes; `false` when the table is full of live permissions.
  mutating func permit(_ peer: IPAddress, now: Instant, max: Int) -> Bool {
    let expiresAt = now + TURNLimits.permissionLifetime
    if let index = permissions.firstIndex(where: { $0.peer == peer }) {
      permissions[index].expiresAt = expiresAt
      return true
    }
    if permissions.count >= max { permissions.removeAll { $0.expiresAt <= now } }
    guard permissions.count < max else { return false }
    permissions.append(Permission(peer: peer, expiresAt: expiresAt))
    return true
  }

  /// How many of `peers` would be new, counted once each.
  func missing(_ peers: [SocketAddress], now: Instant) -> Int {
    var fresh: [IPAddress] = []
    for peer in peers where !permits(peer.ip, now: now) && !fresh.contains(peer.ip) {
      fresh.append(peer.ip)
    }
    return fresh.count
  }

  /// Takes permissions and channels away that are no longer allowed.
  mutating func withdraw(by filter: PeerFilter) {
    permissions.removeAll { !filter.allows($0.peer) }
    channels.removeAll { !filter.allows($0.peer.ip) || !filter.allows($0.peer) }
  }

  func livePermissions(now: Instant) -> Int { permissions.count { $0.expiresAt > now } }

  // MARK: Channels

  /// The live binding of a channel number.
  func peer(of channel: UInt16, now: Instant) -> SocketAddress? {
    for binding in channels where binding.number == channel {
      return binding.expiresAt > now ? binding.peer : nil
    }
    return nil
  }

  /// The live channel of a peer.
  func channel(of peer: SocketAddress, now: Instant) -> UInt16? {
    for binding in channels where binding.peer == peer {
      return binding.expiresAt > now ? binding.number : nil
    }
    return nil
  }

  enum BindResult { case bound, conflict, full }

  /// RFC 8656 §12.2: binds or refreshes; a number belongs to one peer and a peer to one number.
  mutating func bind(_ number: UInt16, to peer: SocketAddress, now: Instant, max: Int)
    -> BindResult
  {
    channels.removeAll { $0.expiresAt <= now }
    let expiresAt = now + TURNLimits.channelLifetime
    if let index = channels.firstIndex(where: { $0.number == number || $0.peer == peer }) {
      guard channels[index].number == number, channels[index].peer == peer else {
        return .conflict
      }
      channels[index].expiresAt = expiresAt
      return .bound
    }
    guard channels.count < max else { return .full }
    channels.append(ChannelBinding(number: number, peer: peer, expiresAt: expiresAt))
    return .bound
  }
}
