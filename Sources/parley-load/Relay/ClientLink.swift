// How the bytes of a client get to the server.

internal import EventLoop
internal import NetTypes
internal import TLS
internal import Traffic

/// A client's way to the server, in the transport asked for.
enum ClientLink {
  case datagrams(UDPSocket)
  case stream(ByteStream)

  /// What the server has to take before more is refused.
  static let queueBytesMax = 1 << 20

  /// One message of the control plane; what is not taken is sent again by the core.
  func send(_ bytes: [UInt8]) {
    switch self {
    case .datagrams(let socket):
      var sender = TrainSender()
      _ = sender.send(bytes.span, segment: bytes.count, from: socket)
    case .stream(let stream): stream.send(bytes)
    }
  }

  func close() {
    switch self {
    case .datagrams(let socket): socket.close()
    case .stream(let stream): stream.close()
    }
  }
}

/// Streams towards the server: plain ones, or sealed by TLS for a server that proves its name.
struct StreamMaker {
  let server: SocketAddress
  let name: String
  /// `nil` for plain TCP.
  let context: TLSContext?

  /// `nil` for datagrams.
  init?(_ options: RelayOptions) throws(TLSError) {
    guard options.transport != .udp else { return nil }
    server = options.server
    name = options.serverName
    context =
      options.transport == .tls
      ? try TLSContext(trusting: options.trusted, protocols: []) : nil
  }

  func connect(on loop: EventLoop) throws(SystemError) -> ByteStream {
    try ByteStream(
      connect: server, on: loop, inputMax: 1 << 17, outputMax: ClientLink.queueBytesMax)
  }

  /// What seals a stream that is connected.
  var cipher: TLSEngine? { context.map { TLSEngine(connectingTo: name, by: $0) } }
}
