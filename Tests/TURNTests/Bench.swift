// A TURN server on the bench: requests made by hand, effects carried out on paper, time by hand.

import NetTypes
import STUN
import TURNTesting
import Testing

@testable import TURN

/// Counts as the real one does, without a lock.
final class BenchQuota: AllocationQuota, @unchecked Sendable {
  var held: [String: Int] = [:]
  var perUser = Int.max
  var all = Int.max
  func reserve(_ username: String) -> QuotaAnswer {
    guard held[username, default: 0] < perUser else { return .accountFull }
    guard total < all else { return .full }
    held[username, default: 0] += 1
    return .reserved
  }
  func release(_ username: String) { held[username, default: 0] -= 1 }
  var total: Int { held.values.reduce(0, +) }
}

/// Accounts of one rate for everybody.
final class BenchBandwidth: UserBandwidth, @unchecked Sendable {
  final class Account: BandwidthAccount, @unchecked Sendable {
    let limit: Bandwidth
    var levels: [Int64] = [0, 0]
    var taken = 0
    init(_ limit: Bandwidth) { self.limit = limit }

    func take(_ bytes: Int, _ direction: Direction, now: Instant) -> Bool {
      guard let next = limit.level(levels[direction.rawValue], after: bytes, now: now) else {
        return false
      }
      levels[direction.rawValue] = next
      taken += 1
      return true
    }
  }

  let limit: Bandwidth
  var accounts: [String: Account] = [:]
  var opened: [String: Int] = [:]
  init(bytesPerSecond: Int) { limit = Bandwidth(bytesPerSecond: bytesPerSecond) }

  func open(_ user: String) -> any BandwidthAccount {
    opened[user, default: 0] += 1
    let account = accounts[user] ?? Account(limit)
    accounts[user] = account
    return account
  }
  func close(_ user: String) { opened[user, default: 0] -= 1 }
}

/// What a test sees of an answer.
struct Answer {
  let bytes: [UInt8]
  let message: Message

  init(_ bytes: [UInt8]) throws {
    self.bytes = bytes
    message = try Message(bytes.span, in: 0..<bytes.count)
  }

  var isSuccess: Bool { message.type.messageClass == .success }
  var code: Int? { message.errorCode(bytes.span) }
  var lifetime: UInt32? { message.uint32(.lifetime, bytes.span) }
  var relay: SocketAddress? { message.xorAddress(.xorRelayedAddress, bytes.span) }
  /// The two of a dual allocation, or one.
  var relays: [SocketAddress] {
    (0..<message.attributeCount).compactMap { index in
      guard message[index].type == Attribute.xorRelayedAddress.rawValue else { return nil }
      return XorAddress.decode(bytes.span, message[index].range, message.transactionID)
    }
  }
  /// Family and code of ADDRESS-ERROR-CODE.
  var addressError: [Int]? {
    guard let range = message.value(of: .addressErrorCode), range.count >= 4 else { return nil }
    let value = bytes.span.bytes(in: range).map { Int($0) }
    return [value[0], 100 * value[2] + value[3]]
  }
  var mapped: SocketAddress? { message.xorAddress(.xorMappedAddress, bytes.span) }
  var realm: String? { message.text(.realm, bytes.span, max: 763) }
  var nonce: String? { message.text(.nonce, bytes.span, max: 763) }
  var algorithms: [UInt8]? {
    message.value(of: .passwordAlgorithms).map { bytes.span.bytes(in: $0) }
  }
  var token: [UInt8]? { message.value(of: .reservationToken).map { bytes.span.bytes(in: $0) } }
  var ticket: [UInt8]? {
    message.value(of: .mobilityTicket).map { bytes.span.bytes(in: $0) }
  }
  func isSigned(by key: [UInt8]) -> Bool { message.isIntegrityValid(bytes.span, key: key) }
}

final class Bench {
  static let realm = "bench"
  static let secret = "sesame"
  static let key = LongTermCredential.key(username: "ann", realm: realm, password: "pw")
  static let unixStart: Int64 = 1_800_000_000
  let client = SocketAddress(IPAddress(198, 51, 100, 7), port: 4_000)
  let server = SocketAddress(IPAddress(198, 51, 100, 1), port: 3_478)
  let peer = SocketAddress(IPAddress(8, 8, 8, 8), port: 9_000)
  static let relayIP = IPAddress(198, 51, 100, 1)
  static let relayIPv6 = IPAddress(v6High: 0x2001_0db8_0000_0000, low: 1)

  var now = Instant(nanoseconds: 1_000_000_000)
  let quota = BenchQuota()
  let ports: UnlockedPorts
  /// How clients reach the server.
  var transport = Transport.udp
  var turn: TURNServer
  var effects: [Effect] = []
  /// Every effect that was carried out.
  var done: [Effect] = []
  var openRelays: [SlabHandle: SocketAddress] = [:]
  /// TCP connections with peers, and messages that answered no datagram.
  var connections: [SlabHandle] = []
  var sent: [(FiveTuple, [UInt8])] = []
  /// Ports that the system says are in use.
  var refusedPorts: (UInt16) -> Bool = { _ in false }
  var refusedAddresses: (SocketAddress) -> Bool = { _ in false }
  /// What becomes of those.
  var refusal = RelayOpening.portInUse
  var random = SplitMix64(seed: 42)

  init(
    bandwidth: BenchBandwidth? = nil, loop: LoopPlace = .only,
    _ adjust: (inout TURNConfiguration) -> Void = { _ in }
  ) {
    var configuration = TURNConfiguration(
      realm: Self.realm,
      credentials: CredentialStore(
        realm: Self.realm, users: ["ann": "pw", "bob": "pw"], secrets: ["old", Self.secret]),
      nonces: NonceMint(key: Array(repeating: 1, count: 32), lifetime: .seconds(600)),
      peers: PeerFilter(relayAddresses: [Self.relayIP], ownServices: [server]),
      relayAddresses: [Self.relayIP, Self.relayIPv6])
    adjust(&configuration)
    ports = UnlockedPorts(configuration.relayAddresses, configuration.relayPorts)
    turn = TURNServer(
      configuration, quota: quota, ports: ports, bandwidth: bandwidth, loop: loop,
      random: SplitMix64(seed: 7),
      wallClock: WallClock(unixNanoseconds: Self.unixStart * 1_000_000_000, at: now), now: now)
  }

  func tuple(_ client: SocketAddress? = nil) -> FiveTuple {
    FiveTuple(client: client ?? self.client, server: server, transport: transport)
  }

  // MARK: Driving

  /// Hands in a datagram and carries out the effects, as a driver does.
  @discardableResult
  func receive(_ datagram: [UInt8], from client: SocketAddress? = nil) -> Verdict {
    let slot = [UInt8](repeating: 0xAA, count: 64) + datagram + [UInt8](repeating: 0xAA, count: 8)
    let tuple = self.tuple(client)
    var verdict = turn.received(
      from: tuple, in: slot.span, at: 64..<64 + datagram.count, now: now, effects: &effects)
    while !effects.isEmpty { verdict = carryOut() ?? verdict }
    return verdict
  }

  /// A datagram from a peer at a relay: the verdict, and what the client would get.
  func receive(_ payload: [UInt8], fromPeer peer: SocketAddress, at relay: SlabHandle)
    -> (Verdict, [UInt8])
  {
    var train = Train(0..<payload.count)
    let verdict = turn.received(fromPeer: peer, at: relay, &train, now: now)
    return (verdict, turn.frames(verdict, payload).first ?? [])
  }

  func carryOut() -> Verdict? {
    let pending = effects
    effects.removeAll()
    var verdict: Verdict?
    for effect in pending {
      done.append(effect)
      switch effect {
      case .openRelay(let handle, let address):
        let ok =
          !refusedPorts(address.port) && !refusedAddresses(address)
          && !openRelays.values.contains(address)
        if ok { openRelays[handle] = address }
        verdict = turn.relayOpened(handle, ok ? .opened : refusal, now: now, effects: &effects)
      case .listenRelay(let handle, let address):
        openRelays[handle] = address
        verdict = turn.relayOpened(handle, .opened, now: now, effects: &effects)
      case .closeRelay(let handle), .parkRelay(let handle): openRelays[handle] = nil
      case .connect(let handle, _, _, _): connections.append(handle)
      case .closeConnection(let handle): connections.removeAll { $0 == handle }
      case .send(let tuple, let bytes): sent.append((tuple, bytes))
      case .started, .ended, .askLoops, .fetch: break
      }
    }
    return verdict
  }

  func advance(by duration: Duration) {
    now = now + duration
    turn.advance(to: now, effects: &effects)
    while !effects.isEmpty { _ = carryOut() }
  }

  var records: [AllocationRecord] { turn.records(now: now) }
  func drops(_ reason: DropReason) -> UInt64 { turn.statistics.drops(reason) }

  // MARK: Asking

  func nonce(_ client: SocketAddress? = nil) -> String {
    let nonce = NonceMint(key: Array(repeating: 1, count: 32), lifetime: .seconds(600))
      .mint(
        for: client ?? self.client, unixSeconds: turn.wallClock.unixSeconds(at: now),
        features: turn.configuration?.value.features ?? [])
    return Self.text(of: nonce)
  }

  static func text(of nonce: NonceMint.Nonce) -> String {
    String(decoding: nonce.indices.map { nonce[$0] }, as: UTF8.self)
  }

  /// A request as a client of `username` sends it.
  func request(
    _ method: Method, username: String? = "ann", password: String = "pw",
    from client: SocketAddress? = nil, nonce: String? = nil, id: TransactionID? = nil,
    _ body: (inout MessageBuilder) -> Void = { _ in }
  ) -> [UInt8] {
    var builder = MessageBuilder()
    builder.begin(MessageType(method, .request), id ?? TransactionID(using: &random))
    body(&builder)
    guard let username else {
      builder.finish()
      return builder.bytes
    }
    builder.add(.username, text: username)
    builder.add(.realm, text: Self.realm)
    builder.add(.nonce, text: nonce ?? self.nonce(client))
    builder.finish(
      integrityKey: LongTermCredential.key(
        username: username, realm: Self.realm, password: password))
    return builder.bytes
  }

  /// Hands in a request and reads the answer.
  func ask(_ bytes: [UInt8], from client: SocketAddress? = nil) throws -> Answer {
    let verdict = receive(bytes, from: client)
    try #require(verdict == .reply, "\(verdict)")
    return try Answer(turn.reply.bytes)
  }

  func ask(
    _ method: Method, username: String? = "ann", password: String = "pw",
    from client: SocketAddress? = nil, id: TransactionID? = nil,
    _ body: (inout MessageBuilder) -> Void = { _ in }
  ) throws -> Answer {
    try ask(
      request(
        method, username: username, password: password, from: client, id: id, body), from: client)
  }

  @discardableResult
  func allocate(
    username: String = "ann", password: String = "pw", from client: SocketAddress? = nil,
    id: TransactionID? = nil, _ body: (inout MessageBuilder) -> Void = { _ in }
  ) throws -> Answer {
    try ask(.allocate, username: username, password: password, from: client, id: id) {
      $0.add(.requestedTransport, uint32: 17 << 24)
      body(&$0)
    }
  }

  /// The handle of the relay that was opened last.
  func lastRelay() throws -> SlabHandle {
    try #require(
      done.reversed().lazy.compactMap { effect -> SlabHandle? in
        guard case .openRelay(let handle, _) = effect else { return nil }
        return handle
      }.first)
  }

  func permit(_ peers: SocketAddress...) throws -> Answer {
    try ask(.createPermission) { builder in
      for peer in peers { builder.add(.xorPeerAddress, address: peer) }
    }
  }

  func bind(_ channel: UInt32, _ peer: SocketAddress) throws -> Answer {
    try ask(.channelBind) {
      $0.add(.channelNumber, uint32: channel << 16)
      $0.add(.xorPeerAddress, address: peer)
    }
  }

  func channelData(_ channel: UInt16, _ payload: [UInt8], padding: Int = 0) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: channel)
    bytes.append(bigEndian: UInt16(payload.count))
    return bytes + payload + [UInt8](repeating: 0, count: padding)
  }

  func sendIndication(
    _ payload: [UInt8], to peer: SocketAddress, _ body: (inout MessageBuilder) -> Void = { _ in }
  ) -> [UInt8] {
    var builder = MessageBuilder()
    builder.begin(MessageType(.send, .indication), TransactionID(using: &random))
    builder.add(.xorPeerAddress, address: peer)
    builder.add(.data, bytes: payload)
    body(&builder)
    builder.finish()
    return builder.bytes
  }
}
