// One event loop's share of the service: its sockets, its deadlines, its end.

internal import Admission
internal import Compression
internal import Crypto
internal import EventLoop
internal import Gate
internal import HTTP1
internal import NetTypes
internal import Signaling

/// The connections and rooms of one event loop. Everything here happens on that loop.
final class SignalingLoop: DeadlineHandler, @unchecked Sendable {
  let loop: EventLoop
  let shared: SharedState
  let joinTimeout: Duration
  var server: SignalingServer
  var decoder: MessageDecoder
  /// No message is compressed with regard to another, so all connections share it.
  let codec = ZlibCodec()
  var router: Router
  let admission: Admission
  let desk: BackendDesk
  /// What is told of STUN and TURN.
  private(set) var iceServers: ICEServers
  var counters = ServiceCounters()
  private(set) var isStopping = false

  /// All loops of the service, this one among them, in the order in which rooms choose.
  var siblings: [SignalingLoop] = []
  private let gate: StreamGate
  private var connections: Slab<Connection>
  private var wheel: TimerWheel
  private var stopDeadline: Instant?
  private var stopped: (@Sendable () -> Void)?
  private var dateText = (seconds: Int64.min, text: "")

  // What is being sent: a message, and its frame for one recipient.
  var encoded = EncodedMessage()
  var frame: [UInt8] = []

  // What SignalingLoop+Rooms needs while it carries out effects.
  var effects: [SignalingEffect] = []
  var isPerforming = false
  /// Messages taken in and put into clients' queues, to share the loop fairly.
  var work = 0
  var departures: [(ConnectionID, ConnectionEnd)] = []

  /// - Parameter loopCount: how many loops share the bounds of the settings.
  init(_ loop: EventLoop, _ shared: SharedState, loopCount: Int) {
    self.loop = loop
    self.shared = shared
    gate = StreamGate(loop, shared.settings.gate)
    let settings = shared.settings
    var limits = settings.limits
    limits.roomsMax = (limits.roomsMax + loopCount - 1) / loopCount
    limits.sessionsMax = (limits.sessionsMax + loopCount - 1) / loopCount
    joinTimeout = .milliseconds(limits.joinTimeoutMs)
    decoder = MessageDecoder(limits: limits)
    router = Router(allowedOrigins: settings.pageOrigins, shared.group)
    admission = Admission(settings.tenants, settings.house, throttle: shared.throttle)
    desk = BackendDesk(admission, throttle: shared.throttle)
    iceServers = Self.iceServers(settings, loop)
    server = SignalingServer(
      limits: limits, random: SecureRandom(), iceServers: iceServers,
      incarnation: shared.incarnation, tenants: shared.tenants)
    connections = Slab(capacity: settings.socketsMax)
    wheel = TimerWheel(now: loop.now)
    router.add(backendAPI(settings))
    for mount in settings.mounts(self) { router.add(mount) }
    loop.add(self)
  }

  private static func iceServers(
    _ settings: SignalingSettings, _ loop: EventLoop
  ) -> ICEServers {
    ICEServers(settings.ice) { [unowned loop] in
      loop.wallClock.unixSeconds(at: loop.now)
    }
  }

  /// Takes over the origins, who may join, and what is told of STUN and TURN from now on.
  func reload(_ settings: SignalingSettings) {
    router.allow(settings.pageOrigins)
    admission.take(settings.tenants, settings.house)
    iceServers = Self.iceServers(settings, loop)
    server.iceServers = iceServers
  }

  // MARK: Sockets

  /// Listens at `address` and returns it with the port in use.
  ///
  /// - Parameter relay: serves those who turn out to want the relay.
  func listen(_ address: SocketAddress, relay: Door.Tenant?) throws(SystemError) -> SocketAddress {
    try gate.listen(address, Door(relay: relay, http: { [unowned self] in serve($0) }))
  }

  /// Serves a client, with what has already arrived from it.
  private func serve(_ client: GatedStream) {
    counters.accepted += 1
    let stream = client.stream
    let place: HalfOpenPlace
    do throws(SocketDrop) {
      if isStopping { throw .stopping }
      place = try shared.admit(client.tuple.client.ip)
    } catch {
      count(error)
      return stream.close()
    }
    stream.limit(
      inputMax: Connection.inputMax,
      outputMax: shared.settings.limits.sendQueueBytesMax + Connection.closeFrameRoom,
      countedIn: shared.queues)
    stream.limitUnsent(bytes: Connection.unsentMax)
    let connection = Connection(
      stream, shared, place, peer: client.tuple.client.ip,
      isSecure: client.tuple.transport == .tls)
    guard adopt(connection) else { return }
    wake(connection, at: loop.now + shared.settings.requestTimeout)
    if !stream.input.isEmpty { connection.received(on: stream) }
  }

  /// Gives the connection a place in this loop; without one it is closed.
  func adopt(_ connection: Connection) -> Bool {
    guard let handle = connections.insert(connection) else {
      connection.stream.close()
      return false
    }
    connection.handle = handle
    connection.home = self
    return true
  }

  /// The connection goes to another loop.
  func release(_ connection: Connection) {
    connections.remove(connection.handle)
    connection.home = nil
  }

  func closed(_ connection: Connection) {
    departed(connection, .lost)
    release(connection)
    finishStopping()
  }

  func connection(_ id: ConnectionID) -> Connection? {
    connections[SlabHandle(packed: id.rawValue)]
  }

  // MARK: Time

  /// Sets when the connection's `expire` is due, in place of what was set before.
  func wake(_ connection: Connection, at deadline: Instant) {
    connection.deadline = deadline
    if deadline != .distantFuture { wheel.schedule(Int(connection.handle.index), at: deadline) }
  }

  var nextDeadline: Instant? {
    // It is asked for at every turn of the loop: an array would cost a place on the heap each time.
    var next = server.nextDeadline
    if let due = wheel.nextDeadline { next = min(next ?? due, due) }
    if let due = stopDeadline { next = min(next ?? due, due) }
    return next
  }

  func advance(to now: Instant) {
    input { $0.advance(to: now, into: &$1) }
    var due: [Int] = []
    wheel.advance(to: now) { due.append($0) }
    for index in due {
      guard let handle = connections.handle(at: index), let connection = connections[handle] else {
        continue
      }
      if connection.deadline <= now {
        connection.expire()
      } else {
        wake(connection, at: connection.deadline)
      }
    }
    if let stopDeadline, stopDeadline <= now {
      for handle in connections.handles { connections[handle]?.stream.close() }
      finishStopping()
    }
  }

  /// The value of a response's Date, made once a second.
  func date() -> String {
    let seconds = loop.wallClock.unixSeconds(at: loop.now)
    if dateText.seconds != seconds {
      dateText = (seconds, HTTPDate.format(unixSeconds: Int(seconds)))
    }
    return dateText.text
  }

  // MARK: Watching and ending

  func count(_ drop: SocketDrop) { counters.drops[drop, default: 0] += 1 }

  func report() -> SignalingReport {
    var report = SignalingReport()
    report.now = loop.now
    report.rooms = server.snapshot()
    report.sockets = connections.count
    report.counters = server.counters
    report.service = counters
    report.gate = gate.figures
    return report
  }

  /// Ends every connection with 1001, waits a moment for the answers, then calls `done` once.
  func stop(_ done: @escaping @Sendable () -> Void) {
    guard !isStopping else { return done() }
    isStopping = true
    stopped = done
    gate.close()
    input { $0.stop(now: loop.now, into: &$1) }
    for handle in connections.handles {
      guard let connection = connections[handle] else { continue }
      switch connection.phase {
      // A request that is being answered is answered.
      case .http: if connection.exchange == nil { connection.stream.closeAfterWriting() }
      case .lobby, .moving: connection.close(.goingAway)
      case .member, .closing, .lingering: break
      }
    }
    stopDeadline = loop.now + shared.settings.stopGrace
    finishStopping()
  }

  private func finishStopping() {
    guard isStopping, connections.count == 0, let done = stopped else { return }
    stopped = nil
    stopDeadline = nil
    siblings = []
    done()
  }
}
