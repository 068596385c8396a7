// The two kinds of sockets a relay reads: those clients send to, and those peers send to.

internal import EventLoop
internal import NetTypes
internal import TURN

/// Where clients send to.
final class ListenerSocket: EventHandler {
  /// RFC 7983 §7: what the first byte of a DTLS record is.
  private static let firstBytesOfDTLS: ClosedRange<UInt8> = 20...63

  let socket: UDPSocket
  /// What is served: one of them at least.
  private var speaksUDP = false
  private var speaksDTLS = false
  var registration: EventLoop.Registration?
  private unowned let owner: RelayLoop
  private let isUnspecified: Bool

  init(_ socket: UDPSocket, _ transport: Transport, owner: RelayLoop) {
    self.socket = socket
    self.owner = owner
    isUnspecified = socket.address.ip.isUnspecified
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
    guard isUnspecified, let destination else { return socket.address }
    return SocketAddress(destination.ip, port: socket.address.port, scope: destination.scope)
  }

  func serves(_ server: SocketAddress) -> Bool {
    guard socket.address.port == server.port else { return false }
    return isUnspecified
      ? socket.address.ip.family == server.ip.family : socket.address.ip == server.ip
  }

  /// The way to the client, from the address the client knows.
  @inline(__always)
  func route(to tuple: FiveTuple, for recipient: Recipient, uncounted: Int = 0)
    -> DatagramSender.Route
  {
    DatagramSender.Route(
      socket, to: tuple.client, from: isUnspecified ? tuple.server : nil, owner: recipient.owner,
      kind: recipient.kind, uncounted: uncounted)
  }
}

/// Where the peers of one allocation send to.
final class RelaySocket: EventHandler {
  let socket: UDPSocket
  let handle: SlabHandle
  var registration: EventLoop.Registration?
  private unowned let owner: RelayLoop
  /// As the socket is set: the kernel takes DF for a socket, not for a datagram, and the ordinary
  /// datagram is to cost no system call more.
  private(set) var dontFragment = false

  init(_ socket: UDPSocket, _ handle: SlabHandle, owner: RelayLoop) {
    self.socket = socket
    self.handle = handle
    self.owner = owner
  }

  func ready(_ readiness: Readiness, now: Instant) {
    if readiness.contains(.error) { owner.drainErrors(self, now: now) }
    owner.drain(self, now: now)
  }

  /// What has not left yet leaves with the new setting.
  func setDontFragment(_ isSet: Bool) {
    socket.setDontFragment(isSet)
    dontFragment = isSet
  }
}
