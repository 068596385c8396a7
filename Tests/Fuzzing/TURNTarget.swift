// A TURN server under a trace, and everything that must hold after each of its steps.

import NetTypes
import STUN
import TURN
import TURNTesting

enum TURNTarget {
  static func run(_ input: [UInt8]) throws(Finding) {
    // The table of who was told how much is larger than all the rest: some traces have one.
    var world = TraceWorld(isBudgeted: (input.first ?? 0) & 0x40 != 0)
    var reader = TraceReader(input)
    while let step = reader.next() { try world.take(step) }
    try world.finish()
  }
}

/// Counts as the real one does, and knows when it is told too much.
final class TraceQuota: AllocationQuota, @unchecked Sendable {
  static let perAccountMax = 5
  private(set) var held: [String: Int] = [:]
  private(set) var isOverdrawn = false
  var total: Int { held.values.reduce(0, +) }

  func reserve(_ account: String) -> QuotaAnswer {
    guard held[account, default: 0] < Self.perAccountMax else { return .accountFull }
    held[account, default: 0] += 1
    return .reserved
  }

  func release(_ account: String) {
    held[account, default: 0] -= 1
    if held[account, default: 0] < 0 { isOverdrawn = true }
  }
}

/// The server, its driver, and what the world outside knows: sockets, permissions, traffic.
struct TraceWorld: ~Copyable {
  static let realm = "fuzz"
  static let secret = "sesame"
  static let unixStart: Int64 = 1_800_000_000
  static let server = SocketAddress(IPAddress(198, 51, 100, 1), port: 3_478)
  static let relayIPs = [
    IPAddress(198, 51, 100, 1), IPAddress(v6High: 0x2001_0db8_0000_0000, low: 1),
  ]
  static let nonces = NonceMint(key: Array(repeating: 1, count: 32), lifetime: .seconds(600))
  /// Where the buffers have room for headers, as the driver's have.
  static let headroom = 64
  static let filter = PeerFilter(
    relayAddresses: relayIPs, relayPorts: ports, ownServices: [server])
  /// So few that they run out.
  static let ports = PortRange(50_000, 50_015) ?? .dynamic
  static let configuration = configuration(isBudgeted: false)
  private static let budgetedConfiguration = configuration(isBudgeted: true)

  private static func configuration(isBudgeted: Bool) -> TURNConfiguration {
    var limits = TURNLimits()
    limits.allocationsMax = 4
    limits.permissionsPerAllocationMax = 4
    limits.channelsPerAllocationMax = 4
    limits.unauthenticatedRepliesPerSecond = isBudgeted ? 2 : 0
    return TURNConfiguration(
      realm: realm,
      credentials: CredentialStore(
        realm: realm, users: ["ann": "pw", "bob": "pw"], secrets: [secret]),
      nonces: nonces, peers: filter, relayAddresses: relayIPs, relayPorts: ports, limits: limits,
      relaysTCP: false)
  }

  /// A relay socket that the driver has open.
  struct OpenRelay {
    let handle: SlabHandle
    let address: SocketAddress
  }

  var now = Instant(nanoseconds: 1_000_000_000)
  let quota: TraceQuota
  let pool = UnlockedPorts(TraceWorld.relayIPs, TraceWorld.ports)
  var turn: TURNServer
  var effects: [Effect] = []
  var relays: [OpenRelay] = []
  var refusedPorts: UInt8 = 0
  var lastToken: [UInt8] = Array(repeating: 7, count: 8)
  var lastVerdict = Verdict.pending
  var lastRequests: [Int: (bytes: [UInt8], TraceRequest)] = [:]
  /// Until when a client may reach a peer, by what the server granted.
  var permissions: [Permission: Instant] = [:]
  var toPeers = Traffic()
  var toClients = Traffic()
  var ended = AllocationCounters()
  var drops = 0
  var serial: UInt64 = 0

  struct Permission: Hashable {
    let client: Int
    let peer: IPAddress
  }

  init(isBudgeted: Bool) {
    let quota = TraceQuota()
    self.quota = quota
    turn = TURNServer(
      isBudgeted ? Self.budgetedConfiguration : Self.configuration, quota: quota,
      ports: pool, random: SplitMix64(seed: 7),
      wallClock: WallClock(unixNanoseconds: Self.unixStart * 1_000_000_000, at: now), now: now)
  }

  static func tuple(_ client: Int) -> FiveTuple {
    FiveTuple(
      client: SocketAddress(IPAddress(192, 0, 2, UInt8(client)), port: 4_000), server: server,
      transport: client == 3 ? .tcp : .udp)
  }

  /// Public, private, forbidden, of the other family, in disguise; and the open relays.
  func peer(_ number: Int) -> SocketAddress {
    if number >= 0x80, !relays.isEmpty { return relays[number % relays.count].address }
    let peers = [
      SocketAddress(IPAddress(8, 8, 8, 8), port: 9_000),
      SocketAddress(IPAddress(8, 8, 4, 4), port: 53),
      SocketAddress(IPAddress(8, 8, 8, 8), port: 9_001),
      SocketAddress(IPAddress(9, 9, 9, 9), port: 0),
      SocketAddress(IPAddress(1, 1, 1, 1), port: 1),
      SocketAddress(IPAddress(2, 2, 2, 2), port: 2),
      SocketAddress(IPAddress(127, 0, 0, 1), port: 80),
      Self.server,
      SocketAddress(Self.relayIPs[0], port: 22),
      SocketAddress(Self.relayIPs[0], port: 50_001),
      SocketAddress(IPAddress(v6High: 0x2a00_0000_0000_0000, low: 1), port: 9_000),
      SocketAddress(IPAddress(v6High: 0, low: 0xffff_7f00_0001), port: 80),
      SocketAddress(IPAddress(v6High: 0, low: 1), port: 80),
      SocketAddress(Self.relayIPs[1], port: 50_002),
    ]
    return peers[number % peers.count]
  }

  // MARK: Steps

  mutating func take(_ step: TraceStep) throws(Finding) {
    // A driver knows at once whether the kernel took what a verdict says.
    if case .sendFailed = step {} else { lastVerdict = .pending }
    switch step {
    case .datagram(let bytes, let client): try fromClient(bytes, client, nil)
    case .request(let request, let client):
      let bytes = encode(request, client)
      lastRequests[client] = (bytes, request)
      try fromClient(bytes, client, request)
    case .retransmit(let client):
      guard let (bytes, request) = lastRequests[client] else { return }
      try fromClient(bytes, client, request)
    case .send(let peer, let payload, let client):
      try fromClient(sendIndication(to: self.peer(peer), payload), client, nil)
    case .channelData(let channel, let payload, let surplus, let client):
      var bytes: [UInt8] = []
      bytes.append(bigEndian: channel)
      bytes.append(bigEndian: UInt16(clamping: payload - min(0, surplus)))
      bytes += Self.payload(payload)
      bytes += Array(repeating: 0, count: max(0, surplus))
      try fromClient(bytes, client, nil)
    case .fromPeer(let peer, let relay, let payload):
      try fromPeer(self.peer(peer), relay, Self.payload(payload))
    case .wait(let duration):
      now = now + duration
      turn.advance(to: now, effects: &effects)
      _ = try carryOut()
      try require(turn.nextDeadline.map { $0 > now } ?? true, "a deadline that has passed")
      try checkTables()
    case .refusePorts(let bits): refusedPorts = bits
    case .sendFailed: sendFailed()
    case .disconnect(let client):
      turn.disconnected(Self.tuple(client), now: now, effects: &effects)
      _ = try carryOut()
      try require(
        !turn.records(now: now).contains { $0.fiveTuple == Self.tuple(client) },
        "an allocation outlives its connection")
      try checkTables()
    }
  }

  static func payload(_ count: Int) -> ArraySlice<UInt8> {
    pattern[count & 0xff..<count & 0xff + count]
  }

  private static let pattern = (0..<66_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }

  private mutating func sendFailed() {
    let (recipient, traffic) = lastVerdict.load
    switch recipient {
    case .peer: toPeers.uncount(traffic)
    case .client: toClients.uncount(traffic)
    case .asker: return
    }
    turn.sendFailed(recipient, traffic)
    lastVerdict = .pending
  }

  /// Carries effects out as a driver does, until there are none.
  mutating func carryOut() throws(Finding) -> Verdict? {
    var verdict: Verdict?
    while !effects.isEmpty {
      let list = effects
      effects.removeAll(keepingCapacity: true)
      for effect in list {
        switch effect {
        case .openRelay(let handle, let address):
          let isTaken = relays.contains { $0.address == address }
          let ok = refusedPorts & 1 == 0 && !isTaken
          refusedPorts >>= 1
          if ok { relays.append(OpenRelay(handle: handle, address: address)) }
          verdict = turn.relayOpened(
            handle, ok ? .opened : .portInUse, now: now, effects: &effects)
        case .closeRelay(let handle), .parkRelay(let handle):
          let index = relays.firstIndex { $0.handle == handle }
          relays.remove(at: try index.required("a relay is closed that is not open"))
        case .started, .askLoops, .fetch: break
        case .listenRelay, .connect, .closeConnection, .send:
          throw Finding(description: "TCP relaying, which is off")
        case .ended(let record): try end(record)
        }
      }
    }
    return verdict
  }

  private mutating func end(_ record: AllocationRecord) throws(Finding) {
    ended = ended + record.counters
    for permission in permissions.keys
    where Self.tuple(permission.client) == record.fiveTuple { permissions[permission] = nil }
  }
}
