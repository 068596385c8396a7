// Writing that is put off to the end of a turn, and turns that are shared among streams.

import NetTypes
import Testing

@testable import EventLoop

/// Both ends of several connections, on one loop.
private final class Pairs {
  private final class End: ByteStreamHandler {
    var onReceived: (ByteStream) -> Void = { _ in }
    var onDrained: (ByteStream) -> Void = { _ in }
    var onClosed: () -> Void = {}

    func received(on stream: ByteStream) { onReceived(stream) }
    func closed(_ stream: ByteStream) { onClosed() }
    func drained(_ stream: ByteStream) { onDrained(stream) }
  }

  let loop: EventLoop
  private(set) var servers: [ByteStream] = []
  private var clients: [SocketAddress: ByteStream] = [:]
  private let serverEnd = End()
  private let clientEnd = End()
  private var listener: Listener?
  private let count: Int
  private var start: (() throws -> Void)?
  private var failure: (any Error)?

  init(_ count: Int) throws {
    self.count = count
    loop = try EventLoop()
    listener = try Listener(.tcp(SocketAddress(.loopbackV4, port: 0)), on: loop) {
      [unowned self] descriptor, peer in
      guard
        let stream = try? ByteStream(
          descriptor: descriptor, peer: peer, on: loop, inputMax: 4_096, outputMax: 4_096)
      else { return }
      stream.handler = serverEnd
      servers.append(stream)
      startWhenComplete()
    }
  }

  deinit { listener?.close() }

  /// What happens when a server's end closes.
  var onClosed: () -> Void {
    get { serverEnd.onClosed }
    set { serverEnd.onClosed = newValue }
  }

  /// Runs the loop; once all connections are there, `start` is called, then `server` and `client`
  /// for what arrives at either end.
  func run(
    start: @escaping () throws -> Void, server: @escaping (ByteStream) -> Void = { _ in },
    client: @escaping (ByteStream) -> Void = { _ in }
  ) throws {
    serverEnd.onReceived = server
    clientEnd.onReceived = client
    self.start = start
    var connected: [ByteStream] = []
    clientEnd.onDrained = { [unowned self] stream in
      if let address = stream.localAddress { clients[address] = stream }
      startWhenComplete()
    }
    let address = try #require(listener?.address)
    for _ in 0..<count {
      let stream = try ByteStream(connect: address, on: loop, inputMax: 4_096, outputMax: 4_096)
      stream.handler = clientEnd
      connected.append(stream)
    }
    loop.run()
    if let failure { throw failure }
    withExtendedLifetime(connected) {}
  }

  private func startWhenComplete() {
    guard clients.count == count, servers.count == count, let start else { return }
    self.start = nil
    do {
      try start()
    } catch {
      failure = error
      loop.stop()
    }
  }

  /// The other end.
  func client(of server: ByteStream) throws -> ByteStream {
    try #require(server.peer.flatMap { clients[$0] })
  }

  func enqueue(_ bytes: [UInt8], on stream: ByteStream, _ urgency: FlushUrgency = .prompt) {
    let fits = stream.enqueue(bytes.span, 0..<bytes.count)
    #expect(fits)
    stream.pushSoon(urgency)
  }
}

@Suite struct FlushTests {
  private static let many = 150

  @Test func `what is put off leaves at the end of the turn, in one piece`() throws {
    let pairs = try Pairs(1)
    try pairs.run {
      let server = pairs.servers[0]
      for byte: UInt8 in 1...3 { pairs.enqueue([byte], on: server) }
      #expect(server.queuedBytes == 3)
    } client: { stream in
      #expect(stream.input == [1, 2, 3])
      #expect(pairs.servers[0].queuedBytes == 0)
      pairs.loop.stop()
    }
  }

  @Test func `while very many are written to, another is served`() throws {
    let pairs = try Pairs(Self.many)
    var waiting: Int?
    try pairs.run {
      for server in pairs.servers.dropFirst() { pairs.enqueue([1], on: server, .bulk) }
      try pairs.client(of: pairs.servers[0]).send([9])
    } server: { stream in
      #expect(stream === pairs.servers[0])
      waiting = pairs.servers.count { $0.queuedBytes > 0 }
      pairs.loop.stop()
    }
    #expect(waiting == Self.many - 1 - FlushQueue.bulkPerTurn)
    #expect(pairs.servers.allSatisfy { $0.queuedBytes == 0 }, "a loop that stops leaves nothing")
  }

  @Test func `what is prompt goes ahead of what is for many, and takes along what waits`() throws {
    let pairs = try Pairs(Self.many)
    var received: [UInt8] = []
    try pairs.run {
      for server in pairs.servers { pairs.enqueue([1], on: server, .bulk) }
      pairs.enqueue([2], on: pairs.servers[Self.many - 1])
    } client: { stream in
      guard stream === (try? pairs.client(of: pairs.servers[Self.many - 1])) else { return }
      received = stream.input
      #expect(pairs.servers[Self.many - 2].queuedBytes == 1)
      pairs.loop.stop()
    }
    #expect(received == [1, 2])
  }

  @Test func `whoever stops before the end of its input goes on after others`() throws {
    let pairs = try Pairs(2)
    var order: [UInt8] = []
    try pairs.run {
      try pairs.client(of: pairs.servers[0]).send([1, 2, 3])
    } server: { stream in
      order.append(stream.input.first ?? 0)
      stream.consume(1)
      if order.count == 1 { _ = try? pairs.client(of: pairs.servers[1]).send([9]) }
      if order.count == 4 { pairs.loop.stop() }
      if !stream.input.isEmpty { stream.receiveAgainSoon() }
    }
    #expect(order == [1, 2, 9, 3])
  }

  @Test func `the end of a stream is told after all of its input was used`() throws {
    let pairs = try Pairs(1)
    var received: [UInt8] = []
    pairs.onClosed = { pairs.loop.stop() }
    try pairs.run {
      let client = try pairs.client(of: pairs.servers[0])
      client.send([1, 2, 3])
      client.close()
    } server: { stream in
      received.append(stream.input.first ?? 0)
      stream.consume(1)
      if !stream.input.isEmpty { stream.receiveAgainSoon() }
    }
    #expect(received == [1, 2, 3])
  }

  @Test func `a stream with nothing to read or write has no buffer`() throws {
    let pairs = try Pairs(1)
    try pairs.run {
      try pairs.client(of: pairs.servers[0]).send([1])
    } server: { stream in
      stream.consume(1)
      pairs.enqueue([2], on: stream)
      #expect(stream.bufferBytes > 0)
    } client: { stream in
      #expect(pairs.servers[0].bufferBytes == 0)
      pairs.loop.stop()
    }
  }

  @Test func `what waits on several streams is counted together, until it is gone`() throws {
    let pairs = try Pairs(2)
    let total = QueueTotal()
    try pairs.run {
      for server in pairs.servers {
        server.limit(inputMax: 1, outputMax: 10_000, countedIn: total)
        pairs.enqueue([1], on: server)
        #expect(total.bytes == 0, "a short queue is not counted")
      }
      let long = [UInt8](repeating: 1, count: QueueTotal.countedMin)
      for server in pairs.servers { pairs.enqueue(long, on: server) }
      #expect(total.bytes == 2 * (QueueTotal.countedMin + 1))
      pairs.servers[0].close()
      #expect(total.bytes == QueueTotal.countedMin + 1)
    } client: { _ in
      #expect(total.bytes == 0)
      pairs.loop.stop()
    }
  }
}
