// All clients of a run: sets them up some at a time, keeps their allocations, and gives them back.

internal import Crypto
internal import EventLoop
internal import NetTypes
internal import TURNClient

/// Confined to the loop.
final class RelayClients {
  /// Clients that are set up, or asked for something, at the same time.
  private static let underWayMax = 64

  private let options: RelayOptions
  private let payload: NumberedPayload
  private(set) var all: [RelayClient] = []
  private(set) var peers: [PlainPeer] = []
  private(set) var opened = 0
  private var underWay = 0
  /// When each is to be opened, where not as fast as it goes.
  private var pacer: Pacer?
  /// From the first request to the answer with the relayed address, its challenge and, for
  /// streams, the connection included.
  private(set) var allocation = LatencyHistogram()
  private(set) var problems: [String: Int] = [:]

  init(_ options: RelayOptions, payload: NumberedPayload) {
    self.options = options
    self.payload = payload
  }

  /// Makes all sockets, so that none has to be made while there is something to be measured.
  ///
  /// - Parameter streams: `nil` for datagrams.
  func fill(
    _ host: any ClientHost, streams: StreamMaker?, on loop: EventLoop
  ) throws(SystemError) {
    let now = loop.wallClock.unixSeconds(at: loop.now)
    var random = SecureRandom()
    for _ in 0..<options.peerSockets {
      peers.append(try PlainPeer(host, options: options, on: loop))
    }
    for index in 0..<options.clients {
      all.append(
        try RelayClient(
          host, index: index, options: options,
          peer: peers.isEmpty ? nil : peers[index % peers.count],
          credentials: options.credentials(of: index, unixSeconds: now), seed: random.next(),
          streams: streams, on: loop))
    }
  }

  func partner(of client: RelayClient) -> RelayClient { all[client.index ^ 1] }

  /// Those with a way to their peer; in pairs, both or none.
  var ready: [RelayClient] {
    all.filter { client in
      client.stage == .ready && (!options.isPaired || partner(of: client).stage == .ready)
    }
  }

  // MARK: Setting up

  /// Whether nothing more is to be waited for.
  var isOpen: Bool { opened == all.count && underWay == 0 }

  /// When more are to be opened though nothing has come; in the distant future for none.
  var nextOpening: Instant {
    guard let pacer, opened < all.count, underWay < Self.underWayMax else { return .distantFuture }
    return pacer.due
  }

  func openMore(now: Instant) {
    if pacer == nil, let rate = options.allocationsPerSecond {
      pacer = Pacer(start: now, perSecond: rate, total: all.count)
    }
    let step = options.isPaired ? 2 : 1
    while underWay < Self.underWayMax, opened < all.count, (pacer?.due ?? now) <= now {
      underWay += step
      opened += step
      for client in all[opened - step..<opened] where client.stage == .new {
        pacer?.advance()
        do { try client.start(now: now) } catch { failed(client, "\(error)") }
      }
    }
  }

  /// An answer to a request, in whatever phase.
  func handle(_ event: TURNClient.Event, of client: RelayClient, now: Instant) {
    switch event {
    case .allocated:
      allocation.record((Clock.now() - client.askedAt).wholeNanoseconds)
      openPath(of: client, now: now)
    case .channelBound, .permitted: settled(client)
    case .refused(let method, let code):
      failed(client, Self.explain("\(method)", code: code))
    case .timedOut(let method): failed(client, "\(method) got no answer")
    case .refreshed, .data, .unreachable: break
    }
  }

  private func openPath(of client: RelayClient, now: Instant) {
    guard client.stage == .allocated, let relay = client.relay else { return }
    if options.allocatesOnly {
      client.giveUp(.ready)
      return settled(client)
    }
    if let peer = client.peer {
      client.open(to: peer.socket.address, payload: payload, now: now)
      if client.stage == .ready { settled(client) }
      return
    }
    let other = partner(of: client)
    guard other.stage == .allocated, let otherRelay = other.relay else { return }
    client.open(to: otherRelay, payload: payload, now: now)
    other.open(to: relay, payload: payload, now: now)
  }

  private func settled(_ client: RelayClient) {
    if client.settle() { underWay -= 1 }
  }

  func failed(_ client: RelayClient, _ problem: String) {
    switch client.stage {
    case .new, .connecting, .allocating, .allocated, .opening:
      // A partner is of no use alone; what it has is given back at the end.
      for one in options.isPaired ? [client, partner(of: client)] : [client] {
        one.giveUp(.failed)
        settled(one)
      }
    case .closing: client.giveUp(.ended)
    case .ended: return
    case .ready, .failed: break
    }
    problems[problem, default: 0] += 1
  }

  /// The error codes that a person can do something about.
  private static func explain(_ method: String, code: Int) -> String {
    let hint =
      switch code {
      case 401: "wrong user or password"
      case 403: "the server refuses this peer; --allow-peer 127.0.0.0/8 lets loopback be one"
      case 437: "the server lost the allocation"
      case 486: "the user's quota of allocations is used up"
      case 508: "the server's capacity is used up"
      default: "see RFC 8656 §19"
      }
    return "\(method) refused with \(code): \(hint)"
  }

  // MARK: Keeping and ending

  /// Looks after requests without an answer, and after what would run out.
  func tick(now: Instant) {
    for client in all where client.stage != .ended {
      for event in client.tick(now: now) { handle(event, of: client, now: now) }
    }
  }

  func startClosing(now: Instant) {
    for client in all { client.end(now: now) }
  }

  var isClosed: Bool { all.allSatisfy { $0.stage != .closing } }

  func close(on loop: EventLoop) {
    for client in all { client.close(on: loop) }
    for peer in peers { peer.close(on: loop) }
  }
}
