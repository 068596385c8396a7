// The far side of a client: a socket without TURN, that hears and answers the client's relay alone.

internal import EventLoop
internal import NetTypes
internal import Traffic

/// Confined to the loop, as everything here.
final class PlainPeer: EventHandler {
  let socket: UDPSocket
  var inbox: Inbox
  private unowned let load: RelayLoad
  private var registration: EventLoop.Registration?

  init(
    _ load: RelayLoad, of client: Int, options: RelayOptions, on loop: EventLoop
  ) throws(SystemError) {
    self.load = load
    inbox = Inbox(from: Inbox.client(client), packets: options.packetsPerSender)
    socket = try UDPSocket(
      bind: options.localAddress, reusePort: false, packetInfo: false,
      bufferBytes: RelayClient.bufferBytes)
    TrainBatch.accept(at: socket)
    registration = try loop.register(socket.descriptor, for: .readable, handler: self)
  }

  func ready(_ readiness: Readiness, now: Instant) { load.drain(self) }

  func close(on loop: EventLoop) {
    if let registration { loop.deregister(registration) }
    registration = nil
    socket.close()
  }
}
