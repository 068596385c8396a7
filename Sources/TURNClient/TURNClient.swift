// The client's side of TURN as a state machine, for simulations and load (RFC 8656).

public import NetTypes
public import STUN

/// One allocation as its client sees it. Datagrams to send are appended to ``output``; the driver
/// empties it after every call and calls ``advance(to:)`` by ``nextDeadline``.
public struct TURNClient: ~Copyable {
  /// What a call brought about.
  public enum Event: Equatable, Sendable {
    case allocated(relay: SocketAddress, lifetime: Duration)
    case refreshed(lifetime: Duration)
    case permitted
    case channelBound(UInt16)
    /// A peer's payload: where it is in the datagram that was handed in.
    case data(from: SocketAddress, Range<Int>)
    /// A router or the peer's host refused something that was sent (RFC 8656 §11.6).
    case unreachable(ICMPError)
    /// An error response that a new nonce does not mend.
    case refused(Method, code: Int)
    /// No answer to seven transmissions (RFC 8489 §6.2.1).
    case timedOut(Method)
  }

  /// Requests under way at once; more is a mistake of the caller.
  public static let transactionsMax = 64
  private static let initialTimeout = Duration.milliseconds(500)
  private static let transmissionsMax = 7

  private enum Purpose {
    case allocate
    case refresh(seconds: UInt32)
    case permit([SocketAddress])
    case bind(UInt16, SocketAddress)
  }

  private struct Transaction {
    let method: Method
    let purpose: Purpose
    let bytes: [UInt8]
    var sent = 1
    var timeout: Duration
    var due: Instant
    let challenged: Bool
  }

  private let username: String
  private let password: String
  private let family: IPAddress.Family
  /// Whether it signs as RFC 5389 has it, whatever it is offered.
  private let isLegacy: Bool
  private var login: Login?
  private var random: any RandomNumberGenerator
  private var builder = MessageBuilder()
  private var transactions: [TransactionID: Transaction] = [:]
  private var channels: [UInt16: SocketAddress] = [:]
  /// Datagrams for the server.
  public var output: [[UInt8]] = []

  /// - Parameter isLegacy: whether it is a client of RFC 5389, which knows MD5 and SHA-1 only.
  public init(
    username: String, password: String, family: IPAddress.Family = .v4, isLegacy: Bool = false,
    random: any RandomNumberGenerator
  ) {
    self.username = username
    self.password = password
    self.family = family
    self.isLegacy = isLegacy
    self.random = random
  }

  // MARK: Asking

  public mutating func allocate(now: Instant) { request(.allocate, now, challenged: false) }

  /// - Parameter seconds: 0 ends the allocation.
  public mutating func refresh(seconds: UInt32, now: Instant) {
    request(.refresh(seconds: seconds), now, challenged: false)
  }

  public mutating func permit(_ peers: [SocketAddress], now: Instant) {
    request(.permit(peers), now, challenged: false)
  }

  /// - Parameter channel: 0x4000...0x4FFF.
  public mutating func bind(_ channel: UInt16, to peer: SocketAddress, now: Instant) {
    request(.bind(channel, peer), now, challenged: false)
  }

  /// Sends `payload` to `peer` in a Send indication.
  public mutating func send(_ payload: [UInt8], to peer: SocketAddress) {
    builder.begin(MessageType(.send, .indication), TransactionID(using: &random))
    builder.add(.xorPeerAddress, address: peer)
    builder.add(.data, bytes: payload)
    builder.finish()
    output.append(builder.bytes)
  }

  /// Sends `payload` in ChannelData.
  public mutating func send(_ payload: [UInt8], on channel: UInt16) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(payload.count + Wire.channelDataHeaderLength)
    bytes.append(bigEndian: channel)
    bytes.append(bigEndian: UInt16(payload.count))
    bytes.append(contentsOf: payload)
    output.append(bytes)
  }

  private mutating func request(_ purpose: Purpose, _ now: Instant, challenged: Bool) {
    precondition(transactions.count < Self.transactionsMax, "too many requests under way")
    let id = TransactionID(using: &random)
    let method = begin(purpose, id)
    login?.add(to: &builder, username)
    builder.finish(integrityKey: login?.key, fingerprint: true)
    output.append(builder.bytes)
    transactions[id] = Transaction(
      method: method, purpose: purpose, bytes: builder.bytes, timeout: Self.initialTimeout,
      due: now + Self.initialTimeout, challenged: challenged)
  }

  private mutating func begin(_ purpose: Purpose, _ id: TransactionID) -> Method {
    let method: Method
    switch purpose {
    case .allocate:
      method = .allocate
      builder.begin(MessageType(method, .request), id)
      builder.add(.requestedTransport, uint32: UInt32(RequestedTransport.udp.rawValue) << 24)
      if family == .v6 {
        builder.add(.requestedAddressFamily, uint32: UInt32(family.rawValue) << 24)
      }
    case .refresh(let seconds):
      method = .refresh
      builder.begin(MessageType(method, .request), id)
      builder.add(.lifetime, uint32: seconds)
    case .permit(let peers):
      method = .createPermission
      builder.begin(MessageType(method, .request), id)
      for peer in peers { builder.add(.xorPeerAddress, address: peer) }
    case .bind(let channel, let peer):
      method = .channelBind
      builder.begin(MessageType(method, .request), id)
      builder.add(.channelNumber, uint32: UInt32(channel) << 16)
      builder.add(.xorPeerAddress, address: peer)
    }
    return method
  }

  // MARK: Hearing

  /// A datagram from the server; what is not for this client is ignored.
  public mutating func received(_ bytes: Span<UInt8>, now: Instant) -> Event? {
    guard bytes.count > 0 else { return nil }
    switch DatagramKind(firstByte: bytes[0]) {
    case .channelData: return channelData(bytes)
    case .unknown: return nil
    case .stun: break
    }
    guard let message = try? Message(bytes, in: 0..<bytes.count) else { return nil }
    if message.type == MessageType(.data, .indication) {
      guard let peer = message.xorAddress(.xorPeerAddress, bytes) else { return nil }
      if let payload = message.value(of: .data) { return .data(from: peer, payload) }
      return message.icmp(about: peer, bytes).map { .unreachable($0) }
    }
    guard let transaction = transactions[message.transactionID] else { return nil }
    switch message.type {
    case MessageType(transaction.method, .success):
      guard let key = login?.key, message.integrityAlgorithm == key.algorithm,
        message.isIntegrityValid(bytes, key: key.bytes)
      else { return nil }
      transactions[message.transactionID] = nil
      return succeeded(transaction, message, bytes)
    case MessageType(transaction.method, .error):
      transactions[message.transactionID] = nil
      return failed(transaction, message, bytes, now: now)
    default: return nil
    }
  }

  private func channelData(_ bytes: Span<UInt8>) -> Event? {
    guard bytes.count >= Wire.channelDataHeaderLength,
      let peer = channels[bytes.uint16(at: 0)]
    else { return nil }
    let end = Wire.channelDataHeaderLength + Int(bytes.uint16(at: 2))
    return end <= bytes.count ? .data(from: peer, Wire.channelDataHeaderLength..<end) : nil
  }

  private mutating func succeeded(
    _ transaction: Transaction, _ message: Message, _ bytes: Span<UInt8>
  ) -> Event? {
    let lifetime = Duration.seconds(Int64(message.uint32(.lifetime, bytes) ?? 0))
    switch transaction.purpose {
    case .allocate:
      return message.xorAddress(.xorRelayedAddress, bytes)
        .map { .allocated(relay: $0, lifetime: lifetime) }
    case .refresh: return .refreshed(lifetime: lifetime)
    case .permit: return .permitted
    case .bind(let channel, let peer):
      channels[channel] = peer
      return .channelBound(channel)
    }
  }

  private mutating func failed(
    _ transaction: Transaction, _ message: Message, _ bytes: Span<UInt8>, now: Instant
  ) -> Event? {
    let code = message.errorCode(bytes) ?? 0
    let mendable =
      code == ErrorCode.unauthenticated.rawValue && login == nil
      || code == ErrorCode.staleNonce.rawValue
    if mendable, !transaction.challenged || code == ErrorCode.staleNonce.rawValue,
      let login = Login(message, bytes, username, password, isLegacy: isLegacy)
    {
      self.login = login
      request(transaction.purpose, now, challenged: true)
      return nil
    }
    return .refused(transaction.method, code: code)
  }

  // MARK: Time

  public var nextDeadline: Instant? { transactions.values.map(\.due).min() }

  /// Sends again what was not answered, with the waiting time doubled (RFC 8489 §6.2.1).
  public mutating func advance(to now: Instant) -> [Event] {
    var events: [Event] = []
    // Sorted, so that a simulation runs the same way each time.
    let due = transactions.filter { $0.value.due <= now }
      .sorted { ($0.value.due, $0.key.low) < ($1.value.due, $1.key.low) }
    for (id, transaction) in due {
      guard transaction.sent < Self.transmissionsMax else {
        transactions[id] = nil
        events.append(.timedOut(transaction.method))
        continue
      }
      output.append(transaction.bytes)
      transactions[id]?.sent += 1
      transactions[id]?.timeout = transaction.timeout * 2
      transactions[id]?.due = now + transaction.timeout * 2
    }
    return events
  }
}
