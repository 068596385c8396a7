// The far side of clients: a socket without TURN.

internal import EventLoop
internal import NetTypes
internal import Traffic

/// Confined to the loop, as everything here.
final class PlainPeer: EventHandler {
  let socket: UDPSocket
  private unowned let host: any ClientHost
  private var registration: EventLoop.Registration?

  init(_ host: any ClientHost, options: RelayOptions, on loop: EventLoop) throws(SystemError) {
    self.host = host
    socket = try UDPSocket(
      bind: Commands.localAddress(towards: options.server), reusePort: false, packetInfo: false,
      bufferBytes: RelayClient.bufferBytes)
    TrainBatch.accept(at: socket)
    registration = try loop.register(socket.descriptor, for: .readable, handler: self)
  }

  func ready(_ readiness: Readiness, now: Instant) { host.drain(self) }

  func close(on loop: EventLoop) {
    if let registration { loop.deregister(registration) }
    registration = nil
    socket.close()
  }
}
