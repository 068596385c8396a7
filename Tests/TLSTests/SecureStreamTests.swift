// Streams with a cipher over real sockets on loopback: what their handlers see.

import EventLoop
import NetTypes
import Synchronization
import TLS
import TLSTesting
import Testing

/// Notes what a stream tells, and goes on as the test says.
private final class Recorder: ByteStreamHandler {
  var events: [String] = []
  var onEvent: (String, ByteStream) -> Void = { _, _ in }

  func received(on stream: ByteStream) { note("received \(stream.input.count)", stream) }
  func closed(_ stream: ByteStream) { note("closed", stream) }
  func drained(_ stream: ByteStream) { note("drained", stream) }
  func established(_ stream: ByteStream) { note("established", stream) }

  private func note(_ event: String, _ stream: ByteStream) {
    events.append(event)
    onEvent(event, stream)
  }
}

/// A loop with a TLS server whose accepted stream is handed to the test, and a client of it.
private final class Fixture {
  let loop: EventLoop
  let server = Recorder()
  let client = Recorder()
  private let context: TLSContext
  private let clientContext: TLSContext
  private var listener: Listener?
  private(set) var accepted: ByteStream?
  private(set) var connected: ByteStream?

  /// - Parameter peeks: the server secures the stream only once it has seen its first byte.
  init(outputMax: Int = 65_536, peeks: Bool = false) throws {
    loop = try EventLoop()
    let files = try certificate ?? TestCertificate()
    context = try TLSContext(
      certificates: files.certificatePath, key: files.keyPath, protocols: [])
    clientContext = try TLSContext(trusting: files.certificatePath, protocols: [])
    listener = try Listener(.tcp(SocketAddress(.loopbackV4, port: 0)), on: loop) {
      [unowned self] descriptor, peer in
      accepted = try? ByteStream(
        descriptor: descriptor, peer: peer, on: loop, inputMax: 65_536, outputMax: outputMax)
      accepted?.handler = server
      if !peeks { accepted?.secure(by: TLSEngine(serving: context)) }
    }
  }

  func secureAccepted() { accepted?.secure(by: TLSEngine(serving: context)) }

  func connect(secure: Bool = true) throws {
    let address = try #require(listener?.address)
    let stream = try ByteStream(connect: address, on: loop, inputMax: 65_536, outputMax: 1 << 20)
    stream.handler = client
    if secure { stream.secure(by: TLSEngine(connectingTo: "localhost", by: clientContext)) }
    connected = stream
  }

  func run() {
    loop.run()
    listener?.close()
  }
}

struct SecureStreamTests {
  @Test func `handlers hear of the handshake, then of plaintext, then of the end`() throws {
    let fixture = try Fixture()
    fixture.client.onEvent = { event, stream in
      if event == "established" { stream.send([1, 2, 3, 4, 5]) }
      if event == "received 2" { stream.closeAfterWriting() }
    }
    fixture.server.onEvent = { event, stream in
      if event == "received 5" { stream.send([9, 9]) }
      if event == "closed" { fixture.loop.stop() }
    }
    try fixture.connect()
    fixture.run()
    #expect(fixture.server.events == ["established", "received 5", "closed"])
    #expect(fixture.client.events == ["established", "received 2", "closed"])
    #expect(fixture.accepted?.input == [1, 2, 3, 4, 5])
  }

  @Test func `what was read before the cipher came is its first ciphertext`() throws {
    let fixture = try Fixture(peeks: true)
    fixture.client.onEvent = { event, stream in
      if event == "established" { stream.send([7]) }
    }
    fixture.server.onEvent = { event, stream in
      if stream.input.first == 0x16 { fixture.secureAccepted() }
      if event == "received 1" { fixture.loop.stop() }
    }
    try fixture.connect()
    fixture.run()
    #expect(fixture.server.events.dropFirst() == ["established", "received 1"])
    #expect(fixture.accepted?.input == [7])
  }

  @Test func `nothing is taken for sending before the handshake is done`() throws {
    let fixture = try Fixture()
    try fixture.connect()
    #expect(fixture.connected?.send([1]) == false)
    fixture.client.onEvent = { event, stream in
      if event == "established" {
        #expect(stream.send([1]))
        fixture.loop.stop()
      }
    }
    fixture.run()
  }

  @Test func `what would pass the limit of the queue is refused before it is sealed`() throws {
    let fixture = try Fixture(outputMax: 2_000)
    fixture.client.onEvent = { event, stream in
      if event == "received 1500" { fixture.loop.stop() }
    }
    fixture.server.onEvent = { event, stream in
      guard event == "established" else { return }
      #expect(!stream.send(pattern(2_000)))
      #expect(stream.send(pattern(1_500)))
    }
    try fixture.connect()
    fixture.run()
    // A sealed and lost record would have broken the sequence of the next.
    #expect(fixture.connected?.input == pattern(1_500))
  }

  @Test func `what a stream has room for it takes, sealed, down to the last byte`() throws {
    let fixture = try Fixture()
    var sent = 0
    fixture.server.onEvent = { event, stream in
      guard event == "established" else { return }
      // The client does not read before this returns.
      while stream.room > 0 {
        let part = pattern(min(stream.room, 16_384))
        guard stream.send(part) else { break }
        sent += part.count
      }
      #expect(stream.room <= 0 && stream.queuedBytes > 60_000)
      fixture.loop.stop()
    }
    try fixture.connect()
    fixture.run()
    #expect(sent > 65_536)
  }

  @Test func `megabytes arrive through sockets that are full again and again`() throws {
    let fixture = try Fixture(outputMax: 8 << 20)
    let big = pattern(4_000_000)
    var received = 0
    fixture.server.onEvent = { event, stream in
      if event == "established" { #expect(stream.send(big)) }
    }
    fixture.client.onEvent = { event, stream in
      guard event.hasPrefix("received") else { return }
      #expect(stream.input.elementsEqual(big[received..<received + stream.input.count]))
      received += stream.input.count
      stream.consume(stream.input.count)
      if received == big.count { fixture.loop.stop() }
    }
    try fixture.connect()
    fixture.run()
    #expect(received == big.count)
  }

  @Test func `garbage is answered by an alert and the end`() throws {
    let fixture = try Fixture()
    fixture.client.onEvent = { event, stream in
      if event == "drained" { stream.send(Array("GET / HTTP/1.1\r\n\r\n".utf8)) }
      if event == "closed" { fixture.loop.stop() }
    }
    try fixture.connect(secure: false)
    fixture.run()
    #expect(fixture.server.events == ["closed"])
    #expect(fixture.connected?.input.first == 21 || fixture.connected?.input.isEmpty == true)
  }

  @Test func `a stream moves to another loop with its cipher`() throws {
    let fixture = try Fixture()
    let other = try EventLoop(index: 1)
    let thread = try LoopThread(other, name: "other")
    defer { thread.stopAndJoin() }
    fixture.server.onEvent = { event, stream in
      if event == "received 3" {
        stream.consume(3)
        stream.move(to: other) { $0.send([8]) }
      }
      if event == "received 4" { stream.send([9]) }
    }
    fixture.client.onEvent = { event, stream in
      if event == "established" { stream.send([1, 2, 3]) }
      if event == "received 1" { stream.send([1, 2, 3, 4]) }
      if event == "received 2" { fixture.loop.stop() }
    }
    try fixture.connect()
    fixture.run()
    #expect(fixture.connected?.input == [8, 9])
  }
}
