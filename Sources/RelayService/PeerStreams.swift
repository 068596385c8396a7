// The TCP sockets of one loop's relays: those that listen, and connections with peers (RFC 6062).

internal import EventLoop
internal import Logging
internal import NetTypes
internal import TURN

/// Whom a loop's TCP sockets of relays tell what happens to them.
protocol PeerStreamsOwner: AnyObject {
  /// The handle of a peer's connection at a relay; `nil`: it is to be closed.
  func admit(_ peer: SocketAddress, at relay: SlabHandle) -> SlabHandle?
  /// The connection that was admitted is ready to be announced.
  func admitted(_ connection: SlabHandle)
  func connected(_ connection: SlabHandle, ok: Bool)
  /// Whether so many bytes may pass now.
  func mayPass(_ bytes: Int, _ direction: Direction, on connection: SlabHandle) -> Bool
  func ended(_ connection: SlabHandle)
}

/// Confined to its loop.
final class PeerStreams {
  /// How long what had to wait for bandwidth, or for a descriptor, waits.
  private static let pause = Duration.milliseconds(50)

  private let loop: EventLoop
  private unowned let owner: any PeerStreamsOwner
  /// By the index of the relay's handle.
  private var ports: [Int: RelayPort] = [:]
  /// By the index of the connection's handle.
  private var junctions: [Int: Junction] = [:]
  /// What is tried again at `nextDeadline`.
  private var pausedPorts: [RelayPort] = []
  private var pausedJunctions: [Junction] = []
  private(set) var nextDeadline: Instant?

  init(_ loop: EventLoop, owner: any PeerStreamsOwner) {
    self.loop = loop
    self.owner = owner
  }

  // MARK: Relays

  func listen(_ relay: SlabHandle, at address: SocketAddress) -> RelayOpening {
    do throws(SystemError) {
      ports[Int(relay.index)] = try RelayPort(relay, address, on: loop, owner: self)
      return .opened
    } catch {
      Log.debug("relay port not opened", ["reason": .public(error)])
      return error.isAddressInUse ? .portInUse : .failed
    }
  }

  /// `false` when the relay is none of TCP.
  func close(relay: SlabHandle) -> Bool {
    let index = Int(relay.index)
    guard let port = ports[index], port.relay == relay else { return false }
    ports[index] = nil
    port.close()
    return true
  }

  func arrived(_ descriptor: Int32, _ peer: SocketAddress, at port: RelayPort) {
    guard
      let stream = try? ByteStream(
        descriptor: descriptor, peer: peer, on: loop, inputMax: Junction.waitingMax,
        outputMax: Junction.queuedMax)
    else { return }
    guard let connection = owner.admit(peer, at: port.relay) else { return stream.close() }
    junctions[Int(connection.index)] = Junction(connection, stream, isConnected: true, self)
    owner.admitted(connection)
  }

  // MARK: Connections

  func connect(_ connection: SlabHandle, from source: SocketAddress, to peer: SocketAddress) {
    do throws(SystemError) {
      let stream = try ByteStream(
        connect: peer, from: source, on: loop, inputMax: Junction.waitingMax,
        outputMax: Junction.queuedMax)
      junctions[Int(connection.index)] = Junction(connection, stream, isConnected: false, self)
    } catch {
      owner.connected(connection, ok: false)
    }
  }

  func connected(_ junction: Junction, ok: Bool) {
    if !ok { junctions[Int(junction.connection.index)] = nil }
    owner.connected(junction.connection, ok: ok)
  }

  /// Makes `client` the other half of a connection.
  func join(_ client: ByteStream, to connection: SlabHandle) {
    guard let junction = find(connection) else { return client.close() }
    client.limit(inputMax: Junction.waitingMax, outputMax: Junction.queuedMax)
    junction.join(client)
  }

  func close(connection: SlabHandle) {
    guard let junction = find(connection) else { return }
    junctions[Int(connection.index)] = nil
    junction.close()
  }

  func ended(_ junction: Junction) {
    guard find(junction.connection) === junction else { return }
    junctions[Int(junction.connection.index)] = nil
    owner.ended(junction.connection)
  }

  func mayPass(_ bytes: Int, _ direction: Direction, on connection: SlabHandle) -> Bool {
    owner.mayPass(bytes, direction, on: connection)
  }

  private func find(_ connection: SlabHandle) -> Junction? {
    guard let found = junctions[Int(connection.index)], found.connection == connection else {
      return nil
    }
    return found
  }

  // MARK: Time

  func pause(_ junction: Junction) {
    pausedJunctions.append(junction)
    nextDeadline = nextDeadline ?? loop.now + Self.pause
  }

  func pause(_ port: RelayPort) {
    pausedPorts.append(port)
    nextDeadline = nextDeadline ?? loop.now + Self.pause
  }

  func advance(to now: Instant) {
    guard let deadline = nextDeadline, deadline <= now else { return }
    nextDeadline = nil
    let (junctions, ports) = (pausedJunctions, pausedPorts)
    pausedJunctions = []
    pausedPorts = []
    for junction in junctions { junction.resume() }
    for port in ports { port.resume() }
  }

  func stop() {
    for port in ports.values { port.close() }
    for junction in junctions.values { junction.close() }
    ports = [:]
    junctions = [:]
  }
}

/// A relay's address, where peers connect to.
final class RelayPort: EventHandler {
  private static let acceptsPerTurn = 16

  let relay: SlabHandle
  private let socket: SharedPort
  private let loop: EventLoop
  private var registration: EventLoop.Registration?
  private unowned let owner: PeerStreams

  init(_ relay: SlabHandle, _ address: SocketAddress, on loop: EventLoop, owner: PeerStreams)
    throws(SystemError)
  {
    self.relay = relay
    self.loop = loop
    self.owner = owner
    socket = try SharedPort(address)
    do throws(SystemError) {
      registration = try loop.register(socket.descriptor, for: .readable, handler: self)
    } catch {
      socket.close()
      throw error
    }
  }

  func ready(_ readiness: Readiness, now: Instant) {
    for _ in 0..<Self.acceptsPerTurn {
      // The last one may have been the end of the relay.
      guard let registration else { return }
      switch socket.accept() {
      case .none: return
      case .connection(let descriptor, let peer): owner.arrived(descriptor, peer, at: self)
      case .failed:
        // Whoever waits would make the socket readable again at once, and again.
        loop.setInterest([], of: registration)
        return owner.pause(self)
      }
    }
  }

  func resume() {
    if let registration { loop.setInterest(.readable, of: registration) }
  }

  func close() {
    guard let registration else { return }
    self.registration = nil
    loop.deregister(registration)
    socket.close()
  }
}
