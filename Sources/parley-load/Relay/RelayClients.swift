// All clients of a run: sets them up some at a time, keeps their allocations, and gives them back.

internal import EventLoop
internal import NetTypes
internal import TURNClient

/// Confined to the loop.
final class RelayClients {
  /// Clients that are set up at the same time: a run measures packets, not a storm of newcomers.
  private static let openingMax = 64

  private let options: RelayOptions
  private let payload: NumberedPayload
  private(set) var all: [RelayClient] = []
  private var opened = 0
  private var underWay = 0
  /// From the first request to the answer with the relayed address, its challenge included.
  private(set) var allocation = LatencyHistogram()
  private(set) var problems: [String: Int] = [:]

  init(_ options: RelayOptions, payload: NumberedPayload) {
    self.options = options
    self.payload = payload
  }

  func add(_ client: RelayClient) { all.append(client) }

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

  func openMore(now: Instant) {
    let step = options.isPaired ? 2 : 1
    while underWay < Self.openingMax, opened < all.count {
      for client in all[opened..<opened + step] { client.allocate(now: now) }
      opened += step
      underWay += step
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
      failed(client, RelayCounts.explain("\(method)", code: code))
    case .timedOut(let method): failed(client, "\(method) got no answer")
    case .refreshed, .data, .unreachable: break
    }
  }

  private func openPath(of client: RelayClient, now: Instant) {
    guard client.stage == .allocated, let relay = client.relay else { return }
    if let peer = client.peer {
      do {
        try peer.socket.connect(to: relay)
        client.open(to: peer.socket.address, payload: payload, now: now)
      } catch {
        failed(client, "\(error)")
      }
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

  private func failed(_ client: RelayClient, _ problem: String) {
    problems[problem, default: 0] += 1
    switch client.stage {
    case .allocating, .allocated, .opening:
      // A partner is of no use alone; what it has is given back at the end.
      for one in options.isPaired ? [client, partner(of: client)] : [client] {
        one.giveUp(.failed)
        settled(one)
      }
    case .closing: client.giveUp(.ended)
    case .new, .ready, .failed, .ended: break
    }
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
  }
}
