// NAT behaviour discovery over real sockets: four addresses on loopback, and answers from each.

import EventLoop
import Glibc
import NetTypes
import RelayService
import STUN
import Testing

struct DiscoveryTests {
  /// Two ports that are free at both addresses.
  private func discovery() throws -> BehaviourDiscovery {
    func free() throws -> UInt16 {
      let socket = try UDPSocket(
        bind: SocketAddress(.loopbackV4, port: 0), reusePort: false, packetInfo: false,
        bufferBytes: 4_096)
      defer { socket.close() }
      return socket.address.port
    }
    return try #require(
      BehaviourDiscovery(
        primary: SocketAddress(.loopbackV4, port: try free()),
        alternate: SocketAddress(IPAddress(127, 0, 0, 2), port: try free())))
  }

  private func ask(_ socket: UDPSocket, _ server: SocketAddress, flags: UInt32) -> SocketAddress? {
    var builder = MessageBuilder()
    builder.begin(MessageType(.binding, .request), TransactionID(high: 9, low: UInt64(flags)))
    builder.add(.changeRequest, uint32: flags)
    builder.finish()
    _ = socket.send(builder.bytes.span, 0..<builder.bytes.count, to: server)
    var descriptor = pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
    _ = unsafe poll(&descriptor, 1, 5_000)
    let batch = DatagramBatch(capacity: 1)
    return batch.receive(from: socket) == 1 ? batch.datagram(0)?.source : nil
  }

  @Test(arguments: [1, 2])
  func `answers come from all four addresses, on however many loops`(loops: Int) throws {
    let discovery = try discovery()
    let group = try LoopGroup(count: loops)
    var settings = RelayService.Settings(
      listeners: discovery.addresses.map { RelayListener(.udp, $0) }, turn: nil)
    settings.discoveries = [discovery]
    let service = try RelayService(on: group, settings)
    let threads = try group.start()
    defer {
      service.stop()
      for thread in threads { thread.stopAndJoin() }
    }
    let socket = try UDPSocket(
      bind: SocketAddress(.loopbackV4, port: 0), reusePort: false, packetInfo: false,
      bufferBytes: 1 << 16)
    defer { socket.close() }
    let (a, b) = (discovery.primary, discovery.alternate)
    #expect(ask(socket, a, flags: 0) == a)
    #expect(ask(socket, a, flags: 2) == SocketAddress(a.ip, port: b.port))
    #expect(ask(socket, a, flags: 4) == SocketAddress(b.ip, port: a.port))
    #expect(ask(socket, a, flags: 6) == b)
    #expect(ask(socket, b, flags: 6) == a)
  }
}
