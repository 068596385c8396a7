// NAT behaviour discovery: answers that leave from, and go to, where the client asks (RFC 5780).

public import NetTypes

/// A server with two IP addresses and two ports, which answers at each of the four.
///
/// Over UDP only: elsewhere there is no other way for an answer to go (RFC 5780 §7.2). An answer is
/// at most a few attributes longer than its request, whatever padding is asked for, and goes to no
/// well-known port that the request did not come from; who asks often is held back by a
/// ``ReplyBudget``.
public struct BehaviourDiscovery: Equatable, Sendable {
  /// Where an answer leaves from and goes to.
  public struct Route: Equatable, Sendable {
    public let source: SocketAddress
    public let target: SocketAddress

    public init(source: SocketAddress, target: SocketAddress) {
      self.source = source
      self.target = target
    }
  }

  /// For each network. Far more than one full of clients that examine their NAT needs.
  public static let answersPerSecondMax = 100
  /// RFC 5780 §7.2, the flags of CHANGE-REQUEST.
  static let changeIP: UInt32 = 0x04
  static let changePort: UInt32 = 0x02
  /// RFC 5780 §7.6 wants the response as long as the outgoing interface's MTU: an Ethernet's.
  static let paddingMax = 1_500
  /// Ports below it belong to services of the client's host that did not ask for anything.
  static let responsePortMin: UInt16 = 1_024

  /// The addresses of the two; both the IP address and the port differ.
  public let primary: SocketAddress
  public let alternate: SocketAddress

  /// `nil` unless the two have one family, and differ in the address and in the port.
  public init?(primary: SocketAddress, alternate: SocketAddress) {
    guard primary.ip.family == alternate.ip.family, primary.ip != alternate.ip,
      primary.port != alternate.port
    else { return nil }
    self.primary = primary
    self.alternate = alternate
  }

  /// All four addresses that have to be served, the primary first.
  public var addresses: [SocketAddress] {
    [primary, opposite(of: primary, flags: Self.changePort)]
      + [opposite(of: primary, flags: Self.changeIP), alternate]
  }

  /// Whether `local` is one of the four.
  @inlinable public func serves(_ local: SocketAddress) -> Bool {
    (local.ip == primary.ip || local.ip == alternate.ip)
      && (local.port == primary.port || local.port == alternate.port)
  }

  /// Whether a request has an attribute that only means something here.
  public static func concerns(_ request: Message) -> Bool {
    request.has(.changeRequest) || request.has(.responsePort) || request.has(.padding)
  }

  /// RFC 5780 §6.1, table 1: the address of ours that differs from `local` as the flags say.
  private func opposite(of local: SocketAddress, flags: UInt32) -> SocketAddress {
    let ip = local.ip == primary.ip ? alternate.ip : primary.ip
    let port = local.port == primary.port ? alternate.port : primary.port
    return SocketAddress(
      flags & Self.changeIP == 0 ? local.ip : ip,
      port: flags & Self.changePort == 0 ? local.port : port)
  }

  /// Writes the answer to a Binding request into `reply` and says which way it goes.
  ///
  /// - Parameter local: the one of the four addresses that the request came to.
  public func answer(
    _ request: Message, _ bytes: Span<UInt8>, from client: SocketAddress, to local: SocketAddress,
    into reply: inout MessageBuilder
  ) -> Route {
    let back = Route(source: local, target: client)
    let unknown = request.unknownRequired.filter { !Self.understands($0) }
    guard unknown.isEmpty else {
      BindingResponder.refuse(request, unknown: unknown, into: &reply)
      return back
    }
    guard let wish = Wish(request, bytes, client) else {
      reply.begin(request.type.answer(.error), request.transactionID)
      reply.add(.badRequest)
      reply.finish(fingerprint: request.hasFingerprint)
      return back
    }
    let route = Route(
      source: opposite(of: local, flags: wish.flags),
      target: SocketAddress(client.ip, port: wish.responsePort, scope: client.scope))
    reply.begin(request.type.answer(.success), request.transactionID)
    reply.add(.xorMappedAddress, address: client)
    // RFC 5780 §3.6: a client finds meddling gateways by comparing the two.
    reply.add(.mappedAddress, bytes: MappedAddress.encode(client))
    reply.add(.responseOrigin, bytes: MappedAddress.encode(route.source))
    // RFC 5780 §7.4: where an answer would come from if both were to change.
    reply.add(
      .otherAddress,
      bytes: MappedAddress.encode(opposite(of: local, flags: Self.changeIP | Self.changePort)))
    if let padding = wish.padding {
      reply.add(.padding, bytes: repeatElement(0, count: min(padding, Self.paddingMax)))
    }
    reply.finish(fingerprint: request.hasFingerprint)
    return route
  }

  private static func understands(_ type: UInt16) -> Bool {
    switch Attribute(rawValue: type) {
    case .changeRequest, .responsePort, .padding: true
    default: false
    }
  }

  /// What a request asks for.
  private struct Wish {
    let flags: UInt32
    let responsePort: UInt16
    let padding: Int?

    /// `nil` for what gets 400.
    init?(_ request: Message, _ bytes: Span<UInt8>, _ client: SocketAddress) {
      padding = request.value(of: .padding)?.count
      // RFC 5780 §7.2: four bytes, of which two bits mean something.
      let flags = request.uint32(.changeRequest, bytes)
      if flags == nil, request.has(.changeRequest) { return nil }
      self.flags = flags ?? 0
      guard let range = request.value(of: .responsePort) else {
        responsePort = client.port
        return
      }
      // RFC 5780 §6.1: not together with padding. §7.5: 16 bits, and 2 bytes of padding, which some
      // clients count.
      guard padding == nil, range.count == 2 || range.count == 4 else { return nil }
      responsePort = bytes.uint16(at: range.lowerBound)
      guard responsePort >= BehaviourDiscovery.responsePortMin || responsePort == client.port
      else { return nil }
    }
  }
}
