// The two kinds of sockets a relay reads: those clients send to, and those peers send to.

internal import EventLoop
internal import NetTypes
internal import TURN

/// How much a socket is asked for. Most often it has one datagram or train, and to look for more
/// costs as much as to find it: one that has more is ready in the next turn too, and is then read
/// to its end, as is one that had several the last time.
struct ReadingHabit {
  private var lastTurn: UInt64 = 0
  private var hadSeveral = false

  @inline(__always)
  mutating func isAlone(in turn: UInt64) -> Bool {
    defer { lastTurn = turn }
    return !hadSeveral && turn != lastTurn &+ 1
  }

  @inline(__always)
  mutating func found(_ count: Int) { hadSeveral = count > 1 }
}

/// Where clients send to. It holds its owner, which lets go of it when it stops: to count a weaker
/// reference would cost each packet more.
final class ListenerSocket: EventHandler {
  /// RFC 7983 §7: what the first byte of a DTLS record is.
  private static let firstBytesOfDTLS: ClosedRange<UInt8> = 20...63

  let socket: UDPSocket
  /// What is served: one of them at least.
  private var speaksUDP = false
  private(set) var speaksDTLS = false
  var registration: EventLoop.Registration?
  var reading = ReadingHabit()
  private let owner: RelayLoop
  let place: ListenerPlace

  init(_ socket: UDPSocket, _ transport: Transport, owner: RelayLoop) {
    self.socket = socket
    self.owner = owner
    place = ListenerPlace(socket)
    serve(transport)
  }

  /// Serves that too, by the same socket.
  func serve(_ transport: Transport) {
    if transport == .dtls { speaksDTLS = true } else { speaksUDP = true }
  }

  /// Whether a datagram is to be taken for DTLS: on a socket for both its first byte decides, and
  /// one for DTLS alone takes nothing in the clear.
  @inline(__always)
  func isSealed(_ bytes: Span<UInt8>, _ payload: Range<Int>) -> Bool {
    guard speaksDTLS else { return false }
    guard speaksUDP else { return true }
    return !payload.isEmpty && Self.firstBytesOfDTLS.contains(bytes[payload.lowerBound])
  }

  func ready(_ readiness: Readiness, now: Instant) { owner.drain(self, now: now) }

  /// The address a client sees: the socket's own, or the one the datagram came to.
  func serverAddress(_ destination: SocketAddress?) -> SocketAddress {
    guard place.isUnspecified, let destination else { return socket.address }
    return SocketAddress(destination.ip, port: socket.address.port, scope: destination.scope)
  }
}

/// What packets need to know of a listener, without a reference to count.
struct ListenerPlace {
  let address: SocketAddress
  let isUnspecified: Bool
  private let descriptor: Int32

  init(_ socket: UDPSocket) {
    address = socket.address
    isUnspecified = socket.address.ip.isUnspecified
    descriptor = socket.descriptor
  }

  @inline(__always)
  func serves(_ server: SocketAddress) -> Bool {
    guard address.port == server.port else { return false }
    return isUnspecified ? address.ip.family == server.ip.family : address.ip == server.ip
  }

  /// The way to the client, from the address the client knows.
  @inline(__always)
  func route(to tuple: FiveTuple, for recipient: Recipient, uncounted: Int = 0)
    -> DatagramSender.Route
  {
    DatagramSender.Route(
      descriptor, to: tuple.client, from: isUnspecified ? tuple.server : nil,
      owner: recipient.owner, kind: recipient.kind, uncounted: uncounted)
  }
}

/// A listener among others.
struct Listening {
  let socket: ListenerSocket
  let place: ListenerPlace
}

/// Where the peers of one allocation send to.
final class RelaySocket: EventHandler {
  let socket: UDPSocket
  let handle: SlabHandle
  var registration: EventLoop.Registration?
  private let owner: RelayLoop
  var reading = ReadingHabit()

  init(_ socket: UDPSocket, _ handle: SlabHandle, owner: RelayLoop) {
    self.socket = socket
    self.handle = handle
    self.owner = owner
  }

  func ready(_ readiness: Readiness, now: Instant) {
    if readiness.contains(.error) { owner.drainErrors(self, now: now) }
    owner.drain(self, now: now)
  }
}

/// What packets need to know of a relay's socket, without a reference to count.
struct RelayPlace {
  let socket: RelaySocket?
  /// -1 where there is none.
  let descriptor: Int32
  /// As the socket is set: the kernel takes DF for a socket, not for a datagram, and the ordinary
  /// datagram is to cost no system call more.
  private(set) var dontFragment = false

  init(_ socket: RelaySocket? = nil) {
    self.socket = socket
    descriptor = socket?.socket.descriptor ?? -1
  }

  mutating func setDontFragment(_ isSet: Bool) {
    socket?.socket.setDontFragment(isSet)
    dontFragment = isSet
  }
}
