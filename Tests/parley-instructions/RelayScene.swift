// The TURN server with one allocation: STUN, packets both ways, and a request.

import NetTypes
import STUN
import TURN
import TURNTesting

/// Takes whatever is asked for.
private final class BoundlessQuota: AllocationQuota, @unchecked Sendable {
  let total = 0
  func reserve(_ username: String) -> QuotaAnswer { .reserved }
  func release(_ username: String) {}
}

/// A server and a client that has a channel to one peer and a permission for another.
struct RelayScene: ~Copyable {
  private static let realm = "parley"
  private static let relayIP = IPAddress(198, 51, 100, 1)
  private static let tuple = FiveTuple(
    client: SocketAddress(IPAddress(192, 0, 2, 7), port: 4_000),
    server: SocketAddress(relayIP, port: 3_478), transport: .udp)
  private static let friend = SocketAddress(IPAddress(8, 8, 8, 8), port: 9_000)
  private static let other = SocketAddress(IPAddress(9, 9, 9, 9), port: 9)
  private static let channel: UInt16 = 0x4000
  private static let key = LongTermCredential.key(username: "ann", realm: realm, password: "pw")
  private static let payload = [UInt8](repeating: 7, count: 1_200)
  private static let nonces = NonceMint(
    key: Array(repeating: 1, count: 32), lifetime: .seconds(600))

  private var turn: TURNServer
  private let features: SecurityFeatures
  private var relay = SlabHandle(index: 0, generation: 0)
  private var effects: [Effect] = []
  private let now = Instant(nanoseconds: 1_000_000_000)
  private var ids = SplitMix64(seed: 1)

  init() {
    let configuration = TURNConfiguration(
      realm: Self.realm,
      credentials: CredentialStore(realm: Self.realm, users: ["ann": "pw"], secrets: []),
      nonces: Self.nonces,
      peers: PeerFilter(relayAddresses: [Self.relayIP], ownServices: [Self.tuple.server]),
      relayAddresses: [Self.relayIP])
    features = configuration.features
    turn = TURNServer(
      configuration, quota: BoundlessQuota(),
      ports: UnlockedPorts([Self.relayIP], configuration.relayPorts), random: SplitMix64(seed: 7),
      wallClock: WallClock(unixNanoseconds: 1_800_000_000_000_000_000, at: now), now: now)
    allocate()
    bind()
    permit()
  }

  mutating func measure(_ ruler: inout Ruler) {
    let binding = message(.binding, .request, isSigned: false) { _ in }
    ruler.measure("stun-binding") { receive(binding) == .reply }
    measureToPeers(&ruler)
    measureToClient(&ruler)
    let refresh = request(.refresh) { $0.add(.lifetime, uint32: 600) }
    ruler.measure("turn-refresh") { receive(refresh) == .reply }
    ruler.measure("turn-allocate-and-end") {
      allocate(from: 1)
        && receive(
          request(.refresh, from: 1) { $0.add(.lifetime, uint32: 0) },
          from: 1) == .reply
    }
  }

  private mutating func measureToPeers(_ ruler: inout Ruler) {
    let data = Self.channelData()
    ruler.measure("channel-to-peer") { isToPeer(receive(data)) }
    let send = message(.send, .indication, isSigned: false) {
      $0.add(.xorPeerAddress, address: Self.other)
      $0.add(.data, bytes: Self.payload)
    }
    ruler.measure("send-indication-to-peer") { isToPeer(receive(send)) }
  }

  private static func channelData() -> [UInt8] {
    var data: [UInt8] = []
    data.append(bigEndian: channel)
    data.append(bigEndian: UInt16(payload.count))
    return data + payload
  }

  private mutating func measureToClient(_ ruler: inout Ruler) {
    let size = Self.payload.count
    ruler.measure("peer-to-channel") { relayed(Train(0..<size), from: Self.friend) == 1 }
    ruler.measure("peer-to-channel-train", units: 16) {
      relayed(Train(0..<16 * size, size: size), from: Self.friend) == 16
    }
    ruler.measure("peer-to-data-indication") { relayed(Train(0..<size), from: Self.other) == 1 }
  }

  private func isToPeer(_ verdict: Verdict) -> Bool {
    if case .toPeer = verdict { true } else { false }
  }

  private mutating func relayed(_ datagrams: Train, from peer: SocketAddress) -> Int {
    var train = datagrams
    var count = 0
    while train.count > 0 {
      let verdict = turn.received(fromPeer: peer, at: relay, &train, now: now)
      if case .toClient(_, _, _, let framing) = verdict { count += framing.count }
    }
    return count
  }

  // MARK: Requests

  private static func tuple(_ client: UInt16) -> FiveTuple {
    FiveTuple(
      client: SocketAddress(tuple.client.ip, port: tuple.client.port + client),
      server: tuple.server, transport: .udp)
  }

  private mutating func receive(_ datagram: [UInt8], from client: UInt16 = 0) -> Verdict {
    turn.received(
      from: Self.tuple(client), in: datagram.span, at: 0..<datagram.count, now: now,
      effects: &effects)
  }

  private mutating func message(
    _ method: Method, _ messageClass: MessageClass, from client: UInt16 = 0, isSigned: Bool = true,
    _ body: (inout MessageBuilder) -> Void
  ) -> [UInt8] {
    var builder = MessageBuilder()
    builder.begin(MessageType(method, messageClass), TransactionID(using: &ids))
    body(&builder)
    guard isSigned else {
      builder.finish()
      return builder.bytes
    }
    builder.add(.username, text: "ann")
    builder.add(.realm, text: Self.realm)
    let nonce = Self.nonces.mint(
      for: Self.tuple(client).client, unixSeconds: turn.wallClock.unixSeconds(at: now),
      features: features)
    builder.add(.nonce, span: nonce.span)
    builder.finish(integrityKey: Self.key)
    return builder.bytes
  }

  private mutating func request(
    _ method: Method, from client: UInt16 = 0, _ body: (inout MessageBuilder) -> Void
  ) -> [UInt8] { message(method, .request, from: client, body) }

  @discardableResult
  private mutating func allocate(from client: UInt16 = 0) -> Bool {
    let verdict = receive(
      request(.allocate, from: client) { $0.add(.requestedTransport, uint32: 17 << 24) },
      from: client)
    guard verdict == .pending else { return false }
    var answer = verdict
    while let effect = effects.popLast() {
      guard case .openRelay(let handle, _) = effect else { continue }
      if client == 0 { relay = handle }
      answer = turn.relayOpened(handle, .opened, now: now, effects: &effects)
    }
    effects.removeAll(keepingCapacity: true)
    return answer == .reply
  }

  private mutating func bind() {
    _ = receive(
      request(.channelBind) {
        $0.add(.channelNumber, uint32: UInt32(Self.channel) << 16)
        $0.add(.xorPeerAddress, address: Self.friend)
      })
  }

  private mutating func permit() {
    _ = receive(request(.createPermission) { $0.add(.xorPeerAddress, address: Self.other) })
  }
}
