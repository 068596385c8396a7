// One loop's share of the relay: sockets to inputs, verdicts and effects to sockets.

internal import Crypto
internal import EventLoop
internal import Gate
internal import Logging
internal import NetTypes
internal import STUN
internal import TLS
internal import TURN

/// Drives a ``TURNServer``. Confined to its loop, or to the setting-up thread before that runs:
/// hence `@unchecked Sendable`.
final class RelayLoop: DeadlineHandler, TurnHandler, @unchecked Sendable {
  /// Kernel buffers: a listener has every client's bursts in it, a relay those of one call.
  private static let listenerBufferBytes = 4 << 20
  private static let relayBufferBytes = 1 << 20

  /// Bytes that may gather for a stream before the end of a turn.
  static let turnBytesMax = 131_072

  let loop: EventLoop
  private let ports: SharedPorts?
  var server: TURNServer
  private(set) var listeners: [Listening] = []
  let gate: StreamGate
  /// By the index of the relay's handle.
  var relays: [RelayPlace] = []
  var effects: [Effect] = []
  /// Empty, with room for effects.
  private var carriedOut: [Effect] = []
  var receivedFromClients: UInt64 = 0
  var receivedFromPeers: UInt64 = 0
  /// Sum over the relays' sockets that were closed.
  private var overflowsOfClosed: UInt64 = 0
  var unusable: UInt64 = 0

  // What RelayLoop+Datagrams needs.
  let batch = DatagramBatch()
  let sender = DatagramSender()
  /// How often what was received has left.
  var turns: UInt64 = 0
  /// Where a frame is put together that has to be in one piece.
  var frame: [UInt8] = []

  // What RelayLoop+Mobility needs.
  /// The other loops' shares, while the service runs.
  var siblings: RelaySiblings? {
    didSet { server.hasSiblings = (siblings?.shares.count ?? 0) > 1 }
  }
  var awaited: [FiveTuple: AwaitedAllocation] = [:]
  /// The 5-tuple that the last input asked another loop for.
  var arriving: FiveTuple?

  /// `nil` where there is no certificate.
  let dtls: DTLSSessions?

  // What RelayLoop+Streams needs.
  var streams: RelayStreams
  var streamTimers: TimerWheel
  var streamsAccepted: UInt64 = 0
  var streamEnds: [String: UInt64] = [:]
  /// The sockets of relays that are TCP.
  private(set) lazy var peers = PeerStreams(loop, owner: self)
  /// Clients, by index, that have media waiting since this turn.
  var listed: [Int] = []

  /// - Parameters:
  ///   - streamsMax: clients over TCP and TLS at a time.
  ///   - dtls: makes the sessions of this loop, where there is a certificate.
  init(
    _ loop: EventLoop, _ configuration: TURNConfiguration?, quota: SharedQuota,
    ports: SharedPorts?, bandwidth: SharedBandwidth?, place: LoopPlace,
    gate settings: GateSettings, streamsMax: Int, dtls: DTLSSessions?
  ) {
    self.loop = loop
    self.ports = ports
    self.dtls = dtls
    gate = StreamGate(loop, settings)
    var random = RandomPool()
    streams = RelayStreams(capacity: streamsMax, using: &random)
    streamTimers = TimerWheel(now: loop.now)
    server = TURNServer(
      configuration, quota: quota, ports: ports, bandwidth: bandwidth, loop: place, random: random,
      wallClock: loop.wallClock, now: loop.now)
    loop.add(self)
    loop.add(atEndOfTurn: self)
  }

  /// Where NAT behaviour is examined; to be told before the loop runs.
  var discoveries: [BehaviourDiscovery] {
    get { server.discoveries }
    set { server.discoveries = newValue }
  }

  /// Serves clients at the address of `listener`; returns that with the port in use.
  func listen(_ listener: RelayListener) throws(SystemError) -> RelayListener {
    let address = listener.address
    if listener.transport.isStream {
      let door = Door(listener.transport, relay: { [unowned self] in serve($0) })
      return RelayListener(listener.transport, try gate.listen(address, door))
    }
    // UDP and DTLS at one address are told apart by the first byte (RFC 7983).
    if address.port != 0, let present = listeners.first(where: { $0.place.address == address }) {
      present.socket.serve(listener.transport)
      return listener
    }
    let socket = try UDPSocket(
      bind: address, reusePort: true, packetInfo: address.ip.isUnspecified,
      takesTrains: true, bufferBytes: Self.listenerBufferBytes)
    let receiving = ListenerSocket(socket, listener.transport, owner: self)
    receiving.registration = try loop.register(
      socket.descriptor, for: .readable, handler: receiving)
    listeners.append(Listening(socket: receiving, place: receiving.place))
    return RelayListener(listener.transport, socket.address)
  }

  // MARK: Effects

  /// Carries out the effects in order; opening a relay leads to the next verdict.
  func carryOut(_ verdict: Verdict, now: Instant) -> Verdict {
    var verdict = verdict
    // Two lists by turns, so that neither is made anew; what is carried out adds to the other.
    var pending = carriedOut
    carriedOut = []
    swap(&pending, &effects)
    defer {
      pending.removeAll(keepingCapacity: true)
      carriedOut = pending
    }
    for effect in pending {
      switch effect {
      case .openRelay(let handle, let address):
        let result = open(handle, address)
        verdict = server.relayOpened(handle, result, now: now, effects: &effects)
      case .listenRelay(let handle, let address):
        let result = peers.listen(handle, at: address)
        verdict = server.relayOpened(handle, result, now: now, effects: &effects)
      case .closeRelay(let handle): if !peers.close(relay: handle) { close(handle) }
      case .parkRelay(let handle): if let socket = take(handle) { ports?.park(socket) }
      case .connect(let connection, _, let source, let peer):
        peers.connect(connection, from: source, to: peer)
      case .closeConnection(let connection): peers.close(connection: connection)
      case .send(let tuple, let message): send(message, to: tuple)
      case .askLoops(let asked, let request): ask(asked, request)
      case .fetch(let tuple, let index): fetch(tuple, fromLoop: index)
      case .started(let id):
        Log.debug("allocation started", ["id": .public(id.text)])
      case .ended(let record): log(record)
      }
    }
    return verdict
  }

  func carryOutAll(now: Instant) {
    while !effects.isEmpty { _ = carryOut(.pending, now: now) }
  }

  private func open(_ handle: SlabHandle, _ address: SocketAddress) -> RelayOpening {
    do throws(SystemError) {
      let socket: UDPSocket
      if let kept = ports?.parked(address) {
        socket = kept
      } else {
        socket = try UDPSocket(
          bind: address, reusePort: false, packetInfo: false, reportsErrors: true,
          takesTrains: true, bufferBytes: Self.relayBufferBytes)
      }
      do throws(SystemError) {
        try install(socket, handle)
      } catch {
        socket.close()
        throw error
      }
      return .opened
    } catch {
      Log.debug("relay port not opened", ["reason": .public(error)])
      return error.isAddressInUse ? .portInUse : .failed
    }
  }

  /// Reads what comes to a relay's socket from now on.
  func install(_ socket: UDPSocket, _ handle: SlabHandle) throws(SystemError) {
    let relay = RelaySocket(socket, handle, owner: self)
    relay.registration = try loop.register(socket.descriptor, for: .readable, handler: relay)
    let index = Int(handle.index)
    while relays.count <= index { relays.append(RelayPlace()) }
    relays[index] = RelayPlace(relay)
  }

  private func close(_ handle: SlabHandle) {
    guard let relay = remove(handle) else { return }
    overflowsOfClosed &+= relay.socket.overflows
    if let registration = relay.registration { loop.forgetClosing(registration) }
    relay.registration = nil
    relay.socket.close()
  }

  /// Takes the socket of a relay away, open as it is. What was for it to send has left.
  func take(_ handle: SlabHandle) -> UDPSocket? {
    guard let relay = remove(handle) else { return nil }
    if let registration = relay.registration { loop.deregister(registration) }
    relay.registration = nil
    return relay.socket
  }

  private func remove(_ handle: SlabHandle) -> RelaySocket? {
    sendAll()
    let index = Int(handle.index)
    guard index < relays.count, let relay = relays[index].socket, relay.handle == handle else {
      return nil
    }
    relays[index] = RelayPlace()
    return relay
  }

  private func log(_ record: AllocationRecord) {
    let counters = record.counters
    Log.info(
      "allocation ended",
      [
        "id": .public(record.id.text), "user": .private(record.username),
        "client": .private(record.fiveTuple.client.text),
        "seconds": .public(record.age.components.seconds),
        "from_client_bytes": .public(counters.fromClient.bytes),
        "to_client_bytes": .public(counters.toClient.bytes),
        "from_peers_bytes": .public(counters.fromPeers.bytes),
        "to_peers_bytes": .public(counters.toPeers.bytes), "drops": .public(counters.drops),
      ])
  }

  // MARK: Time, inspection, end

  var nextDeadline: Instant? {
    var next = server.nextDeadline ?? .distantFuture
    next = min(next, streamTimers.nextDeadline ?? .distantFuture)
    next = min(next, peers.nextDeadline ?? .distantFuture)
    next = min(next, dtls?.nextDeadline ?? .distantFuture)
    return next == .distantFuture ? nil : next
  }

  func advance(to now: Instant) {
    sendAll()
    server.advance(to: now, effects: &effects)
    carryOutAll(now: now)
    endIdleStreams(now: now)
    peers.advance(to: now)
    advanceSessions(to: now)
  }

  func snapshot() -> RelaySnapshot {
    let statistics = server.statistics
    var snapshot = RelaySnapshot()
    snapshot.allocations = server.records(now: loop.now)
    snapshot.receivedFromClients = receivedFromClients
    snapshot.receivedFromPeers = receivedFromPeers
    snapshot.overflowsFromClients = listeners.reduce(0) { $0 &+ $1.socket.socket.overflows }
    snapshot.overflowsFromPeers = relays.reduce(overflowsOfClosed) {
      $0 &+ ($1.socket?.socket.overflows ?? 0)
    }
    for reason in DropReason.allCases where statistics.drops(reason) > 0 {
      snapshot.drops["\(reason)"] = statistics.drops(reason)
    }
    snapshot.unusable = unusable
    snapshot.bindingRequests = statistics.bindingRequests
    snapshot.requests = statistics.requests
    snapshot.errors = statistics.errors
    snapshot.allocationsCreated = statistics.allocationsCreated
    snapshot.ended = statistics.ended
    snapshot.sendFailures = statistics.sendFailures
    snapshot.streams = StreamFigures(
      accepted: streamsAccepted, live: streams.count, ended: streamEnds, gate: gate.figures)
    snapshot.dtls = dtlsFigures
    return snapshot
  }

  func reconfigure(_ configuration: TURNConfiguration) { server.reconfigure(configuration) }

  /// New allocations are refused from now on.
  func drain() { server.isDraining = true }

  func stop() {
    siblings = nil
    sendAll()
    server.endAll(now: loop.now, effects: &effects)
    carryOutAll(now: loop.now)
    peers.stop()
    endSessions()
    sendAll()
    for listener in listeners.map(\.socket) {
      if let registration = listener.registration { loop.deregister(registration) }
      listener.socket.close()
    }
    listeners = []
    gate.close()
    for client in streams.all { client.stream.close() }
  }
}
