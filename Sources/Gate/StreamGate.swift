// Where every TCP connection comes in: who it is, what it speaks, and whether there is room for it.

public import EventLoop
public import NetTypes

/// The gate of one service on one loop. Everything happens on that loop.
public final class StreamGate: DeadlineHandler {
  /// Bytes that are looked at before it is known who reads them; reading pauses beyond it.
  static let inputMax = 16_384
  /// Room for an answer to a stray client.
  static let outputMax = 16_384

  public let loop: EventLoop
  public private(set) var figures = GateFigures()
  let settings: GateSettings
  private var listeners: [Listener] = []
  private var connections: Slab<GateConnection>
  private var timers: TimerWheel

  public init(_ loop: EventLoop, _ settings: GateSettings) {
    self.loop = loop
    self.settings = settings
    connections = Slab(capacity: settings.halfOpen.max)
    timers = TimerWheel(now: loop.now)
    loop.add(self)
  }

  /// Listens for the tenants of `door`; returns the address with the port in use.
  public func listen(_ address: SocketAddress, _ door: Door) throws(SystemError) -> SocketAddress {
    let listener = try Listener(.tcp(address), reusePort: true, on: loop) {
      [unowned self] descriptor, peer in
      accept(descriptor, peer, door)
    }
    listeners.append(listener)
    return listener.address ?? address
  }

  private func accept(_ descriptor: Int32, _ peer: SocketAddress?, _ door: Door) {
    figures.accepted &+= 1
    guard
      let stream = try? ByteStream(
        descriptor: descriptor, peer: peer, on: loop, inputMax: Self.inputMax,
        outputMax: Self.outputMax)
    else { return }
    guard let peer, let local = stream.localAddress else { return stream.close() }
    let tuple = FiveTuple(client: peer, server: local, transport: .tcp)
    let isProxy = settings.isProxy(peer.ip)
    // With HTTP alone behind it there is nothing to find out; that has limits of its own.
    if let http = door.http, door.relay == nil, door.transport == .tcp, !isProxy {
      return http(GatedStream(stream: stream, tuple: tuple, place: nil))
    }
    guard let place = settings.halfOpen.enter() else { return refuse(stream, .halfOpen) }
    // A proxy speaks for many; whom it speaks for is counted when it has said so.
    guard isProxy || place.claim(peer.ip) else { return refuse(stream, .halfOpenOfSource) }
    let connection = GateConnection(
      stream, tuple, door, place, expectsProxyHeader: isProxy, gate: self)
    guard let handle = connections.insert(connection) else { return refuse(stream, .halfOpen) }
    connection.handle = handle
    connection.deadline = loop.now + settings.deadline
    timers.schedule(Int(handle.index), at: connection.deadline)
  }

  func refuse(_ stream: ByteStream, _ reason: GateRefusal) {
    count(reason)
    stream.close()
  }

  func count(_ reason: GateRefusal) { figures.refused[reason.rawValue, default: 0] &+= 1 }

  func forget(_ connection: GateConnection) { connections.remove(connection.handle) }

  // MARK: Time, end

  public var nextDeadline: Instant? { timers.nextDeadline }

  public func advance(to now: Instant) {
    var due: [Int] = []
    timers.advance(to: now) { due.append($0) }
    for index in due {
      guard let handle = connections.handle(at: index), let connection = connections[handle] else {
        continue
      }
      if connection.deadline <= now {
        refuse(connection.stream, .timeout)
      } else {
        timers.schedule(index, at: connection.deadline)
      }
    }
  }

  /// Stops listening, and closes what has not got through.
  public func close() {
    for listener in listeners { listener.close() }
    listeners = []
    for handle in connections.handles { connections[handle]?.stream.close() }
  }
}
